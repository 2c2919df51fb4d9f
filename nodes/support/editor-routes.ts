import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe } from '../../src/errors';
import type { ProbeResult } from '../../src/probe/probe';
import { type Credentials, dialogValues, type DialogValues } from './dialog-values';
import type { ConfigNodes, Red } from './types';

/** A dialog with a map for 200 slots and as many materials stays far below. */
const LARGEST_BODY = 256 * 1024;
/** Shorter ones are words such as "demo" or "admin" that stand in other fields as well. */
const SHORTEST_SECRET = 6;

export interface TestButton {
  /** As given to registerType. */
  credentials?: Credentials;
  /** Looks, changes nothing, ends within seconds. */
  test(values: DialogValues): Promise<ProbeResult>;
}

/**
 * The route behind the Test button of a configuration dialog: POST smart-mo-sync/test/<type> with the values of the
 * dialog. It asks for the right to deploy, because whoever may deploy could reach the same systems with the same secrets.
 */
export function offerTest(RED: Red, type: keyof ConfigNodes, { credentials = {}, test }: TestButton): void {
  async function answer(body: unknown): Promise<ProbeResult> {
    let secrets: string[] = [];
    try {
      const values = dialogValues(RED, type, credentials, body);
      secrets = secretsIn(values, credentials);
      return withoutSecrets(await test(values), secrets);
    } catch (error) {
      return withoutSecrets({ ok: false, text: describe(error), details: [] }, secrets);
    }
  }

  RED.httpAdmin.post(`/smart-mo-sync/test/${type}`, RED.auth.needsPermission('flows.write'), (request, response) => {
    const refusal = refusalOf(request, RED.settings);
    if (refusal) response.status(refusal.status).json({ ok: false, text: refusal.text, details: [] });
    else void answer(request.body).then((result) => response.json(result));
  });
}

interface Refusal {
  status: 403 | 413 | 415;
  text: string;
}

/** Admin routes carry "Access-Control-Allow-Origin: *", so a page of anybody could ask in the name of whoever looks at it. */
function refusalOf(request: IncomingMessage, settings: Red['settings'] & { smartMoSync?: { editorRoutes?: unknown } }): Refusal | null {
  const { headers } = request;
  if (!isSameOrigin(headers)) {
    return {
      status: 403,
      text: 'the request comes from another site; open the editor at its own address (a proxy must pass the Host header on)',
    };
  }
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    return { status: 415, text: 'the request must be of type application/json' };
  if (!(Number(headers['content-length']) <= LARGEST_BODY))
    return { status: 413, text: `the request must tell its length, at most ${LARGEST_BODY} bytes` };
  if (settings.adminAuth || settings.smartMoSync?.editorRoutes === 'any' || isThisMachine(request)) return null;
  return {
    status: 403,
    text: 'this Node-RED has no login, so tests are answered on the machine itself only (http://localhost); set adminAuth in settings.js, or smartMoSync: { editorRoutes: "any" }',
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

function secretsIn({ credentials: values }: DialogValues, credentials: Credentials): string[] {
  const typed = Object.keys(credentials).filter((key) => credentials[key]?.type === 'password');
  return typed.map((key) => values[key]).filter((value): value is string => typeof value === 'string' && value.length >= SHORTEST_SECRET);
}

/** Second line of defence: no sentence of ours holds a secret, one of the other side might. */
function withoutSecrets(result: ProbeResult, secrets: readonly string[]): ProbeResult {
  const clean = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const details = result.details.map(({ label, value }) => ({ label: clean(label), value: clean(value) }));
  return { ok: result.ok, text: clean(result.text), details };
}
