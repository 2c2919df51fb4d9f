import { idsOf, type Call } from './calls';
import { USER } from './fields';
import { exception, failing, html, isRecord, json, page, requestOf, fixed } from './http-exchange';
import type { Dialect, Host, HttpRequest, Request, Task } from './http-exchange';
import { accessDenied, OdooError, typeError, unknownDatabase } from './odoo-error';
import { versionAnswer } from './versions';

/** The body of a JSON-RPC request. `params` is empty when there are none. */
export interface Envelope {
  readonly body: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
}

const SESSION_EXPIRED = 100;

/**
 * A route that takes its arguments in a JSON-RPC envelope. What is no such envelope gets the page that a real server sends.
 * @param adapt another way to answer, for a route that has one
 */
export function rpcRequest(
  request: HttpRequest,
  host: Host,
  route: (envelope: Envelope) => Task,
  adapt: (dialect: Dialect) => Dialect = (dialect) => dialect,
): Request {
  const { rules } = host;
  const method = request.path.split('/').at(-1) ?? '';
  if (!/^application\/json\b/i.test(String(request.headers['content-type'] ?? ''))) {
    const text = `Function declared as capable of handling request of type 'json' but called with a request of type 'http'`;
    return fixed(method, page(rules.wrongContentType, 'Bad Request', text));
  }
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    return fixed(method, rules.newHttp ? html(400, 'Invalid JSON data') : page(400, 'Bad Request', 'Invalid JSON data'));
  }
  if (!isRecord(body))
    return fixed(method, rules.newHttp ? html(400, 'Invalid JSON-RPC data') : page(500, 'Internal Server Error', 'The server failed'));

  const envelope = { body, params: isRecord(body['params']) ? body['params'] : {} };
  const id = body['id'] ?? null;
  return requestOf(
    route(envelope),
    adapt({
      answer: (result) => json({ jsonrpc: '2.0', id, ...(result === undefined ? {} : { result }) }),
      refuse(error) {
        const expired = error.exception === 'odoo.http.SessionExpiredException';
        const [code, message] = expired ? [SESSION_EXPIRED, 'Odoo Session Expired'] : [rules.errorCode, 'Odoo Server Error'];
        return json({ jsonrpc: '2.0', id: expired && rules.newHttp ? null : id, error: { code, message, data: exception(error) } });
      },
    }),
  );
}

/** The services of /jsonrpc. */
export function service(host: Host, { params }: Envelope): Task {
  const { service: name, method, args } = params;
  if (typeof name !== 'string' || typeof method !== 'string' || !Array.isArray(args)) return failing('', missingParams(host, params));
  const list = args as unknown[];
  if (name === 'common' && method === 'version') return { method, ids: [], open: true, run: () => versionAnswer(host.rules) };
  if (name === 'common' && (method === 'authenticate' || method === 'login'))
    return { method, ids: [], open: true, run: () => authenticate(host, list) };
  if (name === 'object' && method === 'execute_kw') return executeKw(host, list);
  return failing(method, new OdooError('builtins.KeyError', `'${name === 'common' || name === 'object' ? method : name}'`));
}

/** A wrong password is no error here but `false` [03]. An API key works in place of the password [06]. */
function authenticate(host: Host, [database, login, password]: readonly unknown[]): number | false {
  if (database !== host.database) throw unknownDatabase(database);
  return login === host.login && isSecret(host, password) && USER.id;
}

function executeKw(host: Host, [database, uid, password, model, method, args, kwargs]: readonly unknown[]): Task {
  const call: Call = {
    model: String(model),
    method: String(method),
    args: Array.isArray(args) ? (args as unknown[]) : [],
    kwargs: isRecord(kwargs) ? kwargs : {},
  };
  return {
    method: call.method,
    ids: idsOf(call.args[0]),
    run() {
      if (database !== host.database) throw unknownDatabase(database);
      if (uid !== USER.id || !isSecret(host, password)) throw accessDenied();
      return host.perform(call);
    },
  };
}

function isSecret(host: Host, password: unknown): boolean {
  return password === host.password || password === host.apiKey;
}

function missingParams({ rules }: Host, params: Readonly<Record<string, unknown>>): OdooError {
  const absent = ['service', 'method', 'args'].filter((name) => params[name] === undefined).map((name) => `'${name}'`);
  const last = absent.pop() ?? "'args'";
  const names = absent.length === 0 ? last : absent.length === 1 ? `${absent.join('')} and ${last}` : `${absent.join(', ')}, and ${last}`;
  const plural = absent.length === 0 ? '' : 's';
  return typeError(`${rules.rpcClass}.jsonrpc() missing ${absent.length + 1} required positional argument${plural}: ${names}`);
}
