import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import { createModbusPlc } from '../../src/plc/modbus';
import type { HistoryRow } from '../../src/queue/batch';
import { setHold } from '../../src/queue/operator';
import { FAULTS, type FaultName } from '../../src/simulators/plc/faults';
import type { Weighed } from '../../src/simulators/plc/cell';
import { modbusSettings } from '../support/modbus';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

/** The faults that the fault list calls otherwise. */
const LISTED: Partial<Record<FaultName, string>> = {
  exception: 'plc-exceptions-1-to-11',
  'unknown-mo': 'plc-unknown-order',
  'non-ascii-name': 'plc-name-unprintable',
  random: 'plc-many-at-random',
};

/** Every fault strikes while batches run, finish and are read; then it ends, and all of it comes out right. */
describe('the faults of the PLC, at the reader', function () {
  this.timeout(60_000);
  let plant: Plant;
  let line: Line;
  const connect = (planning: 'slot' | 'fewest'): Line => {
    const settings = modbusSettings(plant.plc.port, { timeout: 0.3, planning });
    return { ...plant.line, plc: createModbusPlc(settings, { clock: { ...systemClock, sleep: () => Promise.resolve() } }) };
  };

  before(async function () {
    plant = await startPlant(this, { orders: 100, plc: { speed: 300 } });
  });
  afterEach(() => line?.plc?.close());
  after(() => plant?.close());

  /** A result that is stored is what the scales showed, to the gram. */
  function assertTrue(records: readonly Pick<HistoryRow, 'mo_id' | 'actual' | 'actual_weight'>[], weighed: readonly Weighed[]): void {
    for (const { mo_id, actual, actual_weight } of records) {
      const really = weighed.find((entry) => entry.mo_id === mo_id);
      assert.ok(really, `${mo_id} is stored as finished, and the PLC has not finished it`);
      assert.equal(actual_weight, really.actual_weight, mo_id);
      for (const [tag, value] of Object.entries(actual ?? {})) assert.equal(value, really.materials[tag], `${mo_id} ${tag}`);
    }
  }

  async function readOnce(): Promise<string> {
    try {
      await plant.on(line).read({ settle: 0.02, settleTimeout: 0.1 });
      return 'read';
    } catch (error) {
      assert.ok(error instanceof SmartMoError && error.code.startsWith('PLC_'), String(error));
      return error.code;
    }
  }

  const cases = [
    ...FAULTS.map((fault) => ({ fault, planning: 'slot' }) as const),
    ...(['torn-slot', 'torn-value'] as const).map((fault) => ({ fault, planning: 'fewest' }) as const),
  ];
  for (const { fault, planning } of cases) {
    const how = planning === 'slot' ? fault : `${fault}, read in as few requests as possible`;
    it(`${how}: nothing wrong is stored, and all of it settles [fault: ${LISTED[fault] ?? `plc-${fault}`}]`, async () => {
      line = connect(planning);
      await plant.fetch({ limit: 2 });
      const set = await plant.queued();
      assert.equal(set.length, 2);
      await plant.load();
      plant.plc.command({ action: 'fault', fault, seed: 5, delay: 1 });
      const made = (): Weighed[] => plant.plc.weighed().filter(({ mo_id }) => set.includes(mo_id));
      for (let after = 0; after < 3;) {
        await readOnce();
        const rows = await plant.rows();
        assert.deepEqual(
          rows.map(({ mo_id }) => mo_id),
          set,
        );
        assertTrue(
          rows.filter(({ state }) => state === 'finished' || state === 'failed'),
          made(),
        );
        for (const row of rows) {
          for (const value of Object.values(row.actual ?? {}))
            assert.ok(value >= 0 && value <= row.quantity * 1.5, `${row.mo_id} ${value}`);
        }
        // Three more readings when both batches are made.
        if (made().length === 2) after += 1;
        else await delay(5);
      }
      plant.plc.command({ action: 'clear' });
      // A name that nobody knows holds the line, for a person to look.
      if (fault === 'unknown-mo' && (await plant.history()).length > 0) assert.equal((await plant.fetch()).payload['reason'], 'hold');
      await setHold(plant.database, 'main', false, { reason: 'looked', actor: 'test' });
      const drained = async (): Promise<boolean> => {
        await readOnce();
        await plant.complete();
        return (await plant.queued()).length === 0;
      };
      await waitFor(drained, { what: 'both batches completed' });
      const records = await plant.database.query<HistoryRow>('SELECT * FROM {schema}.mo_histories WHERE mo_id = ANY($1)', [set]);
      assert.deepEqual(
        records.map(({ status }) => status),
        ['completed', 'completed'],
      );
      assertTrue(records, made());
      await checkInvariants(plant);
      await waitFor(() => plant.plc.slots().every(({ state }) => state === 'acknowledged' || state === 'empty'), {
        what: 'the acknowledgements',
      });
    });
  }
});
