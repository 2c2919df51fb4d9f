import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { ReadOptions } from '../../src/line/read';
import type { QueueRow } from '../../src/queue/batch';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant } from '../support/plant';

interface Slot {
  batch_no: unknown;
  mo_id: unknown;
  status_manufacturing: unknown;
  status_operation: unknown;
  actual_weight?: unknown;
  materials: unknown;
}

const codes = ({ payload }: Outcome): string[] => (payload['bad'] as { code: string }[]).map(({ code }) => code);
const planned = (row: QueueRow): Record<string, number> => Object.fromEntries(row.materials.map(({ tag, planned: plan }) => [tag, plan]));
const weightOf = (row: QueueRow): number => row.materials.reduce((sum, { planned: plan }) => sum + plan, 0);

/** What another PLC node would say of a batch in its slot. */
const shows = (row: QueueRow, given: Partial<Slot> = {}): Slot => ({
  batch_no: row.batch_no,
  mo_id: row.mo_id,
  status_manufacturing: 0,
  status_operation: 0,
  actual_weight: null,
  materials: planned(row),
  ...given,
});
const finished = (row: QueueRow, given: Partial<Slot> = {}): Slot =>
  shows(row, { status_manufacturing: 1, actual_weight: weightOf(row), ...given });

describe('slots that come in messages', () => {
  let plant: Plant;
  let line: Line;
  /** Milliseconds that the clock of the line is ahead. */
  let ahead: number;

  beforeEach(async function () {
    plant = await startPlant(this);
    line = started();
    await plant.fetch({ limit: 3 });
  });
  afterEach(() => plant.close());

  /** A line without a PLC of its own, as it is after a start of Node-RED. */
  function started(): Line {
    ahead = 0;
    return { ...plant.otherProcess(), plc: null, clock: { ...systemClock, now: () => new Date(Date.now() + ahead) } };
  }
  const read = (slots: unknown, options: Partial<ReadOptions> = {}): Promise<Outcome> =>
    plant.on(line).read({ source: 'msg', payload: { slots }, settle: 2, settleTimeout: 10, ...options });
  async function later(seconds: number, slots: Slot[]): Promise<Outcome> {
    ahead += seconds * 1000;
    return read(slots);
  }
  const rows = async (): Promise<[QueueRow, QueueRow, QueueRow]> => (await plant.rows()) as [QueueRow, QueueRow, QueueRow];
  const states = async (): Promise<string[]> => (await rows()).map(({ state }) => state);
  const alarms = async (): Promise<string[]> => {
    const { payload } = await plant.report('real-time');
    return (payload['alarms'] as { code: string; mo_id: string }[]).map(({ code, mo_id }) => `${code} ${mo_id}`);
  };

  it('take batches from queued to archived, without a PLC of the line and without an acknowledgement', async () => {
    const set = await rows();
    const running = await read(set.map((row) => shows(row, { materials: { ...planned(row), silo_a: 1 } })));
    assert.deepEqual(await states(), ['running', 'running', 'running']);
    assert.deepEqual([running.payload['requests'], running.payload['slots']], [0, 3]);
    await read(set.map((row) => finished(row)));
    const { payload } = await later(
      2,
      set.map((row) => finished(row)),
    );
    assert.deepEqual(
      payload['finished'],
      set.map((row) => ({ batch_no: row.batch_no, mo_id: row.mo_id, actual_weight: weightOf(row) })),
    );
    await plant.complete();
    assert.deepEqual(
      (await plant.history()).map(({ mo_id, status }) => [mo_id, status]),
      set.map(({ mo_id }) => [mo_id, 'completed']),
    );
    await checkInvariants(plant);
  });

  it('a finish counts with messages that agree, settle seconds apart', async () => {
    const [row] = await rows();
    await read([finished(row)]);
    await later(1.9, [finished(row)]);
    assert.equal((await rows())[0].state, 'running');
    await later(0.2, [finished(row)]);
    assert.equal((await rows())[0].state, 'finished');
  });

  it('a message that differs in between begins anew', async () => {
    const [row] = await rows();
    await read([finished(row)]);
    await later(1.5, [finished(row, { actual_weight: weightOf(row) - 1 })]);
    await later(1.5, [finished(row)]);
    await later(1.5, [finished(row)]);
    assert.equal((await rows())[0].state, 'running');
    await later(0.5, [finished(row)]);
    assert.deepEqual([(await rows())[0].state, (await rows())[0].actual_weight], ['finished', weightOf(row)]);
  });

  for (const [what, forget] of [
    ['a restart', () => Promise.resolve((line = started()))],
    ['a clock that was set back', () => Promise.resolve((ahead -= 3_600_000))],
    ['a message that does not say finished', async () => read([shows((await rows())[0])])],
  ] as const) {
    it(`${what} only delays a finish`, async () => {
      const [row] = await rows();
      await read([finished(row)]);
      await forget();
      await later(5, [finished(row)]);
      assert.equal((await rows())[0].state, 'running');
      await later(2, [finished(row)]);
      assert.equal((await rows())[0].state, 'finished');
    });
  }

  it('finished before the weight: an alarm when it does not come, and the finish when it does', async () => {
    const [row] = await rows();
    const early = finished(row, { actual_weight: null });
    assert.deepEqual(
      [codes(await read([early])), codes(await later(9, [early])), codes(await later(2, [early]))],
      [[], [], ['not-settled']],
    );
    assert.deepEqual(await alarms(), [`not-settled ${row.mo_id}`]);
    await later(2, [finished(row)]);
    await later(2, [finished(row)]);
    assert.deepEqual([(await rows())[0].state, await alarms()], ['finished', []]);
  });

  const first = { batch_no: 1, mo_id: 'WH/MO/00001', status_manufacturing: 0, status_operation: 0, materials: {} };
  const refused: [string, unknown, RegExp][] = [
    ['no object', 7, /^payload must be object; it is 7$/],
    ['no slots', {}, /^payload must have required property 'slots'/],
    ['an empty list', { slots: [] }, /^payload\.slots must NOT have fewer than 1 items; it is \[\]/],
    [
      'a slot number that is a text',
      { slots: [{ ...first, batch_no: 'one' }] },
      /^payload\.slots\.0\.batch_no must be integer; it is 'one'/,
    ],
    [
      'a slot that the line has not',
      { slots: [{ ...first, batch_no: 11 }] },
      /^payload\.slots\.0\.batch_no is 11; line main has slots 1 to 10/,
    ],
    ['a slot twice', { slots: [first, first] }, /^payload\.slots\.1\.batch_no is 1 a second time; send each slot once/],
    ['a name that is a number', { slots: [{ ...first, mo_id: 17 }] }, /^payload\.slots\.0\.mo_id must be string; it is 17/],
    [
      'a bit that is a boolean',
      { slots: [{ ...first, status_operation: true }] },
      /^payload\.slots\.0\.status_operation must be number; it is true/,
    ],
    [
      'a weight that is a word',
      { slots: [{ ...first, actual_weight: 'none' }] },
      /^payload\.slots\.0\.actual_weight must be number; it is 'none'/,
    ],
    [
      'a material that is null',
      { slots: [{ ...first, materials: { silo_a: null } }] },
      /^payload\.slots\.0\.materials\.silo_a must be number; it is null/,
    ],
    [
      'a material the line has not',
      { slots: [{ ...first, materials: { silo_x: 1 } }] },
      /^payload\.slots\.0\.materials\.silo_x is no material of line main, which has silo_a, /,
    ],
    [
      'a name that every object has',
      JSON.parse('{"slots":[{"batch_no":1,"mo_id":"","status_manufacturing":0,"status_operation":0,"materials":{"__proto__":1}}]}'),
      /materials\.__proto__ is no material/,
    ],
  ];
  for (const [what, payload, message] of refused) {
    it(`${what} is refused with path and value, and nothing is stored`, async () => {
      const before = await plant.rows();
      await assert.rejects(plant.on(line).read({ source: 'msg', payload }), { name: 'INPUT_INVALID', message });
      assert.deepEqual(await plant.rows(), before);
    });
  }

  const spoilt: [string, (row: QueueRow) => Partial<Slot>, RegExp][] = [
    ['NaN', (row) => ({ materials: { ...planned(row), silo_a: Number.NaN } }), /slot 2: silo_a in the message is NaN, which is no number/],
    ['infinity', () => ({ actual_weight: Infinity }), /slot 2: actual_weight in the message is Infinity, which is no number/],
    [
      'a negative weight',
      (row) => ({ materials: { ...planned(row), silo_b: -0.5 } }),
      /silo_b in the message is -0.5 kg; a weight is never negative/,
    ],
    [
      'more than plausible',
      () => ({ actual_weight: 1500.5 }),
      /actual_weight in the message is 1500.5 kg, above the plausible maximum of 1500 kg/,
    ],
    ['a planned material that is not there', () => ({ materials: {} }), /silo_a in the message is missing, and it is planned for WH\/MO/],
    ['a bit that is 2', () => ({ status_manufacturing: 2 }), /status_manufacturing in the message is 2; it can only be 0 or 1/],
    ['a name that cannot be printed', () => ({ mo_id: 'WH/MO/\u0001' }), /mo_id in the message cannot be trusted/],
  ];
  for (const [what, values, text] of spoilt) {
    it(`${what} leaves the row of that slot as it is, and the others are stored`, async () => {
      const set = await rows();
      for (const seconds of [0, 5]) {
        const outcome = await later(
          seconds,
          set.map((row) => (row === set[1] ? finished(row, values(row)) : finished(row))),
        );
        assert.deepEqual([...new Set(codes(outcome))], ['bad-value']);
        assert.match(String((outcome.payload['bad'] as { text: string }[])[0]?.text), text);
        assert.ok(outcome.events.every(({ port, event }) => port === 2 && event === 'bad-slot'));
      }
      assert.deepEqual([await states(), (await rows())[1]], [['finished', 'queued', 'finished'], set[1]]);
    });
  }

  it('numbers may come as text, names with their padding, and a REAL with digits that nobody weighed', async () => {
    const [row] = await rows();
    const actual = Object.fromEntries(Object.entries(planned(row)).map(([tag, plan]) => [tag, String(plan)]));
    const [tag = ''] = Object.keys(actual);
    const slot = finished(row, {
      batch_no: '1',
      mo_id: `${row.mo_id}\0\0  `,
      status_manufacturing: '1',
      actual_weight: weightOf(row) + 0.0001,
      materials: { ...actual, [tag]: Math.fround(Number(actual[tag]) + 0.1) },
    });
    await read([slot]);
    await later(2, [slot]);
    const [now] = await rows();
    assert.deepEqual([now.state, now.actual_weight, now.actual?.[tag]], ['finished', weightOf(row), Number(actual[tag]) + 0.1]);
  });

  it('a message with some of the slots says nothing about the others: none is missed, and their alarms stay', async () => {
    const [one, two, three] = await rows();
    await read([shows(one), shows(two, { actual_weight: -1 }), shows(three)]);
    for (let times = 0; times < 4; times += 1) await later(1, [shows(one)]);
    assert.deepEqual(await alarms(), [`bad-value ${two.mo_id}`]);
    assert.deepEqual(
      (await rows()).map(({ missed_reads }) => missed_reads),
      [0, 0, 0],
    );
    await later(1, [shows(two)]);
    assert.deepEqual(await alarms(), []);
  });

  it('an empty slot of a batch that was there is missed', async () => {
    const [one] = await rows();
    await read([shows(one)]);
    for (let times = 0; times < 3; times += 1) await later(1, [{ ...first, mo_id: '  ' }]);
    assert.deepEqual(await alarms(), [`slot-missing ${one.mo_id}`]);
  });

  it('an MO in another slot than its own is told and not stored; one that nobody knows is an alarm', async () => {
    const [one, two] = await rows();
    const outcome = await read([shows(two, { batch_no: 1 }), { ...first, batch_no: 5, mo_id: 'WH/MO/77777' }]);
    assert.deepEqual(codes(outcome), ['wrong-slot', 'unknown-mo']);
    assert.deepEqual((await rows())[0], one);
  });

  it('observe shows what would be stored, and stores nothing', async () => {
    const before = await rows();
    line = { ...line, mode: 'observe' };
    const { payload } = await read([shows(before[0])]);
    assert.match(payload.text, /^observe: 1 slots read, 1 batch would be updated/);
    assert.deepEqual(await rows(), before);
  });

  it('a line that is fed by messages is told when they stop', async () => {
    const health = async (): Promise<string[]> =>
      ((await plant.on(line).report('health')).payload['issues'] as { code: string }[]).map(({ code }) => code);
    assert.deepEqual(await health(), []);
    await read([shows((await rows())[0])]);
    assert.deepEqual(await health(), []);
    await plant.age(16);
    assert.deepEqual(await health(), ['plc-down']);
    await read([shows((await rows())[0])]);
    assert.deepEqual(await health(), []);
  });
});
