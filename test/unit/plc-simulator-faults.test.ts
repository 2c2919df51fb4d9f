import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { readSlots } from '../../src/plc/read-slots';
import { FAULTS, type FaultName } from '../../src/simulators/plc/faults';
import { FRAME_FAULTS, isFrameFault } from '../../src/simulators/plc/frame-faults';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { isSlotFault, SLOT_FAULTS } from '../../src/simulators/plc/slot-faults';
import { modbusSettings } from '../support/modbus';
import { waitFor } from '../support/wait';

const mapping = compileMapping({
  map: { ...FEED_MILL_MAP, lineFields: [{ field: 'heartbeat', at: 5990, type: 'uint16' }] },
  materials: FEED_MILL_MATERIALS,
  slots: 10,
});
/** Of the write area, where no slot fault reaches. */
const SCRATCH = 7000;
const recipe = {
  batch_no: 3,
  mo_id: 'WH/MO/00042',
  recipe: 'A',
  finished_goods: 'B',
  quantity: 1000,
  materials: { silo_a: 600, silo_b: 400 },
};

/** What the driver says of the first request that is struck; "right" when its answer is. */
const SAYS: Record<keyof typeof FRAME_FAULTS, string> = {
  mute: 'PLC_TIMEOUT',
  exception: 'PLC_EXCEPTION',
  silence: 'PLC_TIMEOUT',
  'wrong-transaction-id': 'PLC_ANSWER',
  'foreign-protocol-id': 'PLC_ANSWER',
  'wrong-unit': 'PLC_ANSWER',
  garbage: 'PLC_ANSWER',
  'length-too-big': 'PLC_ANSWER',
  'partial-frame': 'PLC_TIMEOUT',
  reset: 'PLC_UNREACHABLE',
  fin: 'PLC_UNREACHABLE',
  'byte-count-0': 'PLC_ANSWER',
  'byte-count-odd': 'PLC_ANSWER',
  'byte-count-too-big': 'PLC_ANSWER',
  late: 'PLC_TIMEOUT',
  dripping: 'right',
};

/** What a reading at rest is found to be. */
const SHOWS: Record<keyof typeof SLOT_FAULTS, string> = {
  'torn-slot': 'right',
  'torn-value': 'right',
  'finished-before-weight': 'right',
  'creeping-weight': 'another weight',
  'swapped-words': 'bad-value',
  nan: 'bad-value',
  'counter-back': 'another weight',
  'unknown-mo': 'another name',
  'padded-name': 'right',
  'non-ascii-name': 'bad-value',
};

describe('the faults of the PLC simulator, against the driver', () => {
  let simulator: PlcSimulator;
  let plcs: Plc[];
  /** Promises of the driver that were neither kept nor broken. */
  let unsettled: number;

  beforeEach(async () => {
    simulator = await startPlcSimulator({ mapping, batchTime: 60, speed: 2000, deviation: 0 }, { clock: systemClock });
    plcs = [];
    unsettled = 0;
  });
  afterEach(async () => {
    for (const plc of plcs) plc.close();
    await simulator.close();
    assert.equal(unsettled, 0, 'requests that never ended');
  });

  function connect(timeout = 0.3): Plc {
    const plc = createModbusPlc(modbusSettings(simulator.port, { timeout }), { clock: { ...systemClock, sleep: () => Promise.resolve() } });
    plcs.push(plc);
    return plc;
  }
  const fault = (name: FaultName, options: object = {}): unknown => simulator.command({ action: 'fault', fault: name, ...options });

  /** The words, or the code of the error; anything else fails the test. */
  async function answerOf<T>(work: Promise<T>): Promise<T | string> {
    unsettled += 1;
    try {
      return await work;
    } catch (error) {
      assert.ok(error instanceof SmartMoError, String(error));
      return error.code;
    } finally {
      unsettled -= 1;
    }
  }

  async function assertWell(plc: Plc): Promise<void> {
    for (let at = 0; at < 20; at += 1) assert.deepEqual(await plc.read('holding', SCRATCH + at, 5), [at, at + 1, at + 2, at + 3, at + 4]);
  }

  function count(): void {
    simulator.registers.write(
      'holding',
      SCRATCH,
      Array.from({ length: 40 }, (_, index) => index),
    );
  }

  for (const name of Object.keys(FRAME_FAULTS).filter(isFrameFault)) {
    it(`${name}: ${SAYS[name]}, then every read is right`, async () => {
      // A held PLC: these words are no recipe, the program must not touch them.
      count();
      const plc = connect(name === 'dripping' ? 2 : 0.3);
      await assertWell(plc);
      for (const times of [1, 2]) {
        fault(name, { times, delay: 0.5 });
        for (let time = 0; time < times; time += 1) {
          const answer = await answerOf(plc.read('holding', SCRATCH + 8, 3));
          assert.deepEqual(answer, SAYS[name] === 'right' ? [8, 9, 10] : SAYS[name]);
        }
        await assertWell(plc);
      }
      fault(name, { times: 1, delay: 0.5 });
      const written = await answerOf(plc.write(SCRATCH + 38, [38, 39]));
      assert.deepEqual(written, SAYS[name] === 'right' ? undefined : SAYS[name]);
      await assertWell(plc);
      assert.equal(plc.state().state, 'ok');
    });
  }

  it('exceptions 1 to 11 keep the connection, and name the code', async () => {
    count();
    const plc = connect();
    for (let exception = 1; exception <= 11; exception += 1) {
      fault('exception', { exception, times: 1 });
      await assert.rejects(plc.read('holding', SCRATCH, 1), { code: 'PLC_EXCEPTION', value: exception });
    }
    await assertWell(plc);
  });

  it('refused: nobody listens, and the port is the same afterwards', async () => {
    count();
    const plc = connect();
    await assertWell(plc);
    fault('refused', { seconds: 0.2 });
    for (let time = 0; time < 3; time += 1) assert.equal(await answerOf(plc.read('holding', SCRATCH, 1)), 'PLC_UNREACHABLE');
    await waitFor(async () => Array.isArray(await answerOf(plc.read('holding', SCRATCH, 1))), { what: 'the PLC to listen again' });
    fault('refused');
    assert.equal(await answerOf(plc.read('holding', SCRATCH, 1)), 'PLC_UNREACHABLE');
    simulator.command({ action: 'clear' });
    await assertWell(plc);
  });

  it('one client only: the second is refused, the first goes on, and the next one gets in after it', async () => {
    count();
    const [first, second] = [connect(), connect()];
    await assertWell(first);
    fault('one-client');
    assert.equal(await answerOf(second.read('holding', SCRATCH, 1)), 'PLC_UNREACHABLE');
    await assertWell(first);
    first.close();
    await waitFor(async () => Array.isArray(await answerOf(second.read('holding', SCRATCH, 1))), { what: 'the second client to get in' });
    await assertWell(second);
  });

  it('the heartbeat stops and goes on', async () => {
    const plc = connect();
    const beat = async (): Promise<number | undefined> => (await plc.read('holding', 5990, 1))[0];
    fault('heartbeat-stopped');
    const stopped = await beat();
    // As many cycles as a beat surely takes.
    for (let time = 0; time < 10; time += 1) {
      await systemClock.sleep(10);
      assert.equal(await beat(), stopped);
    }
    simulator.command({ action: 'clear' });
    await waitFor(async () => (await beat()) !== stopped, { what: 'the next beat' });
  });

  for (const seed of [1, 2, 3]) {
    it(`random faults of seed ${seed}: no wrong data, nothing hangs${seed === 1 ? ', the same faults again with the same seed' : ''}`, async () => {
      count();
      const run = async (): Promise<string> => {
        const plc = connect(0.2);
        // Late and dripping answers are beyond the time-out, so that each run says the same.
        fault('random', { seed, delay: 2 });
        let history = '';
        for (let at = 0; at < 40; at += 1) {
          const answer = await answerOf(plc.read('holding', SCRATCH + (at % 30), 3));
          if (Array.isArray(answer)) assert.deepEqual(answer, [at % 30, (at % 30) + 1, (at % 30) + 2]);
          history += Array.isArray(answer) ? '.' : `${answer} `;
        }
        simulator.command({ action: 'clear' });
        await assertWell(plc);
        return history;
      };
      const history = await run();
      assert.ok((history.match(/PLC_/g) ?? []).length >= 5, history);
      if (seed === 1) assert.equal(await run(), history);
    });
  }

  for (const name of Object.keys(SLOT_FAULTS).filter(isSlotFault)) {
    it(`${name}: a batch at rest reads as ${SHOWS[name]}, and right when it is over`, async () => {
      const plc = connect(2);
      const { body, flag } = mapping.encodeRecipe(recipe);
      await plc.write(body.address, body.words);
      if (flag) await plc.write(flag.address, [0]);
      await waitFor(() => simulator.slots()[2]?.state === 'finished', { what: 'the batch to finish' });
      // The picture of one cycle ago is the same by then.
      await systemClock.sleep(50);
      const read = async (): Promise<string> => {
        const [reading] = (await readSlots(plc, mapping, { slots: [3], orderQuantity: () => 1000 })).readings;
        assert.ok(reading);
        const [bad] = reading.bad;
        if (bad) return bad.code;
        if (reading.mo_id !== recipe.mo_id) return 'another name';
        const { silo_a, silo_b } = reading.materials;
        return silo_a === 600 && silo_b === 400 && reading.actual_weight === 1000 && reading.finished ? 'right' : 'another weight';
      };
      assert.equal(await read(), 'right');
      fault(name, { slot: 3 });
      assert.equal(await read(), SHOWS[name]);
      simulator.command({ action: 'clear' });
      assert.equal(await read(), 'right');
      fault(name, { slot: 4 });
      assert.equal(await read(), 'right', 'another slot is struck');
    });
  }

  it('says which fault is on, and how long', () => {
    assert.equal(simulator.fault(), '');
    fault('mute', { seconds: 30 });
    assert.equal(simulator.fault(), 'fault mute, 30 s left');
    fault('nan', { times: 2 });
    assert.equal(simulator.fault(), 'fault nan, 2 left');
    fault('torn-slot');
    assert.equal(simulator.fault(), 'fault torn-slot');
    simulator.command({ action: 'clear' });
    assert.equal(simulator.fault(), '');
  });

  it('every fault has a test above', () => {
    const device = ['refused', 'down', 'one-client', 'heartbeat-stopped', 'random'];
    assert.deepEqual([...FAULTS].sort(), [...device, ...Object.keys(SAYS), ...Object.keys(SHOWS)].sort());
  });
});
