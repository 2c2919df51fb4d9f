import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { HistoryReport } from '../../src/monitor/history-report';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { Plc } from '../../src/plc/plc';
import { openAlarms, settleAlarms } from '../../src/queue/alarms';
import { keepLateWeight, lateOf } from '../../src/queue/late-weight';
import { checkInvariants } from '../support/invariants';
import { type Plant, type PlantOptions, runSet, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

const bad = ({ payload }: Outcome): string[] => (payload['bad'] as { code: string }[]).map(({ code }) => code);

describe('recipes and readings', () => {
  let plant: Plant | undefined;
  afterEach(() => plant?.close());

  async function queue(context: Mocha.Context, limit: number, options: PlantOptions = {}): Promise<Plant> {
    plant = await startPlant(context, options);
    await plant.fetch({ limit });
    return plant;
  }
  /** Puts words into the read area of a slot, as a PLC program gone wrong would. */
  function poke({ plc }: Plant, slot: number, at: number, ...words: number[]): void {
    const { base, stride } = FEED_MILL_MAP.read;
    plc.registers.write('holding', base + (slot - 1) * stride + at, words);
  }
  /** The line with a PLC of which some calls are changed. */
  function withPlc(of: Plant, changes: (plc: Plc) => Partial<Plc>): Line {
    const other = of.otherProcess();
    return { ...other, plc: { ...(other.plc as Plc), ...changes(other.plc as Plc) } };
  }
  const acknowledgedAt = 76;

  it('a PLC that goes away after half of the recipes gets the others later, none twice [fault: plc-half-loaded]', async function () {
    const plant = await queue(this, 4);
    let writes = 0;
    const weak = withPlc(plant, (plc) => ({
      write: (...args) => {
        writes += 1;
        return writes > 4
          ? Promise.reject(new SmartMoError('PLC_UNREACHABLE', 'the cable is out', { class: 'transient' }))
          : plc.write(...args);
      },
    }));
    await assert.rejects(plant.on(weak).load(), { name: /^PLC_/ });
    const loaded = (await plant.rows()).filter((row) => row.loaded_at !== null).length;
    assert.ok(loaded > 0 && loaded < 4, `${loaded} loaded`);
    await plant.load();
    await plant.plcIsDone(4);
    await plant.read();
    await plant.complete();
    assert.equal(new Set(plant.plc.weighed().map(({ mo_id }) => mo_id)).size, plant.plc.weighed().length);
    assert.equal((await plant.history()).length, 4);
    await checkInvariants(plant);
  });

  it('unused slots are cleared before the recipes, so that a run that is stopped in between comes back to them', async function () {
    const plant = await queue(this, 1, { plc: { speed: 1 } });
    const old = FEED_MILL_MAP.write;
    assert.ok(old);
    const stale = plant.line.mapping.encodeRecipe({
      batch_no: 7,
      mo_id: 'WH/MO/OLD',
      recipe: '',
      finished_goods: '',
      quantity: 1,
      materials: {},
    });
    plant.plc.registers.write('holding', old.base + 6 * old.stride + acknowledgedAt, [1]);
    plant.plc.registers.write('holding', stale.body.address, stale.body.words);
    const outcome = await plant.load();
    assert.deepEqual([outcome.payload['cleared'], (outcome.payload['loaded'] as unknown[]).length], [[7], 1]);
  });

  it('a recipe that an earlier run wrote and did not come to note is told as there already, not as loaded', async function () {
    const plant = await queue(this, 2);
    const [first = '', second = ''] = await plant.queued();
    await plant.load();
    await plant.plcHasTaken();
    await plant.database.query('UPDATE {schema}.mo_batch SET loaded_at = NULL WHERE mo_id = $1', [second]);
    plant.log.length = 0;
    const { payload, status } = await plant.load();
    assert.deepEqual([payload['reason'], payload['loaded'], payload['already']], ['nothing', [], [{ batch_no: 2, mo_id: second }]]);
    assert.equal(payload.text, '0 recipes loaded; slot 2 had the recipe already');
    assert.match(status.text, /^1 there already \d\d:\d\d$/);
    assert.deepEqual(
      [status.fill, plant.log.filter((text) => text.includes(second))],
      ['green', [`[TASK 1] Recipe of ${second} was in slot 2 already`]],
    );
    assert.deepEqual(
      (await plant.rows()).map(({ mo_id, loaded_at }) => [mo_id, loaded_at !== null]),
      [
        [first, true],
        [second, true],
      ],
    );
  });

  it('checkOdoo: prefer loads without Odoo and notes it, require waits, off does not ask', async function () {
    const plant = await queue(this, 2);
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.load({ checkOdoo: 'require' }), { name: 'ODOO_UNREACHABLE' });
    assert.equal((await plant.load()).payload['reason'], 'loaded');
    const [event] = await plant.database.query<{ detail: { what: string } }>(
      `SELECT detail FROM {schema}.mo_events WHERE event = 'refused'`,
    );
    assert.equal(event?.detail.what, 'check before loading');
  });

  it('a batch cancelled while its recipe was written is named', async function () {
    const plant = await queue(this, 1);
    const [mo_id] = await plant.queued();
    let cancelled = false;
    const line = withPlc(plant, (plc) => ({
      async write(...args) {
        await plc.write(...args);
        if (!cancelled) {
          cancelled = true;
          await plant.cancel({ mo_id });
        }
      },
    }));
    const outcome = await plant.on(line).load();
    assert.deepEqual(
      (outcome.payload['notLoaded'] as { mo_id: string; code: string }[]).map((entry) => [entry.mo_id, entry.code]),
      [[mo_id, 'BATCH_UNKNOWN']],
    );
    assert.deepEqual(
      outcome.events.map(({ port, event }) => [port, event]),
      [[2, 'not-loaded']],
    );
  });

  it('a line on hold fetches and loads nothing; what runs is read and completed', async function () {
    const plant = await queue(this, 2);
    await plant.load();
    await plant.database.query(
      `INSERT INTO {schema}.mo_line (line, hold, reason, actor, since) VALUES ('main', true, 'restore', 'Ana', now())`,
    );
    const gate = await plant.gate();
    assert.deepEqual([gate.port, gate.payload['reason'], gate.payload['count']], [2, 'hold', 2]);
    assert.equal((await plant.load()).payload['reason'], 'hold');
    await plant.plcIsDone(2);
    await plant.read();
    await plant.complete();
    assert.equal((await plant.history()).length, 2);
    assert.deepEqual((await plant.fetch()).payload['reason'], 'hold');
    assert.deepEqual(await plant.queued(), []);
  });

  it('another map while batches are queued: nothing is loaded, and an alarm says so until the map is back [fault: gate-map-changed]', async function () {
    const plant = await queue(this, 1);
    const changed = { ...plant.otherProcess(), mapping: { ...plant.line.mapping, hash: 'another' } };
    assert.equal((await plant.on(changed).load()).payload['reason'], 'hold');
    const issues = (await plant.on(changed).report('health')).payload['issues'] as { code: string }[];
    assert.ok(issues.some(({ code }) => code === 'map-changed'));
    assert.equal((await plant.load()).payload['reason'], 'loaded');
    assert.ok(!((await plant.report('health')).payload['issues'] as { code: string }[]).some(({ code }) => code === 'map-changed'));
  });

  it('another map while batches are queued: nothing is stored and nothing acknowledged until the map is back', async function () {
    const plant = await queue(this, 1);
    await plant.load();
    await plant.plcIsDone(1);
    const before = await plant.rows();
    const renamed = (tag: string): string => (tag === 'silo_a' ? 'silo_1' : tag);
    const materials = plant.line.materials.map((material) => ({ ...material, tag: renamed(material.tag) }));
    const map = {
      ...FEED_MILL_MAP,
      fields: FEED_MILL_MAP.fields.map((field) => (field.material === undefined ? field : { ...field, material: renamed(field.material) })),
    };
    const other: Line = { ...plant.otherProcess(), materials, mapping: compileMapping({ map, materials, slots: 10 }) };
    await assert.rejects(plant.on(other).read(), { name: 'MAP_CHANGED' });
    assert.deepEqual([await plant.rows(), plant.plc.slots()[0]?.state], [before, 'finished']);
    await plant.read();
    assert.equal((await plant.rows())[0]?.state, 'finished');
  });

  it('observe: what would be stored is shown, nothing is', async function () {
    const plant = await queue(this, 2);
    await plant.load();
    await plant.plcIsDone(2);
    const before = await plant.rows();
    const { payload } = await plant.on({ ...plant.otherProcess(), mode: 'observe' }).read();
    assert.match(payload.text, /^observe: 10 slots read, 2 batches would be updated, 2 would be finished/);
    const finished = payload['finished'] as { mo_id: string; actual_weight: number | null }[];
    assert.deepEqual(
      finished.map(({ mo_id, actual_weight }) => [mo_id, (actual_weight ?? 0) > 900]),
      before.map(({ mo_id }) => [mo_id, true]),
    );
    assert.deepEqual([await plant.rows(), plant.plc.slots()[0]?.state], [before, 'finished']);
    assert.ok(plant.log.some((text) => text.includes('would update 2 batch(es) from PLC, 2 finished')));
  });

  it('finished without a weight after the batch left the queue: told as that, not as 0 kg', async function () {
    const plant = await queue(this, 1);
    const [mo_id = ''] = await plant.queued();
    await keepLateWeight(plant.database, 'main', {
      ...{ mo_id, run: 1, slot: 1, actual: { silo_a: 10 }, actual_weight: null },
      ...{ text: 'finished', value: 'no weight' },
    });
    const told = await lateOf(plant.database, 'main', [mo_id], 'kg');
    assert.match(told({ mo_id, run: 1 })?.text ?? '', /^finished without a weight after it left the queue: book it by hand/);
    assert.equal(told({ mo_id, run: 2 }), null);
  });

  it('weighed after the batch left the queue: kept as an event and told once, before the PLC may forget it', async function () {
    const plant = await queue(this, 1);
    const [mo_id = ''] = await plant.queued();
    await plant.load();
    await plant.cancel({ mo_id });
    await plant.plcIsDone(1);
    const events = (): Promise<{ detail: Record<string, unknown> }[]> =>
      plant.database.query("SELECT detail FROM {schema}.mo_events WHERE mo_id = $1 AND event = 'refused' AND actor = 'plc'", [mo_id]);
    const deaf = withPlc(plant, () => ({ write: () => Promise.reject(new Error('killed before the acknowledgement')) }));
    await assert.rejects(plant.on(deaf).read());
    const [event] = await events();
    const weight = plant.plc.weighed()[0]?.actual_weight;
    assert.deepEqual(
      [event?.detail['what'], event?.detail['slot'], event?.detail['actual_weight']],
      ['weighed after the batch left the queue', 1, weight],
    );
    const alarms = (await plant.report('real-time')).payload['alarms'] as { code: string; text: string }[];
    assert.ok(
      alarms.some(({ code, text }) => code === 'late-weight' && text.includes(`with ${weight ?? ''} kg`)),
      JSON.stringify(alarms),
    );

    assert.deepEqual(bad(await plant.read()), ['stale-slot']);
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the acknowledgement' });
    assert.deepEqual(bad(await plant.read()), []);
    assert.equal((await events()).length, 1);

    // The slot is free: who looks at the batch later is told all the same.
    const told = `${weight ?? ''} kg weighed after it left the queue: book it by hand`;
    const { histories } = (await plant.report('history', { mo_id })).payload as unknown as HistoryReport;
    assert.ok(histories[0]?.notes?.endsWith(told), histories[0]?.notes ?? '');
    const batch = await plant.report('batch', { mo_id });
    assert.ok(batch.payload.text.includes(told) && batch.payload.text.includes('; cancelled in Odoo'), batch.payload.text);
    const compared = await plant.report('reconciliation');
    assert.ok(compared.payload.text.endsWith(`${mo_id}: ${told}`), compared.payload.text);
    assert.equal(compared.status.fill, 'yellow');
    await plant.act('requeue', { mo_id });
    assert.equal((await plant.report('reconciliation', { mo_id })).status.fill, 'yellow', 'of run 1 still');

    // The alarm stays, whoever reads the PLC or looks, until somebody says that it is booked.
    const open = async (): Promise<string[]> => {
      await plant.read();
      await plant.report('health');
      const { causes } = (await plant.report('real-time')).payload as unknown as { causes: { code: string; can: string[] }[] };
      return causes.map(({ code, can }) => [code, ...can].join(' '));
    };
    assert.deepEqual(await open(), ['late-weight booked']);
    assert.deepEqual(histories[0]?.can, ['booked']);
    const done = await plant.act('booked', { mo_id, reason: 'stock move 17' });
    assert.deepEqual([done.port, done.payload['batch_no'], done.payload['mo_id']], [1, 1, mo_id]);
    assert.deepEqual(await open(), []);
    const [record] = ((await plant.report('history', { mo_id })).payload as unknown as HistoryReport).histories;
    assert.ok(record?.notes?.endsWith('after it left the queue: booked by hand (test)'), record?.notes ?? '');
    assert.ok(!record?.can.includes('booked'));
    const [booked] = await plant.database.query("SELECT actor, detail FROM {schema}.mo_events WHERE event = 'booked'");
    assert.deepEqual(booked, { actor: 'test', detail: { batch_no: 1, run: 1, reason: 'stock move 17', notes: null } });
    assert.equal((await plant.report('reconciliation', { mo_id })).status.fill, 'green');
    assert.deepEqual(
      [(await plant.act('booked', { mo_id })).statusCode, (await plant.act('booked', { mo_id: 'WH/MO/0' })).statusCode],
      [409, 404],
    );
  });

  describe('given up by the PLC', () => {
    const dosed = ({ plc }: Plant): number => Object.values(plc.slots()[0]?.materials ?? {}).reduce((sum, weight) => sum + weight, 0);
    const kept = (plant: Plant): Promise<{ detail: { finished: boolean; actual_weight: number } }[]> =>
      plant.database.query("SELECT detail FROM {schema}.mo_events WHERE event = 'refused'");
    /** A batch that the PLC has begun, and a read has seen so. */
    async function begun(context: Mocha.Context): Promise<{ plant: Plant; mo_id: string }> {
      const plant = await queue(context, 1, { plc: { speed: 10 } });
      const [mo_id = ''] = await plant.queued();
      await plant.load();
      await waitFor(() => dosed(plant) > 0, { what: 'something dosed', everyMs: 5 });
      await plant.read();
      return { plant, mo_id };
    }
    const isAcknowledged = ({ plc }: Plant): boolean => plc.registers.read('holding', FEED_MILL_MAP.read.base + acknowledgedAt, 1)[0] === 1;

    it('after the batch left the queue: what it dosed beyond the record is kept, like the weight of one that was finished', async function () {
      const { plant, mo_id } = await begun(this);
      await plant.cancel({ mo_id });
      const [record] = await plant.database.query<{ sum: number }>(
        'SELECT (SELECT sum(value::numeric) FROM jsonb_each_text(actual)) AS sum FROM {schema}.mo_histories',
      );
      await waitFor(() => dosed(plant) > (record?.sum ?? NaN) + 1, { what: 'more dosed', everyMs: 5 });
      plant.plc.command({ action: 'fail', slot: 1 });
      assert.deepEqual(bad(await plant.read()), ['stale-slot']);
      const [event] = await kept(plant);
      assert.equal(event?.detail.finished, false);
      assert.ok(Math.abs(event.detail.actual_weight - dosed(plant)) < 0.5, `${event.detail.actual_weight} kg`);
      const [alarm] = await openAlarms(plant.database, 'main');
      const told = `slot 1 gave up ${mo_id} with ${event.detail.actual_weight} kg dosed (silo_`;
      assert.deepEqual([alarm?.code, alarm?.text.startsWith(told)], ['late-weight', true], alarm?.text);
      assert.match(
        alarm?.text ?? '',
        / kg\) after the batch left the queue \(cancelled\); .*, less what of it is booked already; stop it at the PLC/,
      );
      assert.ok(isAcknowledged(plant));
      assert.deepEqual([bad(await plant.read()), (await kept(plant)).length], [[], 1]);
      const { histories } = (await plant.report('history', { mo_id })).payload as unknown as HistoryReport;
      assert.equal(histories[0]?.status_text, 'cancelled: dosed, NOT in Odoo');
      await plant.act('booked', { mo_id });
      assert.deepEqual(await openAlarms(plant.database, 'main'), []);
    });

    it('after the batch left the queue, with a figure that cannot be: nothing is kept, and the PLC not told, before it is right', async function () {
      const { plant, mo_id } = await begun(this);
      await plant.cancel({ mo_id });
      plant.plc.command({ action: 'fail', slot: 1 });
      const { at } = FEED_MILL_MAP.fields.find(({ material }) => material === 'silo_a') ?? assert.fail('no silo_a');
      // 10,000 t
      poke(plant, 1, at, 0x3b9a, 0xca00);
      assert.deepEqual(bad(await plant.read({ settle: 0.01, settleTimeout: 0.05 })), ['bad-value']);
      assert.deepEqual([await kept(plant), isAcknowledged(plant)], [[], false]);
    });

    it('before the batch left the queue: all of it is in the record, and nothing is told', async function () {
      const { plant, mo_id } = await begun(this);
      plant.plc.command({ action: 'fail', slot: 1 });
      await plant.read();
      await plant.cancel({ mo_id });
      assert.deepEqual([bad(await plant.read()), await kept(plant), isAcknowledged(plant)], [[], [], true]);
    });
  });

  it('two runs of an MO that both came late: each is booked by itself, and the alarm goes on with the other', async function () {
    const plant = await queue(this, 1);
    const [mo_id = ''] = await plant.queued();
    await plant.cancel({ mo_id });
    const keep = (run: number, text: string): Promise<void> =>
      keepLateWeight(plant.database, 'main', {
        mo_id,
        run,
        slot: run,
        actual: {},
        actual_weight: run * 100,
        text,
        value: `${run * 100} kg`,
      });
    await keep(1, 'the first');
    await keep(2, 'the second');
    const alarm = { code: 'late-weight', mo_id, batch_no: 2, severity: 'warning', text: 'the second', value: '200 kg' } as const;
    await settleAlarms(plant.database, 'main', [], [alarm]);
    const left = async (): Promise<[string, number | null][]> =>
      (await openAlarms(plant.database, 'main')).map(({ text, batch_no }) => [text, batch_no]);
    const booked = async (): Promise<(boolean | undefined)[]> => {
      const late = await lateOf(plant.database, 'main', [mo_id], 'kg');
      return [1, 2].map((run) => late({ mo_id, run })?.isBooked);
    };

    assert.equal((await plant.act('booked', { mo_id })).payload['batch_no'], 2, 'the one that the alarm names');
    assert.deepEqual([await left(), await booked()], [[['the first', 1]], [false, true]]);
    assert.equal((await plant.act('booked', { mo_id, run: 2 })).statusCode, 409);
    assert.deepEqual(await left(), [['the first', 1]]);
    assert.equal((await plant.act('booked', { mo_id, run: 1 })).payload['batch_no'], 1);
    assert.deepEqual([await left(), await booked()], [[], [true, true]]);

    // A reader that had looked just before raises it again.
    await settleAlarms(plant.database, 'main', [], [alarm]);
    assert.equal((await plant.act('booked', { mo_id })).port, 1);
    assert.deepEqual(await left(), []);
    assert.equal((await plant.act('booked', { mo_id })).statusCode, 409);
  });

  it('a batch that was weighed and stored before it was cancelled is acknowledged without noise', async function () {
    const plant = await queue(this, 1);
    const [mo_id = ''] = await plant.queued();
    await plant.load();
    await plant.plcIsDone(1);
    await plant.read({ acknowledge: false });
    await plant.cancel({ mo_id });
    assert.deepEqual(bad(await plant.read()), []);
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the acknowledgement' });
  });

  it('the PLC is told after the COMMIT only, and told again after a crash in between, even when the batch is archived [fault: old-acknowledged-before-stored]', async function () {
    const plant = await queue(this, 1);
    await plant.load();
    await plant.plcIsDone(1);
    const deaf = withPlc(plant, () => ({ write: () => Promise.reject(new Error('killed before the acknowledgement')) }));
    await assert.rejects(plant.on(deaf).read());
    assert.equal((await plant.rows())[0]?.state, 'finished');
    assert.equal(plant.plc.slots()[0]?.state, 'finished', 'not acknowledged yet');
    await plant.complete();
    assert.deepEqual(await plant.queued(), []);
    await plant.read();
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the late acknowledgement' });
  });

  it('nothing is acknowledged that could not be stored [fault: plc-read-not-stored, old-acknowledged-before-stored]', async function () {
    const plant = await queue(this, 1);
    await plant.load();
    await plant.plcIsDone(1);
    const { database } = plant;
    const line: Line = {
      ...plant.otherProcess(),
      database: {
        ...database,
        query: (sql, params) => (sql.includes('r.missed_reads') ? Promise.reject(new Error('no disk')) : database.query(sql, params)),
      },
    };
    await assert.rejects(plant.on(line).read(), /no disk/);
    assert.equal(plant.plc.slots()[0]?.state, 'finished');
    await plant.read();
    assert.equal((await plant.rows())[0]?.state, 'finished');
  });

  it('an acknowledgement the PLC does not take is an alarm, the result is safe, the next read repeats it [fault: plc-acknowledgement-refused]', async function () {
    const plant = await queue(this, 1);
    await plant.load();
    await plant.plcIsDone(1);
    const deaf = withPlc(plant, () => ({ write: () => Promise.resolve() }));
    const outcome = await plant.on(deaf).read();
    assert.deepEqual([bad(outcome), (outcome.payload['finished'] as unknown[]).length], [['not-acknowledged'], 1]);
    assert.deepEqual(bad(await plant.read()), []);
  });

  it('a slot gone wrong leaves its row as it is, and the nine others are read', async function () {
    const plant = await queue(this, 3);
    await plant.load();
    await plant.plcIsDone(3);
    poke(plant, 2, 28, 32768, 17422);
    const outcome = await plant.read();
    assert.deepEqual(bad(outcome), ['bad-value']);
    assert.match(outcome.status.text, /^9 read, slot 2 bad-value /);
    assert.deepEqual(
      (await plant.rows()).map(({ state }) => state),
      ['finished', 'queued', 'finished'],
    );
    assert.deepEqual(
      outcome.events.map(({ port, event, code }) => [port, event, code]),
      [[2, 'bad-slot', 'bad-value']],
    );
    assert.ok(plant.log.some((text) => text.includes('✓ Updated 2 batch(es) from PLC, 2 finished')));
  });

  it('an unchanged read writes nothing to mo_batch', async function () {
    const plant = await queue(this, 2);
    await plant.load();
    await plant.plcIsDone(2);
    await plant.read();
    const before = (await plant.rows()).map(({ row_version }) => row_version);
    const outcome = await plant.read();
    assert.deepEqual(
      [(await plant.rows()).map(({ row_version }) => row_version), outcome.payload['updated'], outcome.payload['unchanged']],
      [before, [], 2],
    );
    assert.equal(plant.log.at(-1), '[TASK 2] No changes from PLC');
  });

  it('onFailedBit cancel: the batch is cancelled by itself, in Odoo too', async function () {
    const plant = await queue(this, 1, { line: { onFailedBit: 'cancel' }, plc: { speed: 1 } });
    const [mo_id] = await plant.queued();
    await plant.load();
    await waitFor(() => plant.plc.slots()[0]?.mo_id === mo_id, { what: 'the recipe taken' });
    plant.plc.command({ action: 'fail', slot: 1 });
    await plant.read();
    assert.equal((await plant.rows())[0]?.state, 'cancelling');
    await plant.complete();
    assert.deepEqual(await plant.history(), [{ mo_id, status: 'cancelled', run: 1 }]);
    assert.equal(plant.odoo.orders().find((order) => order.mo_id === mo_id)?.state, 'cancel');
  });

  it('an MO that is queued again runs again: its old result is no news, and the batch is made once more', async function () {
    const plant = await queue(this, 1, { slots: 1 });
    const [mo_id] = await plant.queued();
    await plant.load();
    await plant.plcIsDone(1);
    await plant.cancel({ mo_id }, { cancelInOdoo: false });
    await plant.read();
    await waitFor(() => plant.plc.slots()[0]?.state === 'acknowledged', { what: 'the stale result acknowledged' });
    await plant.database.query('UPDATE {schema}.mo_histories SET requeued = true');
    await plant.fetch({ limit: 1 });
    const [row] = await plant.rows();
    assert.deepEqual([row?.mo_id, row?.run], [mo_id, 2]);
    assert.equal((await plant.read()).payload['unchanged'], 1);
    assert.equal((await plant.load()).payload['reason'], 'loaded');
    await plant.plcIsDone(2);
    await plant.read();
    await plant.complete();
    assert.deepEqual(
      (await plant.history()).map(({ run, status }) => [run, status]),
      [
        [1, 'cancelled'],
        [2, 'completed'],
      ],
    );
    await checkInvariants(plant);
  });

  it('a batch queued and loaded while the PLC is being read is not taken for a stranger', async function () {
    const plant = await startPlantOnce(this);
    let loaded = false;
    const line = withPlc(plant, (plc) => ({
      async read(...args) {
        if (!loaded) {
          loaded = true;
          await plant.fetch({ limit: 1 });
          await plant.load();
          await plant.plcIsDone(1);
        }
        return plc.read(...args);
      },
    }));
    assert.deepEqual(bad(await plant.on(line).read()), []);
  });

  async function startPlantOnce(context: Mocha.Context): Promise<Plant> {
    plant = await startPlant(context);
    return plant;
  }

  it('stale slots of the set before complete nothing of the next set [fault: old-stale-slot-completes]', async function () {
    const plant = await startPlantOnce(this);
    const first = await runSet(plant);
    await plant.fetch();
    const outcome = await plant.read();
    assert.deepEqual([bad(outcome), outcome.payload['updated'], outcome.payload['unchanged']], [[], [], 10]);
    assert.equal((await plant.history()).length, first.length);
  });
});
