import fc from 'fast-check';
import { signal, withMishap } from '../support/mishap';
import { type TaskOf, TASKS, type World } from './world';

type Command = fc.AsyncCommand<object, World>;
type Weighted = [weight: number, arbitrary: fc.Arbitrary<Command>];

const ODOO_FAULTS = [
  ...['http-503', 'http-504', 'http-502-after', 'reset-before', 'reset-after', 'hang', 'late', 'reset-late', 'session', 'truncated'],
  ...['html', 'serialization', 'refused', 'access-denied', 'http-429'],
];
const ODOO_METHODS = ['search_read', 'write', 'button_mark_done', 'action_cancel'];

/** Everything is checked after every command. */
function command(text: string, act: (world: World) => Promise<unknown>): Command {
  return {
    check: () => true,
    async run(_model, world) {
      await act(world);
      await world.check();
    },
    toString: () => text,
  };
}

const task = fc.constantFrom(...TASKS);
const process = fc.nat(1);
/** Which call of a task; most tasks have about ten, the longest some forty. */
const at = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 10 }), weight: 3 }, { arbitrary: fc.integer({ min: 11, max: 40 }), weight: 1 });
const effect = fc.constantFrom('before' as const, 'after' as const);
const some = fc.nat(9);
const CYCLE: readonly TaskOf[] = ['fetch', 'load', 'read', 'complete'];

/** The batch at that place of the queue, or of the history. */
async function moAt(world: World, table: 'mo_batch' | 'mo_histories', place: number): Promise<string | null> {
  const names = await world.plant.database.query<{ mo_id: string }>(`SELECT mo_id FROM {schema}.${table} ORDER BY id`);
  return names.length === 0 ? null : (names[place % names.length]?.mo_id ?? null);
}

const tick = fc.tuple(task, process, fc.nat(2)).map(([name, where, scans]) =>
  command(`tick(${name}, process ${where}, ${scans} scans a request)`, async (world) => {
    world.scansPerRequest = scans;
    await world.run(name, world.line(where));
    world.scansPerRequest = 0;
  }),
);

const cycle = fc
  .tuple(process, fc.nat(20))
  .map(([where, scans]) => command(`cycle(process ${where}, ${scans} scans)`, (world) => wholeCycle(world, where, scans)));

/** What the four timers do, with so many scans of the PLC in the middle. */
async function wholeCycle(world: World, where: number, scans: number): Promise<void> {
  for (const name of CYCLE) {
    if (name === 'read') await world.scan(scans);
    await world.run(name, world.line(where));
  }
}

const plc = fc.integer({ min: 1, max: 20 }).map((scans) => command(`plc(${scans} scans)`, (world) => world.scan(scans)));

const crash = fc.tuple(task, process, at, effect).map(([name, where, call, when]) =>
  command(`crash(${name}, process ${where}, ${when} call ${call})`, async (world) => {
    await world.run(name, withMishap(world.line(where), { at: call, effect: when, kind: 'die' }).line);
    world.replace(where);
  }),
);

const failure = fc
  .tuple(task, process, at, effect)
  .map(([name, where, call, when]) =>
    command(`failure(${name}, process ${where}, ${when} call ${call})`, (world) =>
      world.run(name, withMishap(world.line(where), { at: call, effect: when, kind: 'fail' }).line),
    ),
  );

/** SIGSTOP in the middle of a task, SIGCONT when another process has done a whole cycle, or the same task. */
const stall = fc.tuple(task, process, at, effect, fc.boolean(), fc.nat(20)).map(([name, where, call, when, isCycle, scans]) =>
  command(
    `stall(${name}, process ${where}, ${when} call ${call}, ${isCycle ? `cycle of ${scans} scans` : name} meanwhile)`,
    async (world) => {
      const { ended, end } = signal();
      const { line, reached } = withMishap(world.line(where), { at: call, effect: when, kind: 'stall', until: ended });
      const stalled = world.run(name, line);
      await Promise.race([reached, stalled]);
      // Leases end while a process is stopped.
      await world.plant.letTimePass();
      if (isCycle) await wholeCycle(world, where + 1, scans);
      else await world.run(name, world.line(where + 1));
      end();
      await stalled;
    },
  ),
);

/** A deploy while a call hangs: the new runtime does the same task at once, the old one is told to stop. */
const redeploy = fc.tuple(task, process, at, effect).map(([name, where, call, when]) =>
  command(`redeploy(${name}, process ${where}, ${when} call ${call})`, async (world) => {
    const stop = new AbortController();
    const { ended, end } = signal();
    const old = withMishap(world.line(where), { at: call, effect: when, kind: 'hang', until: ended });
    const running = world.run(name, old.line, { signal: stop.signal });
    await Promise.race([old.reached, running]);
    stop.abort();
    end();
    world.replace(where);
    await Promise.all([running, world.run(name, world.line(where))]);
  }),
);

const together = fc.tuple(task, task, fc.nat(1)).map(([one, other, scans]) =>
  command(`together(${one}, ${other}, ${scans} scans a request)`, async (world) => {
    world.scansPerRequest = scans;
    await Promise.all([world.run(one, world.line(0)), world.run(other, world.line(1))]);
    world.scansPerRequest = 0;
  }),
);

/** Two processes on one timer. */
const timer = fc.tuple(task, fc.nat(1)).map(([name, scans]) =>
  command(`timer(${name}, ${scans} scans a request)`, async (world) => {
    world.scansPerRequest = scans;
    await Promise.all([0, 1].map((where) => world.run(name, world.line(where))));
    world.scansPerRequest = 0;
  }),
);

const restart = process.map((where) => command(`restart(process ${where})`, async (world) => world.replace(where)));

const odooFault = fc
  .tuple(fc.constantFrom(...ODOO_FAULTS), fc.constantFrom(...ODOO_METHODS))
  .map(([fault, method]) =>
    command(`odooFault(${fault}, ${method})`, (world) =>
      world.plant.odoo.command({ action: 'fault', fault, method, times: 1, delay: 0.05 }),
    ),
  );

const plcFault = fc
  .tuple(fc.constantFrom('exception', 'down'), fc.integer({ min: 1, max: 3 }))
  .map(([fault, times]) =>
    command(`plcFault(${fault}, ${times} times)`, async (world) => world.plant.plc.command({ action: 'fault', fault, times })),
  );

const databaseCut = fc.constant(
  command('databaseCut()', (world) => world.plant.database.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)),
);

const faultsOff = fc.constant(
  command('faultsOff()', async (world) => {
    await world.plant.odoo.command({ action: 'clear' });
    world.plant.plc.command({ action: 'clear' });
  }),
);

const timePasses = fc.constant(command('timePasses()', (world) => world.plant.letTimePass()));

/** A person in Odoo. */
const person = fc.tuple(fc.constantFrom('cancel', 'done', 'delete'), some).map(([action, place]) =>
  command(`person(${action}, MO ${place} of the queue)`, async (world) => {
    const mo_id = await moAt(world, 'mo_batch', place);
    const state = world.plant.odoo.orders().find((order) => order.mo_id === mo_id)?.state;
    if (mo_id === null || state !== 'confirmed') return;
    if (action === 'done') world.doneByHand.push(mo_id);
    await world.plant.odoo.command({ action, mo_id });
  }),
);

/** A person at the line. */
const operator = fc.tuple(fc.constantFrom('cancel', 'park', 'retry', 'requeue', 'hold', 'release'), some).map(([action, place]) =>
  command(`operator(${action}, ${place})`, async (world) => {
    const { cancel, act } = world.tasks(place);
    const mo_id = await moAt(world, action === 'requeue' ? 'mo_histories' : 'mo_batch', place);
    if (action === 'hold' || action === 'release') await act(action, { reason: 'cleaning' });
    else if (action === 'cancel') await cancel({ mo_id, notes: 'wrong recipe' });
    else await act(action, { mo_id, reason: 'seen' });
  }),
);

/** A person at the PLC. */
const panel = fc.tuple(fc.constantFrom('fail', 'hold', 'restart'), fc.integer({ min: 1, max: 3 })).map(([action, slot]) =>
  command(`panel(${action}, slot ${slot})`, async (world) => {
    const state = world.plant.plc.slots()[slot - 1]?.state ?? 'empty';
    const possible = action === 'restart' ? ['failed', 'held'] : ['waiting', 'dosing', 'mixing'];
    if (possible.includes(state)) world.plant.plc.command({ action, slot });
  }),
);

const powerCycle = fc.constant(command('powerCycle()', async (world) => world.plant.plc.command({ action: 'power-cycle' })));

/** How often each comes up: most of it is work, so that there is something to lose. */
const ANYTHING: Weighted[] = [
  [6, tick],
  [6, cycle],
  [3, plc],
  [3, timePasses],
  [3, crash],
  [2, failure],
  [4, stall],
  [2, redeploy],
  [3, timer],
  [2, together],
  [1, restart],
  [2, odooFault],
  [1, plcFault],
  [1, databaseCut],
  [1, faultsOff],
  [1, person],
  [2, operator],
  [1, panel],
  [1, powerCycle],
];

/** What may happen to a line, in any order. */
export function commands(most: number): fc.Arbitrary<Iterable<Command>> {
  const lots = ANYTHING.flatMap(([weight, arbitrary]) => Array.from({ length: weight }, () => arbitrary));
  return fc.commands(lots, { maxCommands: most, size: 'max' });
}
