import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { BatchReport } from '../../src/monitor/batch-report';
import type { HistoryReport } from '../../src/monitor/history-report';
import type { SlotReport } from '../../src/monitor/slot-report';
import type { HistoryRow } from '../../src/queue/batch';
import { keepLateWeight } from '../../src/queue/late-weight';
import { markFailed } from '../../src/queue/steps';
import { round } from '../../src/units';
import { assertDocumented } from '../support/openapi';
import { type Plant, runSet, startPlant, weighedOf } from '../support/plant';

describe('search in the history', function () {
  this.timeout(20_000);
  let plant: Plant;
  let names: string[];

  before(async function () {
    plant = await startPlant(this, { slots: 4, orders: 8 });
    await plant.fetch();
    names = await plant.queued();
    await plant.finishAll();
    await plant.complete({ payload: { mo_id: names[0] } });
    await plant.complete({ payload: { mo_id: names[1] } });
    await plant.cancel({ mo_id: names[2], notes: 'silo empty' }, { cancelInOdoo: false });
    await plant.database.query(`UPDATE {schema}.mo_histories SET archived_at = '2026-03-01T23:30:00Z' WHERE mo_id = $1`, [names[0]]);
  });
  after(() => plant.close());

  const history = async (payload: object): Promise<HistoryReport> =>
    (await plant.report('history', payload)).payload as unknown as HistoryReport;
  const found = async (payload: object): Promise<string[]> => (await history(payload)).histories.map(({ mo_id }) => mo_id);

  it('finds an MO by the end of its name, and takes no letter for a wildcard', async () => {
    assert.deepEqual(await found({ search: names[1]!.slice(-3) }), [names[1]]);
    assert.deepEqual(await found({ search: names[1] }), [names[1]]);
    for (const search of ['%', '_', '\\', names[1]!.slice(0, 4)]) assert.deepEqual(await found({ search }), [], search);
    assert.equal((await found({ search: '' })).length, 3);
  });

  it('finds by time, newest first, and counts what it found', async () => {
    assert.deepEqual(await found({}), [names[2], names[1], names[0]]);
    const march = await history({ from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' });
    assert.deepEqual([march.total, march.histories.map(({ mo_id }) => mo_id)], [1, [names[0]]]);
    assert.deepEqual(await found({ to: '2026-03-01T23:30:00Z' }), []);
  });

  it('says which MO may be requeued: not one that is completed, and once', async () => {
    const can = async (): Promise<string[][]> => (await history({})).histories.map((record) => record.can);
    assert.deepEqual(await can(), [['booked', 'requeue'], [], []]);
    await plant.database.query('UPDATE {schema}.mo_histories SET requeued = true WHERE mo_id = $1', [names[2]]);
    assert.deepEqual(await can(), [['booked'], [], []]);
  });

  it('remembers of a made batch that was cancelled that nothing of it is in Odoo, until somebody has booked it', async () => {
    const missing = async (): Promise<unknown[]> => {
      const { histories, totals } = await history({ from: '2026-01-01T00:00:00Z', to: '2026-12-31T00:00:00Z', totals: true });
      return [histories.map((record) => record.not_in_odoo), totals?.left_out, await found({ not_in_odoo: true })];
    };
    const [made] = (await history({ search: names[2] })).histories;
    assert.deepEqual(await missing(), [[true, false, false], { batches: 1, weight: made?.weighed }, [names[2]]]);
    assert.equal((await plant.act('booked', { mo_id: names[2], reason: 'stock move 17' })).port, 1);
    assert.deepEqual(await missing(), [[false, false, false], { batches: 0, weight: null }, []]);
    const [booked] = (await history({ search: names[2] })).histories;
    assert.match(booked?.notes ?? '', /^silo empty; booked in Odoo by hand \(.+\)$/);
    assert.deepEqual(booked?.can, []);
    assert.equal((await plant.act('booked', { mo_id: names[2] })).statusCode, 409, 'once');
  });

  it('a cancelled batch shows what was dosed for it', async () => {
    const [record] = (await history({ search: names[2] })).histories;
    assert.ok(record && record.status === 'cancelled' && (record.weighed ?? 0) > 900, JSON.stringify(record?.weighed));
    assert.equal(record?.weight_uom, 'kg');
  });

  it('adds up days of the plant, products and materials', async () => {
    const span = { from: '2026-03-01T00:00:00Z', to: '2026-03-03T00:00:00Z', totals: true };
    const day = async (timezone: string): Promise<string | undefined> => (await history({ ...span, timezone })).totals?.days[0]?.day;
    assert.deepEqual([await day('UTC'), await day('Asia/Jakarta')], ['2026-03-01', '2026-03-02']);
    const report = await history({ ...span, timezone: 'UTC' });
    assertDocumented('GET', '/admin/history', { status: 200, body: { status: 'success', data: report } });
    const { totals } = report;
    const [only] = totals?.days ?? [];
    assert.deepEqual([only?.completed, only?.cancelled, only?.planned, only?.planned_weight, totals?.weight_uom], [1, 0, 1000, 1000, 'kg']);
    const [row] = await plant.database.query<Pick<HistoryRow, 'actual_weight' | 'materials' | 'actual'>>(
      'SELECT actual_weight, materials, actual FROM {schema}.mo_histories WHERE mo_id = $1',
      [names[0]],
    );
    assert.equal(only?.actual, row?.actual_weight);
    assert.deepEqual([totals?.products.length, totals?.materials.length], [1, row?.materials.length]);
    for (const { tag, product, planned } of row?.materials ?? []) {
      const sums = totals?.materials.find((material) => material.product === product);
      assert.deepEqual([sums?.planned, sums?.actual], [planned, row?.actual?.[tag]]);
    }
  });

  it('gives a page as a table, with its head on the first page only', async () => {
    const first = await history({ csv: 'comma', limit: 1, timezone: 'UTC' });
    const second = await history({ csv: 'comma', limit: 1, offset: 1, timezone: 'UTC' });
    const materials = first.histories[0]?.materials.length ?? 0;
    assert.deepEqual(
      [first.csv, second.csv].map((csv) => csv?.trimEnd().split('\r\n').length),
      [materials + 1, materials],
    );
    assert.equal((await history({})).csv, undefined);
  });
});

describe('report of a slot', () => {
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this, { slots: 2, orders: 3 });
  });
  afterEach(() => plant.close());

  const slot = async (number: number): Promise<SlotReport> =>
    (await plant.report('slot', { slot: number })).payload as unknown as SlotReport;

  it('shows each field with its address, its words as they came, and what they mean', async () => {
    await plant.fetch();
    await plant.load();
    await plant.plcIsDone(2);
    const [, name] = await plant.queued();
    const shown = await slot(2);
    assert.deepEqual([shown.slot, shown.mo_id, shown.empty], [2, name, false]);
    const field = (of: string): object | undefined => shown.fields.find((view) => view.field === of);
    assert.deepEqual(field('batch_no'), { field: 'batch_no', address: '6100 = 46101 = 406101', raw: [2], value: '2', quality: 'good' });
    assert.deepEqual(field('mo_id'), { ...field('mo_id'), value: `"${name ?? ''}"`, quality: 'good' });
  });

  it('says what is wrong with a value that cannot be trusted', async () => {
    await plant.fetch();
    await plant.load();
    await plant.plcIsDone(2);
    plant.plc.registers.write('holding', 6000 + 27, [7]);
    const { fields } = await slot(1);
    const bad = fields.filter(({ quality }) => quality === 'bad');
    assert.equal(bad.length, 1);
    assert.match(bad[0]?.value ?? '', /101/);
  });

  it('refuses a slot that the line does not have', async () => {
    for (const payload of [{ slot: 3 }, { slot: 0 }, {}]) await assert.rejects(plant.report('slot', payload), { name: 'INPUT_INVALID' });
  });
});

describe('what the last fetch turned down', () => {
  it('is in real-time until the next fetch that asks Odoo', async function () {
    const plant = await startPlant(this, { slots: 2, orders: 3, line: { materials: [] } });
    try {
      const fetched = async (): Promise<{ text: string; rejected: { mo_id: string; reason: string }[] }> =>
        ((await plant.report('real-time')).payload['tasks'] as { fetch: never }).fetch;
      await plant.fetch();
      const { text, rejected } = await fetched();
      assert.match(text, /^0 MOs queued, 3 rejected/);
      assert.deepEqual(
        rejected.map(({ reason }) => reason),
        ['unknown-material', 'unknown-material', 'unknown-material'],
      );
    } finally {
      await plant.close();
    }
  });
});

describe('requeue in the history', () => {
  it('offers no requeue for an MO that no fetch will list again: cancelled in Odoo with its batch, or gone there', async function () {
    const plant = await startPlant(this, { slots: 2, orders: 4 });
    after(() => plant.close());
    const can = async (mo_id: string): Promise<string[] | undefined> =>
      ((await plant.report('history', { mo_id })).payload as unknown as HistoryReport).histories[0]?.can;
    await plant.fetch();
    const [cancelled = '', gone = ''] = await plant.queued();
    await plant.cancel({ mo_id: cancelled, notes: 'silo empty' });
    assert.deepEqual(await can(cancelled), []);
    const park = async (error: string): Promise<void> => {
      const row = (await plant.rows()).find(({ mo_id }) => mo_id === gone);
      assert.ok(row && (await markFailed(plant.database, row, error, { actor: 'test' })));
      await plant.act('park', { mo_id: gone });
    };
    await plant.finishAll(undefined, [2]);
    await park('ODOO_GONE: not shown');
    assert.deepEqual(await can(gone), ['booked']);
    await plant.database.query(
      'UPDATE {schema}.mo_events SET detail = detail || \'{"error": "ODOO_REFUSED: no lot"}\' WHERE mo_id = $1 AND event = \'failed\'',
      [gone],
    );
    assert.deepEqual(await can(gone), ['booked', 'requeue']);
  });

  it('nor for one that was seen done or cancelled in Odoo when its batch was cancelled', async function () {
    const plant = await startPlant(this, { slots: 3, orders: 3 });
    after(() => plant.close());
    await plant.fetch();
    const [done = '', cancelled = '', open = ''] = await plant.queued();
    await plant.odoo.command({ action: 'done', mo_id: done });
    assert.equal((await plant.cancel({ mo_id: done })).statusCode, 409);
    assert.equal((await plant.act('park', { mo_id: done })).port, 1);
    await plant.odoo.command({ action: 'cancel', mo_id: cancelled });
    for (const mo_id of [cancelled, open]) assert.equal((await plant.cancel({ mo_id }, { cancelInOdoo: false })).port, 1);
    const { histories } = (await plant.report('history', {})).payload as unknown as HistoryReport;
    assert.deepEqual(
      [done, cancelled, open].map((mo_id) => histories.find((record) => record.mo_id === mo_id)?.can),
      [[], [], ['requeue']],
    );
  });
});

describe('what is not in Odoo', function () {
  this.timeout(20_000);
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this, { slots: 2, orders: 2 });
    await plant.fetch();
  });
  afterEach(() => plant.close());

  const history = async (payload: object): Promise<HistoryReport> =>
    (await plant.report('history', payload)).payload as unknown as HistoryReport;

  it('is found too when it came late, after the figures of the paper were booked: only the late ones are to be booked', async () => {
    const [mo_id = ''] = await plant.queued();
    await plant.load();
    const [row] = await plant.rows();
    assert.ok(row);
    const { actual, weight } = weighedOf(row);
    assert.equal((await plant.act('finish', { mo_id, actual, actual_weight: weight })).port, 1);
    await failAndPark(mo_id, 'ODOO_REFUSED: no lot');
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    const nothing = ['failed', false, 0, { batches: 0, weight: null }];
    assert.deepEqual(await seen(mo_id), nothing);

    await plant.plcIsDone(1);
    await plant.read();
    const [late] = plant.plc.weighed();
    assert.notEqual(late?.actual_weight, weight);
    assert.deepEqual(await seen(mo_id), ['failed: made, NOT in Odoo', true, 1, { batches: 1, weight: late?.actual_weight }]);
    const told = `booked in Odoo by hand (test); ${String(late?.actual_weight)} kg weighed after it left the queue: book it by hand`;
    const [waits] = (await history({ mo_id })).histories;
    assert.ok(waits?.notes?.endsWith(told), waits?.notes ?? '');
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    assert.deepEqual(await seen(mo_id), nothing);
  });

  it('is what was dosed of a batch that was cancelled half made, in the unit of the weights, until it is booked; run 2 changes nothing', async () => {
    const [mo_id = '', other = ''] = await plant.queued();
    await dose(mo_id, { silo_a: 250, silo_b: 0.1 });
    // What is put in by hand is planned for as long as the batch is not finished: nobody knows.
    await plant.database.query(
      `UPDATE {schema}.mo_batch SET materials = jsonb_set(jsonb_set(materials, '{1,uom}', '"t"'), '{2,manual}', 'true') WHERE mo_id = $1`,
      [mo_id],
    );
    for (const cancelled of [mo_id, other]) await plant.cancel({ mo_id: cancelled, notes: 'hopper broken' }, { cancelInOdoo: false });
    const missing = ['cancelled: dosed, NOT in Odoo', true, 1, { batches: 1, weight: 350 }];
    assert.deepEqual(await seen(mo_id), missing);
    const report = await plant.report('batch', { mo_id });
    assertDocumented('GET', '/admin/history/mo', { status: 200, body: { status: 'success', data: report.payload } });
    assert.match(
      report.payload.text,
      /^\S+ is cancelled: dosed, NOT in Odoo \(slot 1, run 1\): hopper broken; .*possible now: booked, requeue$/,
    );
    assert.equal((await plant.act('booked', { mo_id: other })).statusCode, 409, 'nothing was dosed for it');

    assert.equal((await plant.act('requeue', { mo_id })).port, 1);
    assert.deepEqual(await runSet(plant), [mo_id]);
    const runs = async (): Promise<[number, string, boolean][]> =>
      (await history({ mo_id })).histories.map(({ run, status_text, can }) => [run, status_text, can.includes('booked')]);
    const [first] = missing;
    assert.deepEqual(await runs(), [
      [2, 'completed', false],
      [1, first, true],
    ]);
    assert.deepEqual((await seen(mo_id)).slice(2), missing.slice(2));
    assert.equal((await plant.act('booked', { mo_id, run: 1, reason: 'stock move 17' })).port, 1);
    assert.deepEqual(await runs(), [
      [2, 'completed', false],
      [1, 'cancelled', false],
    ]);
    assert.deepEqual((await seen(mo_id)).slice(2), [0, { batches: 0, weight: null }]);
  });

  it('counts what a silo outside the recipe dosed, in the unit of the map, while the batch runs and after', async () => {
    const [mo_id = ''] = await plant.queued();
    await plant.database.query(
      `UPDATE {schema}.mo_batch SET materials = jsonb_set(jsonb_path_query_array(materials, '$[*] ? (@.tag != "silo_b")'), '{0,uom}', '"t"')
       WHERE mo_id = $1`,
      [mo_id],
    );
    const { mapping } = plant.line;
    const inGrams = plant.on({ ...plant.line, mapping: { ...mapping, unitOf: (tag) => (tag === 'silo_b' ? 'g' : mapping.unitOf(tag)) } });
    const counted = async (): Promise<unknown[]> => {
      const span = { from: '2026-01-01T00:00:00Z', to: new Date(Date.now() + 60_000).toISOString(), totals: true };
      const { histories, totals } = (await inGrams.report('history', span)).payload as unknown as HistoryReport;
      return [histories[0]?.weighed, totals?.left_out];
    };
    await dose(mo_id, { silo_b: 30_000 });
    const { batch } = (await inGrams.report('batch', { mo_id })).payload as unknown as BatchReport;
    assert.deepEqual([batch?.weighed, batch?.progress], [30, 0]);
    await dose(mo_id, { silo_a: 0.2, silo_b: 30_000 });
    await plant.cancel({ mo_id }, { cancelInOdoo: false });
    assert.deepEqual(await counted(), [230, { batches: 1, weight: 230 }]);
  });

  it('is a half dosed batch that was parked, and not one whose MO another hand marked done, nor one of which nothing was dosed', async () => {
    const [refused = '', done = ''] = await plant.queued();
    for (const mo_id of [refused, done]) await dose(mo_id, { silo_a: 20 });
    await plant.odoo.command({ action: 'done', mo_id: done });
    const { odoo } = plant.line;
    assert.ok(odoo);
    const cancel = (): Promise<never> => Promise.reject(new SmartMoError('ODOO_REFUSED', 'there is a work order'));
    const refusing = plant.on({ ...plant.line, odoo: { ...odoo, cancel } });
    for (const mo_id of [refused, done]) {
      assert.equal((await refusing.cancel({ mo_id })).port, 2);
      assert.equal((await plant.act('park', { mo_id })).port, 1);
    }
    assert.deepEqual(await seen(refused), ['failed: dosed, NOT in Odoo', true, 1, { batches: 1, weight: 20 }]);
    assert.deepEqual((await seen(done)).slice(0, 2), ['failed', false]);
    for (const actual of [null, '{}', '{"silo_a": 0}']) {
      await plant.database.query('UPDATE {schema}.mo_histories SET actual = $1', [actual]);
      assert.deepEqual(await seen(refused), ['failed', false, 0, { batches: 0, weight: null }], String(actual));
    }
  });

  it('goes on in a PLC that was not stopped: what it weighed in the end counts, less what of it was booked before', async () => {
    const [mo_id = '', other = ''] = await plant.queued();
    await plant.load();
    for (const one of [mo_id, other]) await dose(one, { silo_a: 100.5 });
    for (const one of [mo_id, other]) await plant.cancel({ mo_id: one }, { cancelInOdoo: false });
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    assert.deepEqual(await seen(other), ['cancelled: dosed, NOT in Odoo', true, 1, { batches: 1, weight: 100.5 }]);

    await plant.plcIsDone(2);
    await plant.read();
    const weighed = plant.plc.weighed().reduce((sum, { actual_weight }) => sum + actual_weight, 0);
    const weight = round(weighed - 100.5, 3);
    assert.deepEqual(await seen(mo_id), ['cancelled: made, NOT in Odoo', true, 2, { batches: 2, weight }]);
    const told = async (name: string): Promise<string> => (await history({ mo_id: name })).histories[0]?.notes ?? '';
    assert.match(
      await told(mo_id),
      /^booked in Odoo by hand \(test\); \S+ kg weighed after it left the queue: book it by hand, less what of it is booked already$/,
    );
    assert.match(await told(other), /^\S+ kg weighed after it left the queue: book it by hand$/);
    const alarms = await plant.database.query<{ text: string }>("SELECT text FROM {schema}.mo_alarm WHERE code = 'late-weight'");
    for (const { text } of alarms)
      assert.match(text, /nothing of it goes to Odoo: book it there by hand, less what of it is booked already$/);
    for (const one of [mo_id, other]) assert.equal((await plant.act('booked', { mo_id: one })).port, 1);
    assert.deepEqual(await seen(mo_id), ['cancelled', false, 0, { batches: 0, weight: null }]);
  });

  it('is the whole of what came late where nothing of it was booked by hand, also when another hand marked the MO done', async () => {
    const [mo_id = ''] = await plant.queued();
    await dose(mo_id, { silo_a: 100 });
    await plant.odoo.command({ action: 'done', mo_id });
    assert.equal((await plant.cancel({ mo_id })).statusCode, 409);
    assert.equal((await plant.act('park', { mo_id })).port, 1);
    assert.deepEqual(await seen(mo_id), ['failed', false, 0, { batches: 0, weight: null }]);
    await comesLate(mo_id, 998);
    await waits(mo_id, 998, /; 998 kg weighed after it left the queue: book it by hand$/);
  });

  it('is what a late weight has more than the one that was booked before it', async () => {
    const [unread = '', half = ''] = await plant.queued();
    await dose(half, { silo_a: 100 });
    for (const mo_id of [unread, half]) await plant.cancel({ mo_id }, { cancelInOdoo: false });
    assert.equal((await plant.act('booked', { mo_id: half })).port, 1);
    for (const mo_id of [unread, half]) {
      await comesLate(mo_id, 998);
      assert.equal((await plant.act('booked', { mo_id })).port, 1);
      await comesLate(mo_id, 1000);
      await waits(mo_id, 2, /1000 kg weighed after it left the queue: book it by hand, less what of it is booked already$/);
      assert.equal((await plant.act('booked', { mo_id })).port, 1);
      assert.deepEqual(await seen(mo_id), ['cancelled', false, 0, { batches: 0, weight: null }]);
    }
  });

  it('is what a late weight has more than an earlier late one, also of a made batch', async () => {
    const [mo_id = ''] = await plant.queued();
    await plant.finishAll(undefined, [1]);
    await plant.cancel({ mo_id }, { cancelInOdoo: false });
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    await comesLate(mo_id, 998);
    await waits(mo_id, 998, /; 998 kg weighed after it left the queue: book it by hand$/);
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    await comesLate(mo_id, 1000);
    await waits(mo_id, 2, /1000 kg .* book it by hand, less what of it is booked already$/);
  });

  it('is a batch whose MO is only confirmed there with other quantities, and not one that another hand marked done', async () => {
    await plant.finishAll();
    const [confirmed = '', done = ''] = await plant.queued();
    await plant.odoo.command({ action: 'done', mo_id: done });
    const { odoo } = plant.line;
    assert.ok(odoo);
    const deaf = plant.on({ ...plant.line, odoo: { ...odoo, push: () => Promise.resolve() } });
    await deaf.complete({ markDone: false });
    for (const { last_error } of await plant.rows()) assert.match(last_error ?? '', /^ODOO_DIFFERS: /);
    for (const mo_id of [confirmed, done]) assert.equal((await plant.act('park', { mo_id })).port, 1);
    const { histories } = await history({ not_in_odoo: true });
    assert.deepEqual(
      histories.map(({ mo_id, can }) => [mo_id, can]),
      [[confirmed, ['booked', 'requeue']]],
    );
  });

  /** The newest record of an MO as the history shows it, and what filter and totals count. What is not in Odoo can be booked. */
  async function seen(mo_id: string): Promise<unknown[]> {
    const span = { from: '2026-01-01T00:00:00Z', to: new Date(Date.now() + 60_000).toISOString(), totals: true };
    const { total, totals } = await history({ ...span, not_in_odoo: true });
    const [record] = (await history({ mo_id })).histories;
    assert.equal(record?.can.includes('booked'), record?.not_in_odoo);
    return [record?.status_text, record?.not_in_odoo, total, totals?.left_out];
  }

  /** As if the PLC had shown the batch half way. */
  async function dose(mo_id: string, actual: Record<string, number>): Promise<void> {
    await plant.database.query(`UPDATE {schema}.mo_batch SET state = 'running', actual = $2, last_read_from_plc = now() WHERE mo_id = $1`, [
      mo_id,
      JSON.stringify(actual),
    ]);
  }

  /** As if a read had met the finished batch after it had left the queue. */
  async function comesLate(mo_id: string, weight: number): Promise<void> {
    const figures = { run: 1, slot: 1, actual: { silo_a: weight }, actual_weight: weight };
    await keepLateWeight(plant.database, 'main', { mo_id, ...figures, text: 'finished', value: `${weight} kg` });
  }

  /** The only one that is not in Odoo: how much of it the total counts, and what its note says. */
  async function waits(mo_id: string, weight: number, note: RegExp): Promise<void> {
    assert.deepEqual((await seen(mo_id)).slice(1), [true, 1, { batches: 1, weight }]);
    assert.match((await history({ mo_id })).histories[0]?.notes ?? '', note);
  }

  async function failAndPark(mo_id: string, error: string): Promise<void> {
    const row = (await plant.rows()).find((one) => one.mo_id === mo_id);
    assert.ok(row && (await markFailed(plant.database, row, error, { actor: 'test' })));
    assert.equal((await plant.act('park', { mo_id })).port, 1);
  }
});
