import { systemClock, type Clock } from '../../clock';
import { describe, SmartMoError } from '../../errors';
import { openStateFile } from '../state-file';
import { execute, writes, type Call } from './calls';
import { parseCommand, type Command } from './commands';
import { faultTable, injectFault, type Exchange } from './faults';
import { modelsOf, USER } from './fields';
import { page, type Host } from './http-exchange';
import { startHttpServer, type Incoming } from './http-server';
import { cancel, remove, type Work } from './manufacturing';
import { markDoneByHand } from './mark-done';
import { orderViews, type OrderView } from './order-view';
import { checkedOptions, type OdooSimulatorOptions } from './options';
import { addOrders, confirmedCount } from './orders';
import { understand } from './routes';
import { createSessions } from './sessions';
import { emptyTables, forgetOldest, fork, fromSaved, toSaved, type Effect, type SavedTables, type Tables } from './tables';
import { rulesOf } from './versions';

/** Something that happened in the simulator, for the event port of its node. */
export interface SimulatorEvent {
  at: string;
  event: Command['action'] | 'problem' | 'port-taken';
  text: string;
  mo_id: string | null;
  odoo_id: number | null;
}

export interface OdooSimulator {
  readonly port: number;
  readonly url: string;
  /**
   * Runs a command of contract.md; its effect is on the disk when this resolves.
   * @throws SmartMoError INPUT_INVALID naming the value and what is allowed
   */
  command(payload: unknown): Promise<SimulatorEvent>;
  /** Every movement of stock and every order that ended, oldest first. */
  effects(): readonly Effect[];
  /** All orders by id, as they are stored; what a version shows of them is up to its fields. */
  orders(): OrderView[];
  /** The faults that are on, in words; "" when none is. */
  fault(): string;
  /** Breaks all connections at once and frees the port; requests without an answer are lost. */
  close(): Promise<void>;
}

export interface OdooSimulatorDeps {
  clock?: Clock;
  /** Told what clients and faults did; what a command did is its return value. */
  onEvent?: (event: SimulatorEvent) => void;
}

/**
 * Starts a stand-in Odoo on 127.0.0.1 that reproduces what a real one was measured to do (odoo.md parts B and C), traps included.
 * A request is one transaction: run in one go, saved to the state file, then answered. A killed simulator goes on from the
 * same file without a loss.
 * @throws SmartMoError CONFIG_INVALID for an option, the port or the state file
 */
export async function startOdooSimulator(given: Partial<OdooSimulatorOptions> = {}, deps: OdooSimulatorDeps = {}): Promise<OdooSimulator> {
  const options = checkedOptions(given);
  const { clock = systemClock, onEvent = () => undefined } = deps;
  const faults = faultTable(clock);
  const sessions = createSessions();
  let running = options.version;
  let rules = rulesOf(running);
  let models = modelsOf(rules);
  const file = openStateFile<SavedTables>(options.stateFile, toSaved(emptyTables(), versions()));
  let tables = loaded(file.value, options.stateFile);
  // An upgrade outlives a restart; another version in the options starts with that one.
  if (file.value.version?.configured === options.version) runVersion(file.value.version.running);
  let saved = Promise.resolve();
  const stopped = new AbortController();

  function versions(): SavedTables['version'] & object {
    return { configured: options.version, running };
  }

  function runVersion(version: string): void {
    running = version;
    rules = rulesOf(version);
    models = modelsOf(rules);
    sessions.expire();
  }

  function work(on: Tables): Work {
    return { tables: on, rules, now: clock.now(), uid: USER.id };
  }

  /** Runs a change on a copy; a throw leaves everything as it was. */
  function transaction<T>(change: (next: Tables) => T): T {
    const next = fork(tables);
    const result = change(next);
    addOrders(next, Math.max(0, options.orders - confirmedCount(next)), options, clock.now());
    forgetOldest(next, options.keepEnded);
    tables = next;
    file.value = toSaved(next, versions());
    saved = file.save();
    // Whoever waits for it gets the error; one that nobody waits for must not end the process.
    saved.catch(() => undefined);
    return result;
  }

  /** A change that a client asked for; what it ended is told on the event port. */
  function change<T>(run: (next: Tables) => T): T {
    const before = tables.effects.length;
    let ended: Effect[] = [];
    const result = transaction((next) => {
      const answer = run(next);
      ended = next.effects.slice(before);
      return answer;
    });
    for (const effect of ended) {
      if (effect.kind === 'done' || effect.kind === 'cancel')
        onEvent(event(effect.kind, `${effect.mo_id} is ${effect.kind === 'done' ? 'done' : 'cancelled'}`, effect));
    }
    return result;
  }

  const host: Host = {
    ...options,
    sessions,
    get rules() {
      return rules;
    },
    perform(call: Call) {
      const run = (on: Tables): unknown => execute({ ...work(on), models }, call);
      return writes(call) ? change(run) : run(tables);
    },
    change: (run) => change((next) => run(work(next))),
    look: (run) => run(work(tables)),
  };

  async function handle(incoming: Incoming): Promise<void> {
    const request = understand(incoming.request, host);
    const exchange: Exchange = {
      ...incoming,
      request,
      rules,
      expire: () => sessions.expire(),
      async apply(cut) {
        if (options.latency > 0) await clock.sleep(options.latency, stopped.signal);
        const reply = request.run(cut);
        await saved; // also for a read: what it shows must not be lost by a kill
        return reply;
      },
      wait: (seconds) => clock.sleep(seconds * 1000, stopped.signal),
    };
    const fault = faults.strike(request);
    if (fault) onEvent(event('fault', `${fault.fault} strikes ${request.method}`));
    try {
      if (fault) await injectFault(fault, exchange);
      else exchange.send(await exchange.apply());
    } catch (error) {
      if (stopped.signal.aborted) throw error;
      onEvent(event('problem', `${request.method} failed in the simulator: ${describe(error)}`));
      exchange.send(page(500, 'Internal Server Error', 'The simulator failed'));
    }
  }

  function event(what: SimulatorEvent['event'], text: string, about?: { mo_id: string; odoo_id: number }): SimulatorEvent {
    return { at: clock.now().toISOString(), event: what, text, mo_id: about?.mo_id ?? null, odoo_id: about?.odoo_id ?? null };
  }

  function asPerson(action: 'cancel' | 'done' | 'delete', mo_id: string): SimulatorEvent {
    const order = [...tables.orders.values()].find(({ name }) => name === mo_id);
    if (!order)
      throw new SmartMoError('INPUT_INVALID', `mo_id is ${JSON.stringify(mo_id)}; the simulator has no order of that name`, {
        value: mo_id,
      });
    const ended = order.state === 'done' || (order.state === 'cancel' && action !== 'delete');
    if (ended)
      throw new SmartMoError('INPUT_INVALID', `${mo_id} is in state ${order.state}; ${action} is possible only with an open order`, {
        value: mo_id,
      });
    transaction((next) => {
      if (action === 'done') markDoneByHand(work(next), order);
      else (action === 'cancel' ? cancel : remove)(work(next), [order.id]);
    });
    return event(action, `a person ${{ cancel: 'cancelled', done: 'marked done', delete: 'deleted' }[action]} ${mo_id}`, {
      mo_id,
      odoo_id: order.id,
    });
  }

  async function run(command: Command): Promise<SimulatorEvent> {
    switch (command.action) {
      case 'orders': {
        const plan = { ...options, quantity: command.quantity ?? options.quantity };
        const added = transaction((next) => addOrders(next, command.count, plan, clock.now()));
        return event('orders', `${added.length} orders added, the last is ${added.at(-1)?.name ?? ''}`);
      }
      case 'cancel':
      case 'done':
      case 'delete':
        return asPerson(command.action, command.mo_id);
      case 'fault': {
        const { fault, method, times, seconds } = command.fault;
        if (fault === 'down') await server.down(seconds ?? 0);
        else faults.add(command.fault);
        const span = times === null ? `for ${seconds} s` : `${times} times`;
        return event('fault', `${fault} on ${method ?? 'every request'} ${span}`);
      }
      case 'upgrade':
        runVersion(command.version);
        transaction(() => undefined);
        return event('upgrade', `the same database goes on as Odoo ${rules.series}`);
      case 'clear':
        faults.clear();
        await server.up();
        return event('clear', 'no fault is left');
      case 'reset':
        tables = emptyTables();
        runVersion(options.version);
        transaction(() => undefined);
        return event('reset', 'all orders and effects are forgotten, numbering starts again');
    }
  }

  transaction(() => undefined);
  await saved;
  const server = await startHttpServer(options.port, clock, handle, (text) => onEvent(event('port-taken', text)));

  return {
    port: server.port,
    url: `http://127.0.0.1:${server.port}`,
    async command(payload) {
      const result = await run(parseCommand(payload));
      await saved;
      return result;
    },
    effects: () => tables.effects,
    orders: () => orderViews(tables),
    fault() {
      const names = [...(server.isUp() ? [] : ['down']), ...faults.active()];
      return names.length === 0 ? '' : `fault ${names.join(', ')}`;
    },
    async close() {
      stopped.abort();
      await server.close();
      await saved.catch(() => undefined);
    },
  };
}

function loaded(saved: object, path: string | null): Tables {
  if (isOurs(saved)) return fromSaved(saved);
  const sentence = `the state file ${path ?? ''} is not one of the Odoo simulator; delete it to let the simulator start afresh`;
  throw new SmartMoError('CONFIG_INVALID', sentence, { value: path });
}

function isOurs(saved: object): saved is SavedTables {
  return 'format' in saved && saved.format === 1;
}
