import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { createLine, type Line } from '../../src/line/line';
import type { Run } from '../../src/line/run';
import type { HistoryRow } from '../../src/queue/batch';
import { checkJournal, keepJournal } from '../support/journal';
import type { Careless } from './careless';
import { Killed } from '../support/mishap';
import { handClock } from '../support/odoo-simulator-clock';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant, type Tasks } from '../support/plant';
import { waitFor } from '../support/wait';

export const TASKS = ['gate', 'fetch', 'load', 'read', 'complete', 'health'] as const;
export type TaskOf = (typeof TASKS)[number];

/** Real milliseconds of one scan of the PLC; at speed 2000 ten seconds of the plant. */
const SCAN_SECONDS = 0.005;
/** More scans than a full PLC needs to make all its batches. */
export const ALL_DAY = 40;
const SLOTS = 3;

/** A plant with two processes on one database, in which everything happens only when a command says so. */
export interface World {
  plant: Plant;
  line(process: number): Line;
  /** Runs a task as that node does. What it throws must be one of our errors, or the death of the process. */
  run(task: TaskOf, line: Line, given?: Partial<Run>): Promise<void>;
  /** The tasks of a person, on any of the processes. */
  tasks(process: number): Tasks;
  /** The process is gone with all it knew; another one starts in its place. */
  replace(process: number): void;
  /** The PLC goes on for so many scans. */
  scan(times: number): Promise<void>;
  /** How many scans the PLC makes at every request, so that it changes in the middle of a task. */
  scansPerRequest: number;
  /** A person marked this MO done in Odoo, with figures of his own. */
  doneByHand: string[];
  /** I1 to I10, in this moment. */
  check(): Promise<void>;
  /** I11: the faults are over, and a person does what the alarms ask for. */
  heal(): Promise<void>;
}

const EVERY_ALARM = 'SELECT DISTINCT mo_id FROM {schema}.mo_alarm WHERE cleared_at IS NULL';
const HELD_BY_ITSELF = `SELECT actor, detail FROM {schema}.mo_events WHERE event = 'hold' AND actor <> 'operator'`;
const RUNS = `SELECT mo_id, count(*) AS runs FROM {schema}.mo_events WHERE event = 'queued' GROUP BY mo_id`;
const STORED = `
SELECT mo_id FROM {schema}.mo_histories
UNION SELECT mo_id FROM {schema}.mo_batch WHERE status_manufacturing = 1`;

/** @param careless one task as somebody else would have written it, in all processes */
export async function startWorld(context: Mocha.Context, careless?: Careless): Promise<World> {
  const clock = handClock();
  const plant = await startPlant(context, { slots: SLOTS, orders: 6, odoo: { timeout: 0.3 }, plcClock: clock });
  await keepJournal(plant.database);
  await careless?.prepare(plant.database);
  const lines: Line[] = [];

  async function scan(times: number): Promise<void> {
    for (let scans = 0; scans < times; scans += 1) {
      clock.advance(SCAN_SECONDS);
      await new Promise(setImmediate);
    }
  }

  function start(): Line {
    const line = plant.otherProcess();
    const { plc } = line;
    assert.ok(plc);
    const meanwhile =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        await scan(world.scansPerRequest);
        return call(...args);
      };
    return createLine(line, { ...line, plc: { ...plc, read: meanwhile(plc.read), write: meanwhile(plc.write) } });
  }

  const line = (process: number): Line => (lines[process % 2] ??= start());

  async function run(task: TaskOf, on: Line, given?: Partial<Run>): Promise<void> {
    const tasks = plant.on(on, given);
    try {
      if (task === careless?.task) await careless.run(on, tasks);
      else await (task === 'health' ? tasks.report('health') : tasks[task]());
    } catch (error) {
      if (!(error instanceof SmartMoError || error instanceof Killed)) throw error;
    }
  }

  /** What the PLC weighed is what is recorded (I6), no MO runs more often than it was queued, nothing is acknowledged too early (I10). */
  async function checkPlc(): Promise<void> {
    // The PLC sees an acknowledgement in its next scan.
    await scan(1);
    const weighed = plant.plc.weighed();
    for (const { mo_id, runs } of await plant.database.query<{ mo_id: string; runs: number }>(RUNS)) {
      const made = weighed.filter((batch) => batch.mo_id === mo_id).length;
      assert.ok(made <= runs, `the PLC made ${mo_id} ${made} times, it was queued ${runs} times`);
    }
    const records = await plant.database.query<HistoryRow>(`SELECT * FROM {schema}.mo_histories WHERE status = 'completed'`);
    for (const { mo_id, actual, actual_weight, measured_by } of records.filter(({ measured_by: by }) => by === 'plc')) {
      const same = weighed.some(
        (batch) =>
          batch.mo_id === mo_id &&
          batch.actual_weight === actual_weight &&
          Object.entries(actual ?? {}).every(([tag, weight]) => batch.materials[tag] === weight),
      );
      assert.ok(same, `I6: ${mo_id} is recorded with ${actual_weight} kg by the ${measured_by}, which weighed no such batch`);
    }
    const stored = new Set((await plant.database.query<{ mo_id: string }>(STORED)).map(({ mo_id }) => mo_id));
    for (const { state, mo_id, slot } of plant.plc.slots()) {
      assert.ok(state !== 'acknowledged' || stored.has(mo_id), `I10: slot ${slot} ${mo_id} is acknowledged and not stored`);
    }
  }

  /** A person looks at what is left and does what can be done about it. */
  async function decide(): Promise<void> {
    const { rows, act, cancel, report, database } = { ...plant, ...plant.on(line(0)) };
    await report('health');
    const alarms = new Set((await database.query<{ mo_id: string }>(EVERY_ALARM)).map(({ mo_id }) => mo_id));
    for (const { mo_id, state, last_error } of await rows()) {
      assert.ok(alarms.has(mo_id), `I11: ${mo_id} is still ${state} (${last_error ?? 'no error'}), and no alarm says so`);
      if (state === 'failed') await act('park', { mo_id, reason: 'as the alarm says' });
      else if ((await cancel({ mo_id, notes: 'as the alarm says' }, { cancelInOdoo: false })).port === 2)
        await act('park', { mo_id, reason: 'done in Odoo' });
    }
  }

  const world: World = {
    plant,
    line,
    run,
    tasks: (process) => plant.on(line(process), { actor: 'operator' }),
    replace(process) {
      const old = line(process);
      old.odoo?.close();
      old.plc?.close();
      lines[process % 2] = start();
    },
    scan,
    scansPerRequest: 0,
    doneByHand: [],
    async check() {
      await checkInvariants(plant, world.doneByHand);
      await checkJournal(plant.database);
      await checkPlc();
      assert.deepEqual(await plant.database.query(HELD_BY_ITSELF), [], 'the line held itself, and nothing was restored or changed');
    },
    async heal() {
      await plant.odoo.command({ action: 'clear' });
      plant.plc.command({ action: 'clear' });
      world.scansPerRequest = 0;
      await world.tasks(0).act('release', { reason: 'all is well' });
      for (let round = 0; (await plant.rows()).length > 0; round += 1) {
        assert.ok(round < 20, `I11: after ${round} rounds without a fault: ${JSON.stringify(await plant.rows())}`);
        for (const { slot, state } of plant.plc.slots()) {
          if (state === 'failed' || state === 'held') plant.plc.command({ action: 'restart', slot });
        }
        await plant.letTimePass();
        for (const task of ['load', 'read', 'complete', 'health'] as const) {
          await run(task, line(round));
          await scan(ALL_DAY);
        }
        await world.check();
        if (round >= 6) await decide();
      }
      await waitFor(async () => (await plant.on(line(0)).fetch()).payload['reason'] === 'queued', { what: 'I11: the next set' });
      await world.check();
    },
  };
  return world;
}
