import type { Clock } from '../clock';
import { SmartMoError } from '../errors';
import { createBreaker } from './breaker';
import { createChooser } from './choose';
import { createHttp } from './http';
import { type Names, readNames } from './names';
import type { Odoo, PushPayload, Upgrade } from './odoo';
import { createProducts } from './products';
import { scadaOperations } from './scada';
import { checkSettings, type OdooSettings } from './settings';
import { shared } from './shared';
import { MO, type Operations, stockOperations } from './stock';
import { type ModelCall, nameOf, type Protocol } from './transport';
import type { ServerVersion } from './version';
import { findWarnings, mayChange } from './user-check';

/** Seconds; see {@link OdooSettings.quietTime}. */
const QUIET_TIME = 150;

/** What is known of the server until an outage or an upgrade. */
interface Link {
  protocol: Protocol;
  names: Names;
  operations: Operations;
  call(call: ModelCall, signal?: AbortSignal): Promise<unknown>;
  uid(signal?: AbortSignal): Promise<number>;
}

/**
 * The Odoo of a mo-odoo node, stock or with the plant module. Protocol and names of fields follow the server: they are
 * asked at the first use, after every outage, and when a call says that they are wrong; that call is then repeated once.
 * @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID
 */
export function createOdoo(settings: OdooSettings, deps: { clock: Clock; random?: () => number }): Odoo {
  const { clock, random } = deps;
  const { timeout, retryMin, retryMax, quietTime = QUIET_TIME } = settings;
  const origin = checkSettings(settings);
  const http = createHttp(origin, { clock, tls: settings.tls });
  const breaker = createBreaker(`Odoo at ${origin}`, { min: retryMin, max: retryMax }, { clock, random });
  const choose = createChooser(http, settings, clock);
  const link = shared(connect);
  let protocol = settings.protocol === 'auto' ? undefined : settings.protocol;
  let version: ServerVersion | undefined;
  let upgrade: Upgrade | null = null;

  async function connect(): Promise<Link> {
    const chosen = await breaker.run(choose);
    const { transport } = chosen;
    const call = (one: ModelCall, signal?: AbortSignal): Promise<unknown> => watched(() => named(one, transport.call(one, signal)));
    const names = await readNames(chosen.version, call);
    const stock = stockOperations({ call, names, products: createProducts(call, clock) });
    const operations = 'route' in transport ? scadaOperations(stock, (...route) => watched(() => transport.route(...route))) : stock;
    if (version && version.text !== chosen.version.text) upgrade = { from: version.text, to: chosen.version.text, at: clock.now() };
    version = chosen.version;
    protocol = transport.protocol;
    return { protocol, names, operations, call, uid: (signal) => watched(() => transport.uid(signal)) };
  }

  /** Whatever comes back after an outage or a refused login may be another Odoo. */
  async function watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await breaker.run(work);
    } catch (error) {
      if (error instanceof SmartMoError && (error.retryable || error.class === 'auth')) link.forget();
      throw error;
    }
  }

  async function attempt<T>(work: (link: Link) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const known = await link.get(signal);
    try {
      return await work(known);
    } catch (error) {
      if (!isOfVersion(error)) throw error;
      link.forget(known);
      const fresh = await link.get(signal);
      if (fresh.protocol === known.protocol && JSON.stringify(fresh.names) === JSON.stringify(known.names)) throw error;
      return work(fresh);
    }
  }

  /** A user who may change MOs, but not this one (a record rule), is the trouble of that batch and stops no other. */
  async function change<T>(work: (operations: Operations) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await attempt(({ operations }) => work(operations), signal);
    } catch (error) {
      if (!(error instanceof SmartMoError) || error.code !== 'ODOO_RIGHTS') throw error;
      const may = await attempt(({ call, names }) => mayChange(call, names.version.major, signal), signal);
      if (may === false) throw error;
      const { sentence, value, detail, remedy } = error;
      throw new SmartMoError('ODOO_RIGHTS', sentence, { class: 'permanent', value, detail, remedy });
    }
  }

  return {
    times: { timeout, retryMin, retryMax },

    async quietSeconds(signal) {
      if (protocol === undefined) await link.get(signal).catch(() => undefined);
      return (protocol ?? 'scada') === 'scada' ? quietTime : 0;
    },

    async probe(signal) {
      link.forget();
      const known = await link.get(signal);
      const { text, major } = known.names.version;
      const uid = await known.uid(signal);
      const confirmed = await known.call({ model: MO, method: 'search_count', args: { domain: [['state', '=', 'confirmed']] } }, signal);
      if (typeof confirmed !== 'number')
        throw new SmartMoError('ODOO_ANSWER', `Odoo's answer to ${MO}.search_count is malformed: it is no number`);
      const mayChangeOrders = await mayChange(known.call, major, signal);
      const warnings = await findWarnings(known.call, { login: settings.login, uid }, signal);
      return { version: text, major, uid, confirmed, protocol: known.protocol, mayChange: mayChangeOrders, warnings };
    },

    listConfirmed: (page, signal) =>
      attempt(({ operations }) => operations.listConfirmed(page, signal), signal).catch((error: unknown) => {
        throw page.domain.length > 0 && isOfVersion(error) ? unfit(page.domain, error) : error;
      }),
    readStates: async (ids, signal) =>
      ids.length === 0 ? new Map() : attempt(({ operations }) => operations.readStates(ids, signal), signal),
    readOrder: (id, signal) => attempt(({ operations }) => operations.readOrder(id, signal), signal),
    async push(payload, shown, signal) {
      checkPayload(payload);
      await change((operations) => operations.push(payload, shown, signal), signal);
    },
    markDone: (payload, options, signal) => change((operations) => operations.markDone(payload, options, signal), signal),
    cancel: (id, signal) => change((operations) => operations.cancel(id, signal), signal),
    note: (id, text, signal) => attempt(({ operations }) => operations.note(id, text, signal), signal),

    state: () => breaker.state(),
    upgrade: () => upgrade,
    close: () => http.close(),
  };
}

/** The sentence is for operators; what was called goes beside it. */
async function named<T>(call: ModelCall, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof SmartMoError) error.detail ??= nameOf(call);
    throw error;
  }
}

function isOfVersion(error: unknown): error is SmartMoError {
  return error instanceof SmartMoError && error.class === 'version';
}

function unfit(domain: readonly unknown[], error: SmartMoError): SmartMoError {
  const sentence = `the filter ${JSON.stringify(domain)} of the fetch node does not fit this Odoo: ${error.message}`;
  return new SmartMoError('CONFIG_INVALID', sentence, { value: domain });
}

/** Odoo checks no amounts (odoo.md B0): NaN would travel as null, a negative one would add to the stock. */
function checkPayload(payload: PushPayload): void {
  const wrong = payload.moves.find(({ quantity }) => !(quantity >= 0 && Number.isFinite(quantity)));
  if (!(payload.qty > 0 && Number.isFinite(payload.qty)) || wrong) {
    const value = wrong ? `${wrong.quantity} of product ${wrong.product_id}` : `a finished quantity of ${payload.qty}`;
    throw new SmartMoError('INPUT_INVALID', `${value} cannot be pushed to ${payload.mo_id}; nothing was sent`, { class: 'bug', value });
  }
}
