import assert from 'node:assert/strict';
import type { Clock } from '../../src/clock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping, type Mapping } from '../../src/plc/mapping';
import type { RegisterMap } from '../../src/plc/register-map';
import { type Cell, type CellState, createCell, EMPTY_CELL } from '../../src/simulators/plc/cell';
import { createPanel, type Panel } from '../../src/simulators/plc/panel';

const clock: Clock = { now: () => new Date('2026-03-01T06:00:00Z'), sleep: async () => undefined };
const feedMill = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 3 });

/** A small plant with other habits: input registers, one status word, a bit, floats with the low word first, no flag. */
const otherMap: RegisterMap = {
  version: 1,
  addressing: 'zero-based',
  read: { function: 'input', base: 0, stride: 20 },
  write: { function: 'holding', base: 0, stride: 20 },
  lineFields: [
    { field: 'heartbeat', at: 90, type: 'uint16' },
    { field: 'map_version', at: 91, type: 'uint16', expect: 7 },
  ],
  fields: [
    { field: 'batch_no', at: 0, type: 'uint16' },
    { field: 'mo_id', at: 1, type: 'ascii', words: 8 },
    { material: 'oil', at: 9, type: 'float32', order: 'CDAB' },
    { material: 'salt', at: 11, type: 'bcd16', scale: 0.1 },
    { field: 'status', at: 12, type: 'uint16', values: { 0: 'idle', 2: 'running', 3: 'finished', 9: 'failed' } },
    { field: 'actual_weight', at: 13, type: 'float32', order: 'CDAB' },
  ],
};
const material = (tag: string) => ({ tag, code: tag, product: tag, manual: false, share: 0, max: 0 });
const otherPlant = compileMapping({ map: otherMap, materials: [material('oil'), material('salt')], slots: 2 });

interface Plant {
  panel: Panel;
  cell: Cell;
  state: CellState;
  load(slot: number, mo_id: string, materials: Record<string, number>): void;
  acknowledge(slot: number): void;
  word(area: 'read' | 'write', slot: number, at: number): number | undefined;
  /** Scans in steps of a tenth of a second of plant time. */
  run(seconds: number): string[];
}

function createPlant(mapping: Mapping = feedMill, state: CellState = structuredClone(EMPTY_CELL), panel = createPanel(mapping)): Plant {
  const cell = createCell({ panel, state, clock, batchTime: 60, deviation: 1, noise: () => () => 0.75 });
  const function_ = { read: mapping.read.function, write: 'holding' } as const;
  return {
    panel,
    cell,
    state,
    load(slot, mo_id, materials) {
      const { body, flag } = mapping.encodeRecipe({
        batch_no: slot,
        mo_id,
        recipe: 'FEED-A',
        finished_goods: 'Feed A',
        quantity: 1000,
        materials,
      });
      panel.registers.write('holding', body.address, body.words);
      if (flag) panel.registers.write('holding', flag.address, [0]);
    },
    acknowledge: (slot) => panel.registers.write('holding', mapping.slotAddress('read', slot) + 76, [1]),
    word: (area, slot, at) => panel.registers.read(function_[area], mapping.slotAddress(area, slot) + at, 1)[0],
    run: (seconds) =>
      Array.from({ length: Math.round(seconds * 10) }, () => cell.scan(0.1).events).flatMap((events) =>
        events.map((e) => `${e.event} ${e.slot}`),
      ),
  };
}

describe('PLC simulator: batch cell', () => {
  it('leaves an all-empty memory alone', () => {
    const plant = createPlant();
    assert.deepEqual(plant.run(5), []);
    assert.ok(
      plant.panel.registers
        .dump()
        .flat()
        .every((word) => word === 0),
    );
  });

  it('takes a recipe only when its flag is 0, and shows it in the read area in the same scan', () => {
    const plant = createPlant();
    plant.load(2, 'WH/MO/00002', { silo_a: 600, lq_fml: 20 });
    plant.panel.registers.write('holding', 7176, [1]);
    assert.deepEqual(plant.run(1), []);

    plant.panel.registers.write('holding', 7176, [0]);
    assert.deepEqual(plant.cell.scan(0).events[0]?.event, 'taken');
    assert.equal(plant.word('write', 2, 76), 1);
    const reading = feedMill.decodeSlot(2, plant.panel.registers.read('holding', 6100, 77), () => 1000);
    assert.deepEqual(
      [reading.mo_id, reading.bad, reading.running, reading.finished, reading.acknowledged],
      ['WH/MO/00002', [], false, false, false],
    );
    assert.equal(plant.word('read', 2, 27), 101);
    assert.equal(plant.word('read', 2, 69), 115);
  });

  it('moves one bar after the other, settles the weights, and sets status_manufacturing last', () => {
    const plant = createPlant();
    plant.load(1, 'WH/MO/00001', { silo_a: 600, silo_c: 300, lq_tetes: 100 });
    let before = plant.cell.picture(1);
    const opened: string[] = [];
    let settledAt: number | null = null;
    for (let scans = 0; plant.word('read', 1, 72) === 0; scans += 1) {
      assert.ok(scans < 700, 'the batch does not end');
      plant.run(0.1);
      const now = plant.cell.picture(1);
      const rising = Object.keys(now.materials).filter((tag) => (now.materials[tag] ?? 0) > (before.materials[tag] ?? 0));
      assert.ok(rising.length <= 2, `${rising.join()} rise at once`);
      for (const tag of rising) if (!opened.includes(tag)) opened.push(tag);
      if (now.actual_weight > 0) settledAt ??= scans;
      if (settledAt !== null && scans > settledAt) assert.deepEqual(now.materials, before.materials, 'weights move after actual_weight');
      if (now.state === 'finished') assert.ok(settledAt !== null && settledAt < scans, 'finished in the scan of the weight');
      before = now;
    }
    assert.deepEqual(opened, ['silo_a', 'silo_c', 'lq_tetes']);
    assert.deepEqual(
      [before.materials.silo_a, before.materials.silo_c, before.materials.lq_tetes, before.actual_weight],
      [603, 301.5, 100.5, 1005],
    );
    const [weighed] = plant.state.weighed;
    assert.deepEqual(
      [weighed?.mo_id, weighed?.materials.silo_a, weighed?.materials.silo_b, weighed?.actual_weight],
      ['WH/MO/00001', 603, 0, 1005],
    );
  });

  it('takes as long as batchTime says', () => {
    const plant = createPlant();
    plant.load(1, 'WH/MO/00001', { silo_a: 600 });
    assert.ok(!plant.run(59).includes('finished 1'));
    assert.deepEqual(plant.run(2), ['finished 1']);
  });

  it('runs one batch after the other in the order taken', () => {
    const plant = createPlant();
    for (const slot of [3, 1]) plant.load(slot, `WH/MO/0000${slot}`, { silo_b: 10 });
    const events = plant.run(100);
    plant.load(2, 'WH/MO/00002', { silo_b: 10 });
    events.push(...plant.run(100));
    assert.deepEqual(events, [
      ...['taken 1', 'taken 3', 'started 1', 'finished 1', 'started 3'],
      ...['taken 2', 'finished 3', 'started 2', 'finished 2'],
    ]);
  });

  it('keeps a finished slot until it is acknowledged, and does not touch it afterwards', () => {
    const plant = createPlant();
    plant.load(1, 'WH/MO/00001', { silo_a: 600 });
    plant.run(1);
    plant.load(1, 'WH/MO/00011', { silo_a: 500 });
    const events = plant.run(70);
    assert.deepEqual(events, ['finished 1']);
    assert.equal(plant.cell.picture(1).recipe, 'WH/MO/00011');

    plant.panel.registers.write('holding', 7076, [1]);
    plant.acknowledge(1);
    const shown = plant.panel.registers.read('holding', 6000, 77);
    assert.deepEqual(plant.run(5), ['acknowledged 1']);
    assert.deepEqual(plant.panel.registers.read('holding', 6000, 77), shown);
    assert.equal(plant.cell.picture(1).state, 'acknowledged');

    plant.panel.registers.write('holding', 7076, [0]);
    assert.deepEqual(plant.run(1), ['taken 1', 'started 1']);
    assert.deepEqual([plant.word('read', 1, 72), plant.word('read', 1, 76)], [0, 0]);
  });

  it('weighs every run of an MO, so that a double run is seen', () => {
    const plant = createPlant();
    for (let run = 0; run < 2; run += 1) {
      plant.load(1, 'WH/MO/00001', { silo_a: 600 });
      plant.run(70);
      plant.acknowledge(1);
      plant.run(1);
    }
    assert.deepEqual(
      plant.state.weighed.map(({ mo_id }) => mo_id),
      ['WH/MO/00001', 'WH/MO/00001'],
    );
  });

  it('holds, fails and restarts', () => {
    const plant = createPlant();
    for (const slot of [1, 2]) plant.load(slot, `WH/MO/0000${slot}`, { silo_a: 600 });
    plant.run(20);
    assert.equal(plant.cell.act('hold', 1).text, 'WH/MO/00001 stands still in slot 1, partly dosed');
    const held = plant.cell.picture(1);
    assert.deepEqual(plant.run(100), []);
    assert.deepEqual(plant.cell.picture(1), { ...held, state: 'held' });

    plant.cell.act('fail', 1);
    assert.equal(plant.word('read', 1, 73), 1);
    assert.deepEqual(plant.run(70), ['started 2', 'finished 2']);
    assert.deepEqual(plant.cell.picture(1).materials, held.materials);

    plant.cell.act('restart', 1);
    assert.equal(plant.word('read', 1, 73), 0);
    assert.deepEqual(plant.run(45), ['started 1', 'finished 1']);
    assert.equal(plant.cell.picture(1).actual_weight, 603);
    for (const action of ['fail', 'hold', 'restart'] as const) {
      assert.throws(() => plant.cell.act(action, 1), { code: 'INPUT_INVALID', message: /slot 1: WH\/MO\/00001 there is finished/ });
      assert.throws(() => plant.cell.act(action, 3), { code: 'INPUT_INVALID', message: /no batch is there/ });
    }
  });

  it('gives a failed slot to the next recipe', () => {
    const plant = createPlant();
    plant.load(1, 'WH/MO/00001', { silo_a: 600 });
    plant.run(10);
    plant.cell.act('fail', 1);
    plant.load(1, 'WH/MO/00011', { silo_a: 500 });
    assert.deepEqual(plant.run(70), ['taken 1', 'started 1', 'finished 1']);
    assert.deepEqual(
      plant.state.weighed.map(({ mo_id }) => mo_id),
      ['WH/MO/00011'],
    );
  });

  it('goes on from its memory with the weights it had drawn', () => {
    const plant = createPlant();
    for (const slot of [1, 2]) plant.load(slot, `WH/MO/0000${slot}`, { silo_a: 600, silo_b: 300 });
    plant.run(40);
    const copy = createPanel(feedMill);
    copy.registers.load(plant.panel.registers.dump());
    const memory = JSON.parse(JSON.stringify(plant.state)) as CellState;
    const again = createPlant(feedMill, memory, copy);
    assert.deepEqual(again.run(100), ['finished 1', 'started 2', 'finished 2']);
    assert.deepEqual(again.state.weighed[0]?.materials.silo_b, 301.5);
    assert.equal(again.state.weighed.length, 2);
  });

  it('works with a map of another plant: status codes, floats, BCD, input registers, no acknowledgement', () => {
    const plant = createPlant(otherPlant);
    plant.panel.start();
    plant.panel.beat();
    assert.deepEqual(plant.panel.registers.read('input', 90, 2), [1, 7]);
    plant.load(1, 'MO/1', { oil: 200.5, salt: 12.3 });
    assert.deepEqual(plant.run(1), ['taken 1', 'started 1']);
    assert.ok(
      plant.panel.registers.read('holding', 0, 15).every((word) => word === 0),
      'the write slot is not free again',
    );
    assert.equal(plant.word('read', 1, 12), 2);
    plant.run(60);
    assert.equal(plant.word('read', 1, 12), 3);
    const { oil = 0, salt } = plant.cell.picture(1).materials;
    assert.ok(Math.abs(oil - 201.5025) < 1e-4);
    assert.equal(salt, 12.4);

    plant.load(1, 'MO/2', { oil: 1 });
    assert.deepEqual(plant.run(1), ['taken 1', 'started 1']);
    plant.cell.act('fail', 1);
    assert.equal(plant.word('read', 1, 12), 9);
  });
});
