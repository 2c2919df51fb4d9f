import { USER } from './fields';
import { fixed, json, page } from './http-exchange';
import type { Dialect, Host, HttpRequest, Request, Task } from './http-exchange';
import { rpcRequest, type Envelope } from './json-rpc';
import { sessionExpired, userError } from './odoo-error';
import { cancelOrder, listOrders, markOrderDone, updateConsumptions } from './scada-orders';

const MODULE_VERSION = '14.0.1.0.0';
/** Refusals that the module catches and puts into its answer; anything else is a fault of the framework. */
const CAUGHT = ['odoo.exceptions.UserError', 'odoo.exceptions.ValidationError'];

/** What an answer of the plant module holds besides its status. */
type Answer = Readonly<Record<string, unknown>>;

/** The routes of the plant module below /api/scada (odoo.md part C). */
export function scadaRequest(request: HttpRequest, host: Host): Request {
  const name = request.path.slice('/api/scada/'.length);
  const method = name.split('/').at(-1) ?? '';
  if (request.method === 'GET' && name === 'health') return fixed(method, json({ status: 'ok' }));
  if (request.method === 'GET' && name === 'version') return fixed(method, json({ status: 'success', version: MODULE_VERSION }));
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (!route || request.method !== 'POST') return fixed(method, page(404, 'Not Found', 'Page not found'));

  return rpcRequest(
    request,
    host,
    (envelope) => {
      const run = route(host, envelope);
      return {
        method,
        ids: [],
        open: name === 'authenticate',
        run(cut) {
          if (name !== 'authenticate' && !host.sessions.holds(request.headers['cookie'])) throw sessionExpired();
          return run(cut);
        },
        ...(name === 'authenticate' ? { headers: () => host.sessions.open() } : {}),
      };
    },
    (dialect) => moduleDialect(dialect, host.bare),
  );
}

/** One function per route: takes the arguments apart, returns what runs. */
const ROUTES: Readonly<Record<string, (host: Host, envelope: Envelope) => (...cut: Parameters<Task['run']>) => Answer>> = {
  authenticate: (host, { params }) => {
    return () => {
      const { db, login, password } = params;
      if (db !== host.database || login !== host.login || password !== host.password) throw userError('Wrong database, login or password');
      return { status: 'success', uid: USER.id };
    };
  },
  // A body without envelope is not looked at here, so its filter is lost.
  'mo-list-detailed': (host, { params }) => {
    return () => host.look((work) => listOrders(work, params));
  },
  'mo/update-with-consumptions': (host, envelope) => {
    return (cut) => host.change((work) => updateConsumptions(work, argumentsOf(envelope), cut));
  },
  'mo/mark-done': (host, envelope) => {
    return () => host.change((work) => markOrderDone(work, argumentsOf(envelope)));
  },
  'mo/cancel': (host, envelope) => {
    return () => host.change((work) => cancelOrder(work, argumentsOf(envelope)));
  },
};

/** Arguments in an envelope or, for the routes that allow it, bare. */
function argumentsOf({ body, params }: Envelope): Readonly<Record<string, unknown>> {
  return 'params' in body ? params : body;
}

function moduleDialect(dialect: Dialect, bare: boolean): Dialect {
  const answer: Dialect['answer'] = (result) => (bare ? json(result ?? null) : dialect.answer(result));
  return {
    answer,
    refuse: (error) => (CAUGHT.includes(error.exception) ? answer({ status: 'error', message: error.message }) : dialect.refuse(error)),
  };
}
