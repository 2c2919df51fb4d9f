import { clockTime, type Clock } from '../clock';
import { SmartMoError } from '../errors';
import { faultError } from './faults';
import { type Http, unreadable } from './http';
import type { OdooSettings } from './settings';
import { shared } from './shared';
import type { ModelCall, ServerVersion, Transport } from './transport';

/** Odoo makes its API keys of 20 random bytes in hex. */
const API_KEY = /^[0-9a-f]{40}$/;

type Session = { uid: number };

/**
 * JSON-RPC of stock Odoo 14-21: `POST /jsonrpc` with the services common and object (odoo.md B1, B2). There is no
 * session; every call carries database, uid and password. One login serves all calls. When Odoo refuses a call, one
 * fresh login is tried; when that is refused too, no login is sent for `retryMax` seconds, or Odoo would lock the user.
 */
export function createJsonRpc(http: Http, settings: OdooSettings, clock: Clock): Transport {
  const { database, login, password, timeout, retryMax } = settings;
  const secrets = [password];
  let lastId = 0;
  let refusal: { until: Date; error: SmartMoError } | undefined;
  let hasWorked = false;

  /** One request and what its envelope holds. */
  async function request(service: string, method: string, args: readonly unknown[], run: Run): Promise<unknown> {
    const id = ++lastId;
    const answer = await http.post({
      path: '/jsonrpc',
      body: { jsonrpc: '2.0', method: 'call', params: { service, method, args }, id },
      timeout: timeout * 1000 * (run.change ? 2 : 1),
      change: run.change,
      signal: run.signal,
    });
    return openEnvelope(answer, id, run, secrets);
  }

  async function authenticate(): Promise<Session> {
    if (refusal && clock.now() < refusal.until) throw refusal.error;
    const uid = await request('common', 'authenticate', [database, login, password, {}], { what: 'the login', change: false });
    if (uid === false || uid === null) throw refuse();
    if (typeof uid !== 'number' || !Number.isSafeInteger(uid) || uid < 1) {
      throw new SmartMoError('ODOO_ANSWER', 'Odoo answered the login with something else than the id of a user; check the url');
    }
    refusal = undefined;
    return { uid };
  }
  const session = shared(authenticate);

  function refuse(): SmartMoError {
    const until = new Date(clock.now().getTime() + retryMax * 1000);
    const expired = hasWorked && API_KEY.test(password);
    const again = `the next login is tried at ${clockTime(until)} or after a deploy`;
    const error = expired
      ? new SmartMoError(
          'ODOO_KEY_EXPIRED',
          `the API key of "${login}" worked before and is now refused by database "${database}"; make a new key in Odoo and enter it; ${again}`,
          { class: 'auth' },
        )
      : new SmartMoError(
          'ODOO_AUTH',
          `database "${database}" refuses "${login}"; check database, login and password or API key (keys expire); ${again}`,
          { class: 'auth' },
        );
    refusal = { until, error };
    return error;
  }

  async function execute(uid: number, call: ModelCall, signal: AbortSignal | undefined): Promise<unknown> {
    const { model, method, ids, args = {}, options = {} } = call;
    const positional = [...(ids ? [ids] : []), ...Object.values(args)];
    const what = `${model}.${method}${ids ? ` of ${ids.join(', ')}` : ''}`;
    const result = await request('object', 'execute_kw', [database, uid, password, model, method, positional, options], {
      what,
      change: call.change ?? false,
      signal,
    });
    hasWorked = true;
    return result;
  }

  return {
    protocol: 'jsonrpc',
    async version(signal) {
      return readVersion(await request('common', 'version', [], { what: 'the question for its version', change: false, signal }));
    },
    async uid(signal) {
      return (await session.get(signal)).uid;
    },
    async call(call, signal) {
      const first = await session.get(signal);
      try {
        return await execute(first.uid, call, signal);
      } catch (error) {
        if (!isDenied(error)) throw error;
      }
      session.forget(first);
      const second = await session.get(signal);
      try {
        return await execute(second.uid, call, signal);
      } catch (error) {
        if (!isDenied(error)) throw error;
        session.forget(second);
        throw refuse();
      }
    },
    close: () => http.close(),
  };
}

interface Run {
  /** For people: "mrp.production.write of 26" */
  what: string;
  change: boolean;
  signal?: AbortSignal | undefined;
}

/** HTTP 200 says nothing: an error arrives with it too, and a method that returns nothing sends no `result`. */
function openEnvelope(answer: unknown, id: number, run: Run, secrets: readonly string[]): unknown {
  if (!isObject(answer)) throw unreadable(`Odoo's answer to ${run.what} is no JSON-RPC answer; check the url`, run.change);
  const failed = answer['error'] !== undefined && answer['error'] !== null;
  // The id of an error may be null (odoo.md B1).
  if (answer['id'] !== id && !(failed && answer['id'] === null)) {
    throw unreadable(`Odoo's answer to ${run.what} belongs to another request; check the proxy in front of Odoo`, run.change);
  }
  if (!failed) return answer['result'] ?? null;
  const data = isObject(answer['error']) ? answer['error']['data'] : undefined;
  if (!isObject(data) || typeof data['name'] !== 'string') {
    throw unreadable(`Odoo answered ${run.what} with an error that has no name; look into its log`, run.change);
  }
  const message = typeof data['message'] === 'string' ? data['message'] : '';
  throw faultError({ name: data['name'], message }, run.what, secrets);
}

/** `server_version_info[0]` is a number, or a text such as "saas~17" on Odoo Online. */
function readVersion(result: unknown): ServerVersion {
  const info = isObject(result) ? result['server_version_info'] : undefined;
  const major = Array.isArray(info) ? Number(/\d+/.exec(String(info[0]))?.[0]) : NaN;
  if (!isObject(result) || typeof result['server_version'] !== 'string' || !Number.isInteger(major)) {
    throw new SmartMoError('ODOO_ANSWER', 'the server does not tell a version of Odoo; check the url');
  }
  return { text: result['server_version'].slice(0, 30), major };
}

/** Odoo itself said no, or knows the session no more: one fresh login may help. */
function isDenied(error: unknown): boolean {
  return (
    error instanceof SmartMoError && error.code === 'ODOO_AUTH' && /\.(AccessDenied|SessionExpiredException)$/.test(String(error.value))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
