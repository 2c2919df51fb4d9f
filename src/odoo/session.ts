import type { Clock } from '../clock';
import { SmartMoError } from '../errors';
import { isObject, openEnvelope } from './envelope';
import { printable } from './faults';
import { type Http, unreadable } from './http';
import { createLogin } from './login';
import type { OdooSettings } from './settings';
import { asUser } from './shapes';
import { positional, type Transport, wordsFor } from './transport';

/** The session of a user of the web client, in which the plant module answers too. */
export interface SessionTransport extends Transport {
  /**
   * Calls a route of the plant module and returns its result; `errors` of it is a list of texts without secrets.
   * @param path below /api/scada: "mo/cancel"
   * @param params `mo_id` names the MO in errors
   * @throws SmartMoError ODOO_REFUSED (permanent) for `status: "error"`, `value` being the state of the MO if it is told
   */
  route(path: string, params: object, options?: { change?: boolean; signal?: AbortSignal | undefined }): Promise<Record<string, unknown>>;
}

/** The routes in words of the plant: operators read them. */
const ROUTES: Readonly<Record<string, string>> = {
  'mo-list-detailed': 'the list of confirmed MOs',
  'mo/update-with-consumptions': 'the quantities',
  'mo/mark-done': 'the completion',
  'mo/cancel': 'the cancellation',
};

interface Session {
  uid: number;
  /** "session_id=..." */
  cookie: string;
}

interface Run {
  what: string;
  change?: boolean;
  loose?: boolean;
  signal?: AbortSignal | undefined;
  session?: Session;
}

/**
 * Session login, `/web/dataset/call_kw` and the routes under /api/scada (odoo.md B2 and part C). A session that expired
 * is answered with error code 100, or with a 404 page by a server of several databases.
 */
export function createSession(http: Http, settings: OdooSettings, clock: Clock): SessionTransport {
  const { database, login, password, timeout } = settings;
  let lastId = 0;

  async function request(path: string, params: object, run: Run): Promise<{ result: unknown; cookie: string | undefined }> {
    const { what, change = false, loose = false, signal, session } = run;
    const id = ++lastId;
    const { body, cookies } = await http.send({
      path,
      body: { jsonrpc: '2.0', method: 'call', params, id },
      headers: session ? { Cookie: session.cookie } : {},
      timeout: timeout * 1000 * (change ? 2 : 1),
      change,
      signal,
    });
    const cookie = cookies.map((text) => /^session_id=[^;\s]+/.exec(text)?.[0]).find(Boolean);
    const secrets = [password, session?.cookie, cookie].flatMap((text) => (text ? [text.replace('session_id=', '')] : []));
    const result = openEnvelope(body, { id, what, change, loose }, secrets);
    // Odoo may change the id of a session.
    if (session && cookie) session.cookie = cookie;
    if (!loose || !isObject(result)) return { result, cookie };
    if (result['status'] === 'error') throw refused(what, result, secrets);
    // Texts for people, which may repeat what was sent.
    const errors = Array.isArray(result['errors']) ? result['errors'].map((error) => printable(JSON.stringify(error), secrets)) : [];
    return { result: { ...result, errors }, cookie };
  }

  async function authenticate(): Promise<Session | null> {
    const params = { db: database, login, password };
    const run = { what: 'the login', loose: true };
    const { result, cookie } = await request('/api/scada/authenticate', params, run).catch((error: unknown) => {
      if (isMissing(error)) return request('/web/session/authenticate', params, run);
      if (isRefusal(error)) return { result: null, cookie: undefined };
      throw error;
    });
    const user = asUser(isObject(result) ? result['uid'] : result);
    if (!user) return null;
    if (cookie) return { ...user, cookie };
    throw new SmartMoError('ODOO_ANSWER', 'Odoo logs in but sends no session cookie; check the proxy in front of it', {
      class: 'transient',
    });
  }
  const logins = createLogin<Session>({ authenticate, isLost: isMissing }, settings, clock);

  return {
    protocol: 'scada',
    uid: async (signal) => (await logins.session(signal)).uid,
    call: (call, signal) =>
      logins.run(async (session) => {
        const { model, method, options: kwargs = {}, change = false } = call;
        const params = { model, method, args: positional(call), kwargs };
        return (await request('/web/dataset/call_kw', params, { what: wordsFor(call), change, signal, session })).result;
      }, signal),
    route: (path, params, { change = false, signal } = {}) =>
      logins.run(async (session) => {
        const what = `${ROUTES[path] ?? path}${'mo_id' in params ? ` of ${String(params.mo_id)}` : ''}`;
        const { result } = await request(`/api/scada/${path}`, params, { what, change, signal, session, loose: true });
        if (isObject(result) && (result['status'] === 'success' || result['status'] === 'ok')) return result;
        throw unreadable(`Odoo's answer to ${what} says neither success nor error; check the scada module`, change);
      }, signal),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof SmartMoError && error.class === 'version' && error.value === 404;
}

function isRefusal(error: unknown): boolean {
  return error instanceof SmartMoError && error.code === 'ODOO_REFUSED';
}

function refused(what: string, result: Record<string, unknown>, secrets: readonly string[]): SmartMoError {
  const { message } = result;
  const said = typeof message === 'string' ? printable(message, secrets) : 'no reason given';
  return new SmartMoError('ODOO_REFUSED', `Odoo refused ${what}: "${said}"`, {
    value: result['mo_state'],
    remedy: 'settle it in Odoo',
  });
}
