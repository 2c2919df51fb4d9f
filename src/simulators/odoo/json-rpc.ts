import { accessDenied, OdooError, typeError } from './odoo-error';
import { USER } from './fields';
import type { Call } from './calls';
import { versionAnswer, type VersionRules } from './versions';

/** An HTTP answer, complete. */
export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
}

export interface HttpRequest {
  method: string;
  path: string;
  contentType: string;
  body: string;
}

/** What the routes need from the simulator. */
export interface Host {
  readonly rules: VersionRules;
  readonly database: string;
  readonly login: string;
  readonly password: string;
  /** Runs one execute_kw; an OdooError leaves everything as it was. */
  perform(call: Call): unknown;
}

/** A request that was understood but not run yet, so that a fault can come before or after its effect. */
export interface Request {
  /** What a fault can be aimed at: the method of execute_kw, of the service, or the last word of the path. */
  method: string;
  /** Ids an execute_kw was called on. */
  ids: readonly number[];
  run(): Reply;
  /** Answers with that exception, or with that result, without running anything. */
  refuse(error: OdooError, code?: number): Reply;
  answer(result: unknown): Reply;
}

/** Finds out what a request asks for. Nothing is run before `run()`. */
export function understand(request: HttpRequest, host: Host): Request {
  const method = request.path.split('/').at(-1) ?? '';
  const fixed = (reply: Reply): Request => ({ method, ids: [], run: () => reply, refuse: () => reply, answer: () => reply });

  if (request.path === '/web/health')
    return fixed({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"status": "pass"}' });
  if (request.path !== '/jsonrpc' && request.path !== '/web/webclient/version_info') return fixed(page(404, 'Not Found', 'Page not found'));
  if (!/^application\/json\b/i.test(request.contentType)) {
    return fixed(
      page(
        host.rules.wrongContentType,
        'Bad Request',
        `Function declared as capable of handling request of type 'json' but called with a request of type 'http'`,
      ),
    );
  }

  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    return fixed(html(400, 'Invalid JSON data'));
  }
  if (!isRecord(body)) return fixed(html(400, 'Invalid JSON-RPC data'));

  const id = body['id'] ?? null;
  const params = isRecord(body['params']) ? body['params'] : {};
  const answer = (result: unknown): Reply => json({ jsonrpc: '2.0', id, ...(result === undefined ? {} : { result }) });
  const refuse = (error: OdooError, code = host.rules.errorCode): Reply => json({ jsonrpc: '2.0', id, error: envelope(error, code) });
  const task = request.path === '/jsonrpc' ? service(params, host) : { method, ids: [], run: () => versionAnswer(host.rules) };
  return {
    method: task.method,
    ids: task.ids,
    answer,
    refuse,
    run() {
      try {
        return answer(task.run());
      } catch (error) {
        if (error instanceof OdooError) return refuse(error);
        throw error;
      }
    },
  };
}

/** A page for people, as a web server or a proxy in front of it sends it. */
export function page(status: number, title: string, text: string): Reply {
  return html(status, `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n</html>\n`);
}

export function json(value: unknown): Reply {
  return { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

function html(status: number, body: string): Reply {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body };
}

interface Task {
  method: string;
  ids: readonly number[];
  run(): unknown;
}

function service(params: Readonly<Record<string, unknown>>, host: Host): Task {
  const { service: name, method, args } = params;
  if (typeof name !== 'string' || typeof method !== 'string' || !Array.isArray(args)) return failing('', missingParams(params));
  const list = args as unknown[];
  if (name === 'common' && method === 'version') return { method, ids: [], run: () => versionAnswer(host.rules) };
  if (name === 'common' && (method === 'authenticate' || method === 'login'))
    return { method, ids: [], run: () => authenticate(host, list) };
  if (name === 'object' && method === 'execute_kw') return executeKw(host, list);
  return failing(method, new OdooError('builtins.KeyError', `'${name === 'common' || name === 'object' ? method : name}'`));
}

/** A wrong password is no error here but `false` [03]. */
function authenticate(host: Host, [database, login, password]: readonly unknown[]): number | false {
  requireDatabase(host, database);
  return login === host.login && password === host.password && USER.id;
}

function executeKw(host: Host, [database, uid, password, model, method, args, kwargs]: readonly unknown[]): Task {
  const call: Call = {
    model: String(model),
    method: String(method),
    args: Array.isArray(args) ? (args as unknown[]) : [],
    kwargs: isRecord(kwargs) ? kwargs : {},
  };
  const first = call.args[0];
  return {
    method: call.method,
    ids: (Array.isArray(first) ? (first as unknown[]) : [first]).filter((id): id is number => typeof id === 'number'),
    run() {
      requireDatabase(host, database);
      if (uid !== USER.id || password !== host.password) throw accessDenied();
      return host.perform(call);
    },
  };
}

/** Bears the same name as a PostgreSQL that is down [05]. */
function requireDatabase(host: Host, name: unknown): void {
  if (name === host.database) return;
  throw new OdooError(
    'psycopg2.OperationalError',
    `connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "${String(name)}" does not exist\n`,
  );
}

function failing(method: string, error: OdooError): Task {
  return {
    method,
    ids: [],
    run() {
      throw error;
    },
  };
}

function missingParams(params: Readonly<Record<string, unknown>>): OdooError {
  const absent = ['service', 'method', 'args'].filter((name) => params[name] === undefined).map((name) => `'${name}'`);
  const last = absent.pop() ?? "'args'";
  const names = absent.length === 0 ? last : absent.length === 1 ? `${absent.join('')} and ${last}` : `${absent.join(', ')}, and ${last}`;
  return typeError(`RPC.jsonrpc() missing ${absent.length + 1} required positional argument${absent.length === 0 ? '' : 's'}: ${names}`);
}

function envelope(error: OdooError, code: number): Record<string, unknown> {
  return {
    code,
    message: code === 100 ? 'Odoo Session Expired' : 'Odoo Server Error',
    data: {
      name: error.exception,
      debug: `Traceback (most recent call last):\n  (simulated)\n${error.exception}: ${error.message}\n`,
      message: error.message,
      arguments: [error.message],
      context: {},
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
