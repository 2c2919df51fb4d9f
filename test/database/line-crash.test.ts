import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import { createLine, type Line } from '../../src/line/line';
import type { Odoo } from '../../src/odoo/odoo';
import type { Plc } from '../../src/plc/plc';
import { checkInvariants, type Plant, startPlant } from '../support/plant';

/** How the k-th call of a cycle goes wrong: refused, or done and its answer lost; alone, or as the last act of the process. */
interface Mishap {
  at: number;
  effect: 'before' | 'after';
  kill: boolean;
}

class Killed extends Error {}

/** A line whose k-th call to database, Odoo or PLC goes wrong. */
function unlucky(line: Line, { at, effect, kill }: Mishap): { line: Line; calls: () => number } {
  let calls = 0;
  const risky =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>, before: () => Error, after: () => Error) =>
    async (...args: Args): Promise<Result> => {
      calls += 1;
      if (kill && calls > at) throw new Killed('this process is dead');
      if (calls !== at) return call(...args);
      if (effect === 'before') throw kill ? new Killed('killed before the call') : before();
      await call(...args);
      throw kill ? new Killed('killed after the call') : after();
    };
  const error =
    (code: 'DB_UNREACHABLE' | 'DB_OUTCOME_UNKNOWN' | 'ODOO_UNREACHABLE' | 'ODOO_OUTCOME_UNKNOWN' | 'PLC_TIMEOUT', unknown = false) =>
    () =>
      new SmartMoError(code, 'an accident of the test', { class: unknown ? 'unknown' : 'transient' });

  const { database, odoo, plc } = line as Line & { odoo: Odoo; plc: Plc };
  const look = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    risky(call, error('ODOO_UNREACHABLE'), error('ODOO_UNREACHABLE'));
  const change = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    risky(call, error('ODOO_UNREACHABLE'), error('ODOO_OUTCOME_UNKNOWN', true));
  const query = risky<[sql: string, params?: readonly unknown[]], never[]>(
    (sql, params) => database.query<never>(sql, params),
    error('DB_UNREACHABLE'),
    error('DB_UNREACHABLE', true),
  );
  const transaction = risky<Parameters<Database['transaction']>, never>(
    (work) => database.transaction(work) as Promise<never>,
    error('DB_UNREACHABLE'),
    error('DB_OUTCOME_UNKNOWN', true),
  );
  const bad = createLine(line, {
    ...line,
    database: { ...database, query, transaction },
    odoo: {
      ...odoo,
      listConfirmed: look(odoo.listConfirmed),
      readStates: look(odoo.readStates),
      readOrder: look(odoo.readOrder),
      push: change(odoo.push),
      markDone: change(odoo.markDone),
      cancel: change(odoo.cancel),
    },
    plc: {
      ...plc,
      read: risky(plc.read, error('PLC_TIMEOUT'), error('PLC_TIMEOUT')),
      write: risky(plc.write, error('PLC_TIMEOUT'), error('PLC_TIMEOUT')),
    },
  });
  return { line: bad, calls: () => calls };
}

describe('the k-th call of a cycle goes wrong', function () {
  this.timeout(60_000);
  let plant: Plant;
  before(async function () {
    plant = await startPlant(this, { slots: 1, orders: 3 });
  });
  after(() => plant.close());

  /** What the timers do, each task whatever became of the one before. */
  async function cycle(line: Line): Promise<void> {
    const { gate, fetch, load, read, complete } = plant.on(line);
    const made = plant.plc.weighed().length;
    for (const task of [gate, fetch, load]) await task().catch(() => null);
    if (plant.plc.slots().some(({ recipe, state }) => recipe !== null || ['waiting', 'dosing', 'mixing'].includes(state)))
      await plant.plcIsDone(made + 1);
    for (const task of [read, complete]) await task().catch(() => null);
  }

  for (const [effect, kill] of [
    ['before', false],
    ['after', false],
    ['before', true],
    ['after', true],
  ] as const) {
    it(`${kill ? 'kill -9' : 'a failure'} ${effect} its effect, for every k: nothing is lost, nothing is doubled, all of it settles [fault: call-${kill ? 'then-killed' : effect === 'before' ? 'refused' : 'answer-lost'}]`, async () => {
      for (let at = 1; ; at += 1) {
        const { line, calls } = unlucky(plant.line, { at, effect, kill });
        await cycle(line);
        await checkInvariants(plant);
        const wasHit = calls() >= at;
        // The restart: the timers go on, and what they wait for comes.
        for (let run = 0; run < 6 && (run === 0 || (await plant.queued()).length > 0); run += 1) {
          await plant.letTimePass();
          await plant.load();
          if ((await plant.rows()).some(({ state }) => state === 'queued' || state === 'running'))
            await plant.plcIsDone(plant.plc.weighed().length);
          await plant.read();
          await plant.complete();
          await checkInvariants(plant);
        }
        assert.deepEqual(await plant.queued(), [], `call ${at} left something`);
        const history = await plant.history();
        assert.ok(history.every(({ status }) => status === 'completed'));
        const made = plant.plc.weighed().map(({ mo_id }) => mo_id);
        assert.equal(new Set(made).size, made.length, `call ${at}: the PLC made an MO twice`);
        assert.deepEqual([...made].sort(), history.map(({ mo_id }) => mo_id).sort(), `call ${at}: made and archived differ`);
        assert.ok(
          plant.plc.slots().every(({ state }) => state === 'acknowledged' || state === 'empty'),
          `call ${at}: not acknowledged`,
        );
        if (!wasHit) return assert.ok(at > 30, `only ${at} calls`);
      }
    });
  }
});
