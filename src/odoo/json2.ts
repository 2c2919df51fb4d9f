import type { Clock } from '../clock';
import { SmartMoError } from '../errors';
import { isObject } from './envelope';
import { faultError } from './faults';
import type { Http } from './http';
import { createLogin } from './login';
import type { OdooSettings } from './settings';
import { asUser } from './shapes';
import { type ModelCall, type Transport, wordsFor } from './transport';

/** What can stand in a header; a password that cannot is no API key. */
const PRINTABLE = /^[\x21-\x7e]+$/;

/**
 * JSON-2 of stock Odoo 19 and later: `POST /json/2/<model>/<method>` with named arguments, an API key as bearer and the
 * bare value as answer. Errors come with a status, but their name decides: 500 may be retryable (odoo.md B5).
 */
export function createJson2(http: Http, settings: OdooSettings, clock: Clock): Transport {
  const { database, password, timeout } = settings;
  const headers = { Authorization: `bearer ${password}`, 'X-Odoo-Database': database };

  async function request(call: ModelCall, signal?: AbortSignal): Promise<unknown> {
    const { model, method, ids, args, options, change = false } = call;
    try {
      const { body } = await http.send({
        path: `/json/2/${model}/${method}`,
        headers,
        body: { ...(ids && { ids }), ...args, ...options },
        timeout: timeout * 1000 * (change ? 2 : 1),
        change,
        signal,
        fault: (body) => faultError(body, wordsFor(call), [password]),
      });
      return body;
    } catch (error) {
      throw isNoPage(error) ? unknownDatabase(database) : error;
    }
  }

  const logins = createLogin(
    {
      async authenticate() {
        if (!PRINTABLE.test(password)) return null;
        const context = await request({ model: 'res.users', method: 'context_get' });
        return asUser(isObject(context) ? context['uid'] : undefined);
      },
    },
    settings,
    clock,
  );

  return {
    protocol: 'json2',
    uid: async (signal) => (await logins.session(signal)).uid,
    call: (call, signal) => logins.run(() => request(call, signal), signal),
  };
}

/** Odoo answers a database it does not serve with a 404 page, a model or method it does not have with a named error. */
function isNoPage(error: unknown): boolean {
  return error instanceof SmartMoError && error.class === 'version' && error.value === 404;
}

function unknownDatabase(database: string): SmartMoError {
  const sentence = `Odoo serves no database "${database}" over JSON-2; check the name of the database in the Odoo node, and that this is Odoo 19 or later`;
  return new SmartMoError('ODOO_UNREACHABLE', sentence, { class: 'transient', value: database });
}
