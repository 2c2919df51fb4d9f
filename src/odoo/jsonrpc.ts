import type { Clock } from '../clock';
import { openEnvelope } from './envelope';
import type { Http } from './http';
import { createLogin } from './login';
import type { OdooSettings } from './settings';
import { asUser } from './shapes';
import { positional, type Transport, wordsFor } from './transport';

interface Run {
  /** For people: "the quantities of WH/MO/00026" */
  what: string;
  change: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * JSON-RPC of stock Odoo 14-21: `POST /jsonrpc` with the services common and object (odoo.md B1, B2). There is no
 * session; every call carries database, uid and password.
 */
export function createJsonRpc(http: Http, settings: OdooSettings, clock: Clock): Transport {
  const { database, login, password, timeout } = settings;
  let lastId = 0;

  async function request(service: string, method: string, args: readonly unknown[], run: Run): Promise<unknown> {
    const id = ++lastId;
    const { body } = await http.send({
      path: '/jsonrpc',
      body: { jsonrpc: '2.0', method: 'call', params: { service, method, args }, id },
      timeout: timeout * 1000 * (run.change ? 2 : 1),
      change: run.change,
      signal: run.signal,
    });
    return openEnvelope(body, { id, ...run }, [password]);
  }

  const logins = createLogin(
    {
      // A wrong password is no error here: the answer is false (odoo.md B1).
      authenticate: async () =>
        asUser(await request('common', 'authenticate', [database, login, password, {}], { what: 'the login', change: false })),
    },
    settings,
    clock,
  );

  return {
    protocol: 'jsonrpc',
    uid: async (signal) => (await logins.session(signal)).uid,
    call: (call, signal) =>
      logins.run(({ uid }) => {
        const args = [database, uid, password, call.model, call.method, positional(call), call.options ?? {}];
        return request('object', 'execute_kw', args, { what: wordsFor(call), change: call.change ?? false, signal });
      }, signal),
  };
}
