import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { say, type Text } from '../../src/sentence';
import type { Red } from './types';

/** A dialog with a map for 200 slots and as many materials stays far below. */
const LARGEST_BODY = 256 * 1024;

export interface Refusal {
  status: 403 | 413 | 415;
  text: Text;
}

/**
 * Why a request to an editor route is not answered, or null. Admin routes carry "Access-Control-Allow-Origin: *", so a page of
 * anybody could ask in the name of whoever looks at it.
 * @param writes the route changes something outside: `editorRoutes: "any"` is not enough
 */
export function refusalOf(
  request: IncomingMessage,
  settings: Red['settings'] & { smartMoSync?: { editorRoutes?: unknown } },
  writes: boolean,
): Refusal | null {
  const { headers } = request;
  if (!isSameOrigin(headers)) {
    return {
      status: 403,
      text: say`the request comes from another site; open the editor at its own address (a proxy must pass the Host header on)`,
    };
  }
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    return { status: 415, text: say`the request must be of type application/json` };
  if (!(Number(headers['content-length']) <= LARGEST_BODY))
    return { status: 413, text: say`the request must tell its length, at most ${LARGEST_BODY} bytes` };
  if (settings.adminAuth || isThisMachine(request)) return null;
  if (writes) {
    return {
      status: 403,
      text: say`this Node-RED has no login, so what writes to the PLC is answered on the machine itself only (http://localhost); set adminAuth in settings.js`,
    };
  }
  if (settings.smartMoSync?.editorRoutes === 'any') return null;
  return {
    status: 403,
    text: say`this Node-RED has no login, so tests are answered on the machine itself only (http://localhost); set adminAuth in settings.js, or smartMoSync: { editorRoutes: "any" }`,
  };
}
/** Browsers send one of the two headers with every POST of a page; what is no browser has no page that could misuse it. */
function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase());
}

/**
 * By socket and by name: a page whose name was bound to 127.0.0.1 a moment ago is of the same origin and comes from this
 * machine, and so does everybody whom a proxy on this machine lets in.
 */
function isThisMachine({ socket, headers }: IncomingMessage): boolean {
  const host = `http://${headers.host ?? ''}`;
  const name = URL.canParse(host) ? new URL(host).hostname : '';
  const forwarded = headers['x-forwarded-for'] ?? headers.forwarded;
  return forwarded === undefined && isLoopback(socket.remoteAddress ?? '') && (name === 'localhost' || isLoopback(name));
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$|^\[?::1\]?$/.test(address);
}
