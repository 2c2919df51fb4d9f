import { idsOf, writes, type Call } from './calls';
import { USER } from './fields';
import { failing, isRecord } from './http-exchange';
import type { Host, HttpRequest, Task } from './http-exchange';
import type { Envelope } from './json-rpc';
import { accessDenied, accessError, notAllowed, sessionExpired, typeError, unknownDatabase } from './odoo-error';
import { versionInfo } from './versions';

/** POST /web/session/authenticate: the password only, an API key is refused [X2]. */
export function webAuthenticate(host: Host, { params }: Envelope): Task {
  return {
    method: 'authenticate',
    ids: [],
    open: true,
    run() {
      const { db, login, password } = params;
      if (db !== host.database) throw host.rules.newHttp ? accessError('Database not found.') : unknownDatabase(db);
      if (login !== host.login || password !== host.password) throw accessDenied();
      return {
        uid: USER.id,
        is_system: false,
        is_admin: false,
        user_context: { lang: 'en_US', tz: false, uid: USER.id },
        db,
        server_version: host.rules.series,
        server_version_info: versionInfo(host.rules),
      };
    },
    headers: () => host.sessions.open(),
  };
}

/** POST /web/session/destroy answers nothing at all [W9]. */
export function webDestroy(request: HttpRequest, host: Host): Task {
  return { method: 'destroy', ids: [], open: true, run: () => host.sessions.end(request.headers['cookie']) };
}

/** POST /web/dataset/call_kw and call_button, with the session's cookie. The plant module's users only read this way. */
export function webCall(request: HttpRequest, host: Host, { params }: Envelope, button: boolean): Task {
  const { model, method, args, kwargs } = params;
  if (!isRecord(kwargs)) return failing(String(method), typeError("call_kw() missing 1 required positional argument: 'kwargs'"));
  const call: Call = { model: String(model), method: String(method), args: Array.isArray(args) ? (args as unknown[]) : [], kwargs };
  return {
    method: call.method,
    ids: idsOf(call.args[0]),
    run() {
      if (!host.sessions.holds(request.headers['cookie'])) throw sessionExpired();
      if (host.rules.scada && writes(call)) throw notAllowed(host.rules.orderLabel, call.model, ['Manufacturing/Administrator']);
      const result = host.perform(call);
      return button && !isRecord(result) ? false : result;
    },
  };
}
