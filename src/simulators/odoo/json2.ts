import { idsOf, notFound, type Call } from './calls';
import { exception, fixed, isRecord, json, page, requestOf } from './http-exchange';
import type { Dialect, Host, HttpRequest, Reply, Request } from './http-exchange';
import { OdooError } from './odoo-error';

/** HTTP status by exception; what is not listed is 500, a lost race for a row included [Y2]. */
const STATUS: Readonly<Record<string, number>> = {
  'werkzeug.exceptions.BadRequest': 400,
  'werkzeug.exceptions.Unauthorized': 401,
  'odoo.exceptions.AccessError': 403,
  'werkzeug.exceptions.NotFound': 404,
  'odoo.exceptions.MissingError': 404,
  'psycopg2.errors.LockNotAvailable': 409,
  'odoo.exceptions.UserError': 422,
  'odoo.exceptions.ValidationError': 422,
  'werkzeug.exceptions.UnprocessableEntity': 422,
};

/** No envelope: a bare value with 200 (null for nothing [Y3]), or a real HTTP status with the exception. */
const DIALECT: Dialect = { answer: (result) => json(result ?? null), refuse };

/** POST /json/2/<model>/<method> of Odoo 19, with a bearer API key. */
export function json2Request(request: HttpRequest, host: Host): Request {
  const [model = '', method = ''] = request.path.slice('/json/2/'.length).split('/');
  const refused = (error: OdooError): Request => fixed(method, refuse(error));

  if (request.method !== 'POST') return refused(notFound('Did you mean POST /json/2/<model>/<method>?'));
  const database = request.headers['x-odoo-database'];
  if (database !== undefined && database !== host.database) return fixed(method, page(404, 'Not Found', 'No such database'));
  const key = /^bearer\s+(.*)$/i.exec(String(request.headers['authorization'] ?? ''))?.[1];
  if (key === undefined) return refused(unauthorized('User not authenticated, use an API Key with a Bearer Authorization header.'));
  if (key !== host.apiKey) return refused(invalidKey());

  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    const end = request.body.length;
    const text = `could not parse the body as json: Expecting value: line 1 column ${end + 1} (char ${end})`;
    return refused(new OdooError('werkzeug.exceptions.BadRequest', text));
  }
  const { ids, ...kwargs } = isRecord(body) ? body : {};
  const call: Call = { model, method, args: [], kwargs, byName: { ids } };
  return requestOf({ method, ids: idsOf(ids), run: () => host.perform(call) }, DIALECT);
}

function unauthorized(message: string): OdooError {
  return new OdooError('werkzeug.exceptions.Unauthorized', message);
}

/** A key that was never given out, was revoked or has expired. */
function invalidKey(): OdooError {
  return unauthorized('Invalid apikey');
}

function refuse(error: OdooError): Reply {
  // There is no session here: a login that ended is a key that ended.
  const ended = ['odoo.exceptions.AccessDenied', 'odoo.http.SessionExpiredException'].includes(error.exception);
  const shown = ended ? invalidKey() : error;
  const status = STATUS[shown.exception] ?? 500;
  return json(exception(shown, shown.exception.startsWith('werkzeug.') ? [shown.message, status] : [shown.message]), status);
}
