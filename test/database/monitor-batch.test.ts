import assert from 'node:assert/strict';
import type { Database, Queryable } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import { actOnBatch } from '../../src/line/action';
import { cancelBatch } from '../../src/line/cancel';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import type { Run } from '../../src/line/run';
import type { BatchReport } from '../../src/monitor/batch-report';
import type { BatchAction } from '../../src/monitor/possible-actions';
import type { MaterialLine, Reconciled } from '../../src/monitor/reconciliation';
import type { Odoo } from '../../src/odoo/odoo';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { archive } from '../../src/queue/archive';
import type { QueueRow } from '../../src/queue/batch';
import { keepLateWeight } from '../../src/queue/late-weight';
import { queueRows } from '../../src/queue/rows';
import { type Plant, type PlantOptions, runSet, startPlant } from '../support/plant';

const run: Run = { actor: 'Budi', signal: new AbortController().signal, log: () => undefined, progress: () => undefined };

describe('reports on batches', () => {
  let plant: Plant;
  async function start(context: Mocha.Context, options: PlantOptions = {}): Promise<void> {
    plant = await startPlant(context, { slots: 3, orders: 6, ...options });
  }
  afterEach(() => plant.close());

  /** The line with one function of its Odoo replaced. */
  const withOdoo = (change: (odoo: Odoo) => Partial<Odoo>): Line => {
    const odoo = plant.line.odoo as Odoo;
    return { ...plant.line, odoo: { ...odoo, ...change(odoo) } };
  };

  describe('batch', () => {
    beforeEach(function () {
      return start(this);
    });

    const report = async (mo_id: string, line = plant.line): Promise<BatchReport & { text: string }> =>
      (await plant.on(line).report('batch', { mo_id })).payload as never;

    it('shows a batch wherever it is, from the queue to the history', async () => {
      await plant.fetch();
      const [, mo_id = ''] = await plant.queued();
      const queued = await report(mo_id);
      assert.deepEqual([queued.state, queued.batch?.batch_no, queued.records, queued.slot], ['queued', 2, [], null]);
      assert.equal(queued.slot_text, 'slot 2 of the PLC is empty');
      assert.deepEqual([queued.odoo?.state, queued.odoo?.quantity, queued.odoo_text], ['confirmed', 1000, null]);

      await plant.load();
      await plant.plcIsDone(3);
      await plant.read();
      const finished = await report(mo_id);
      assert.deepEqual(
        [finished.state, finished.slot?.mo_id, finished.slot?.finished, finished.slot?.running],
        ['finished', mo_id, true, false],
      );
      const weighed = new Map(finished.batch?.materials.map(({ tag, actual }) => [tag, actual]));
      for (const { field, value, unit, quality } of finished.slot?.values ?? []) {
        assert.deepEqual([value, unit, quality], [weighed.get(field) ?? finished.batch?.actual_weight, 'kg', 'good'], field);
      }
      assert.equal(finished.slot?.values.length, 16);

      await plant.complete();
      const completed = await report(mo_id);
      assert.deepEqual([completed.state, completed.batch, completed.records.length, completed.can], ['completed', null, 1, []]);
      assert.deepEqual(
        completed.events.map(({ event }) => event),
        ['queued', 'loaded', 'finished', 'pushing', 'pushed', 'completed'],
      );
      assert.ok(completed.events.every(({ at }, index, all) => at >= (all[index - 1]?.at ?? '')));
      assert.deepEqual([completed.odoo?.state, completed.odoo?.qty_produced], ['done', completed.records[0]?.actual_weight]);
      assert.deepEqual(
        completed.odoo?.moves.map(({ product, quantity, uom }) => [product, quantity, uom]),
        completed.records[0]?.materials.map(({ product, actual, uom }) => [product, actual, uom]),
      );
      assert.match(completed.text, /is completed \(slot 2, run 1\); done in Odoo$/);

      await plant.fetch();
      await plant.load();
      await plant.plcHasTaken();
      const [, next = ''] = await plant.queued();
      const left = await report(mo_id);
      assert.deepEqual([left.slot, left.slot_text], [null, `slot 2 of the PLC shows ${next} now`]);
    });

    it('has every key of the contract, and 404 for an MO that nobody knows', async () => {
      const outcome = await plant.report('batch', { mo_id: 'WH/MO/99999' });
      const { line, at, text, ...rest } = outcome.payload;
      assert.deepEqual([outcome.port, outcome.statusCode, line, typeof at], [1, 404, 'main', 'string']);
      assert.match(text, /^WH\/MO\/99999 is neither in the queue nor in the history/);
      const nothing = { slot: null, odoo: null, slot_text: rest['slot_text'], odoo_text: rest['odoo_text'] };
      assert.deepEqual(rest, { mo_id: 'WH/MO/99999', state: null, batch: null, records: [], events: [], can: [], ...nothing });
    });

    it('needs the name of an MO', async () => {
      for (const payload of [{}, { mo_id: '' }, { mo_id: 'x'.repeat(65) }, 1700000000000, null]) {
        await assert.rejects(plant.report('batch', payload), { name: 'INPUT_INVALID' });
      }
    });

    it('is answered with PLC and Odoo away, and says why a part is missing', async () => {
      await plant.fetch();
      const [mo_id = ''] = await plant.queued();
      plant.plc.command({ action: 'fault', fault: 'down', seconds: 60 });
      await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
      const away = await report(mo_id);
      assert.deepEqual([away.state, away.slot, away.odoo, away.can], ['queued', null, null, ['finish', 'cancel']]);
      assert.match(away.slot_text ?? '', /^PLC_UNREACHABLE: /);
      assert.match(away.odoo_text ?? '', /^ODOO_UNREACHABLE: /);
      const alone = await report(mo_id, { ...plant.line, plc: null, odoo: null });
      assert.match(alone.slot_text ?? '', /line main has no PLC/);
      assert.match(alone.odoo_text ?? '', /line main has no Odoo/);
      await plant.odoo.command({ action: 'clear' });
      await plant.odoo.command({ action: 'delete', mo_id });
      assert.match((await report(mo_id, plant.otherProcess())).odoo_text ?? '', / is gone from Odoo, or hidden from the Odoo user$/);
    });

    it('a value of the slot that cannot be trusted has a sentence instead of a figure', async () => {
      await plant.fetch();
      await plant.load();
      await plant.plcIsDone(3);
      const [mo_id = ''] = await plant.queued();
      const { mapping } = plant.line;
      const at = mapping.slotAddress('read', 1) + (mapping.fields.find(({ name }) => name === 'silo_b')?.at ?? 0);
      await plant.line.plc?.write(at, [0xffff, 0xffff]);
      const { slot } = await report(mo_id);
      const of = (name: string): unknown => slot?.values.find(({ field }) => field === name);
      assert.equal((of('silo_a') as { quality: string }).quality, 'good');
      const { text, ...bad } = of('silo_b') as { text: string };
      assert.deepEqual(bad, { field: 'silo_b', value: null, unit: null, quality: 'bad' });
      assert.match(text, /slot 1: silo_b at \d+ is .* above the plausible maximum/);
    });

    it('a batch that is archived while the report looks is shown once', async () => {
      await plant.fetch({ limit: 1 });
      await plant.finishAll();
      const [mo_id = ''] = await plant.queued();
      const { database } = plant;
      let moved = false;
      const query: Database['query'] = async (sql, params) => {
        if (sql.includes('mo_histories') && !moved) {
          moved = true;
          await plant.complete();
        }
        return database.query(sql, params);
      };
      const shown = await report(mo_id, { ...plant.line, database: { ...database, query } });
      assert.deepEqual([shown.state, shown.batch, shown.records.length], ['completed', null, 1]);
    });

    describe('what can be done', () => {
      const ACTIONS: readonly BatchAction[] = ['retry', 'park', 'requeue', 'finish', 'cancel'];
      const weighed = `actual = '{}', actual_weight = 1000, status_manufacturing = 1, finished_at = now()`;
      const steps = (...sets: string[]) => {
        return async (db: Queryable): Promise<void> => {
          for (const set of sets) await db.query(`UPDATE {schema}.mo_batch SET ${set}`);
        };
      };
      const finished = `state = 'finished', ${weighed}`;
      const pushing = `state = 'pushing', push_payload = '{}'`;
      const archived = (status: 'completed' | 'cancelled' | 'failed', ...sets: string[]) => {
        return async (db: Queryable): Promise<void> => {
          await steps(...sets)(db);
          const [row] = (await queueRows(db, 'main')) as [QueueRow];
          assert.ok(await archive(db, row, status, { notes: null, actor: 'test' }));
        };
      };

      const CASES: [string, (db: Queryable) => Promise<void>, BatchAction[]][] = [
        ['queued', steps(), ['finish', 'cancel']],
        ['running', steps(`state = 'running'`), ['finish', 'cancel']],
        ['finished', steps(finished), ['cancel']],
        ['pushing', steps(finished, pushing), []],
        ['pushed', steps(finished, pushing, `state = 'pushed'`), []],
        ['failed before it was weighed', steps(`state = 'failed'`), ['park', 'finish', 'cancel']],
        ['failed before the push', steps(finished, `state = 'failed'`), ['retry', 'park', 'finish', 'cancel']],
        ['failed in the push', steps(finished, pushing, `state = 'failed'`), ['retry', 'park', 'cancel']],
        ['cancelling', steps(`state = 'cancelling'`), ['cancel']],
        ['completed', archived('completed', finished, pushing, `state = 'pushed'`), []],
        ['cancelled', archived('cancelled', `state = 'cancelling'`), ['requeue']],
        ['parked', archived('failed', `state = 'failed'`), ['requeue']],
      ];

      for (const [state, bring, expected] of CASES) {
        it(`${state}: ${expected.join(', ') || 'nothing'}, and the nodes agree`, async () => {
          await plant.fetch({ limit: 1 });
          const [row] = (await plant.rows()) as [QueueRow];
          const shown = await tried(bring, (line) => report(row.mo_id, line));
          assert.deepEqual(shown.can, expected);
          const done: BatchAction[] = [];
          for (const action of ACTIONS) {
            const outcome = await tried(bring, (line) => press(line, action, row));
            if (outcome.port === 1) done.push(action);
          }
          assert.deepEqual(done, expected);
        });
      }

      it('requeued: once', async () => {
        await plant.fetch({ limit: 1 });
        const [row] = (await plant.rows()) as [QueueRow];
        await plant.cancel({ mo_id: row.mo_id }, { cancelInOdoo: false });
        await press(plant.line, 'requeue', row);
        assert.deepEqual((await report(row.mo_id)).can, []);
      });

      it('a line that only observes, or has no usable map: nothing, in the queue and in the history', async () => {
        await plant.fetch({ limit: 2 });
        const [queued = '', mo_id = ''] = await plant.queued();
        await plant.cancel({ mo_id }, { cancelInOdoo: false });
        const late = { mo_id, run: 1, slot: 2, actual: {}, actual_weight: 998, text: '998 kg came late', value: '998' };
        await keepLateWeight(plant.database, 'main', late);
        const offered = async (line: Line): Promise<unknown[]> => {
          const { histories } = (await plant.on(line).report('history')).payload as { histories?: { can: string[] }[] };
          return [(await report(queued, line)).can, (await report(mo_id, line)).can, histories?.map(({ can }) => can)];
        };
        assert.deepEqual(await offered(plant.line), [['finish', 'cancel'], ['booked', 'requeue'], [['booked', 'requeue']]]);
        assert.deepEqual(await offered({ ...plant.line, mode: 'observe' }), [[], [], [[]]]);
        const mapProblem = new SmartMoError('MAP_INVALID', 'silo_a at 6028: no type');
        assert.deepEqual(await offered({ ...plant.line, mapProblem }), [[], [], [[]]]);
      });

      /** Brings the batch into its state, looks or acts, and takes everything back. */
      async function tried<T>(bring: (db: Queryable) => Promise<void>, act: (line: Line) => Promise<T>): Promise<T> {
        const takenBack = new Error('taken back');
        let result: { value: T } | undefined;
        const work = plant.database.transaction(async (tx) => {
          await bring(tx);
          const query: Database['query'] = (sql, params) => tx.query(sql, params);
          const database: Database = { ...plant.database, query, transaction: (inner) => inner(tx) };
          result = { value: await act({ ...plant.line, database }) };
          throw takenBack;
        });
        await assert.rejects(work, (error) => error === takenBack);
        assert.ok(result);
        return result.value;
      }

      function press(line: Line, action: BatchAction, { mo_id, materials }: QueueRow): Promise<Outcome> {
        if (action === 'cancel') {
          const message = { payload: { mo_id } };
          return cancelBatch(line, run, { cancelInOdoo: false, freeSlot: false, notesTemplate: '', reasons: [], message });
        }
        const actual = Object.fromEntries(materials.map(({ tag, planned }) => [tag, planned]));
        return actOnBatch(line, run, { action, payload: { mo_id, actual, actual_weight: 1000 } });
      }
    });
  });

  describe('reconciliation', () => {
    const reconcile = async (payload: object = {}, line = plant.line): Promise<Reconciled[]> =>
      (await plant.on(line).report('reconciliation', payload)).payload['batches'] as Reconciled[];
    const lineOf = (batch: Reconciled | undefined, tag: string | null): MaterialLine => {
      const found = batch?.materials.find((material) => material.tag === tag);
      assert.ok(found, `no line of ${String(tag)}`);
      return found;
    };

    it('a set without trouble: weighed, told and shown are one figure', async function () {
      await start(this);
      const set = await runSet(plant);
      const outcome = await plant.report('reconciliation');
      const batches = outcome.payload['batches'] as Reconciled[];
      assert.deepEqual(batches.map(({ mo_id }) => mo_id).reverse(), set);
      for (const { materials, odoo_state, odoo_text } of batches) {
        assert.deepEqual([materials.length, odoo_state, odoo_text], [15, 'done', null]);
        for (const { tag, plc, database, odoo, difference } of materials) {
          assert.ok(plc !== null && plc > 0, `${tag ?? ''} was not weighed`);
          assert.deepEqual([database, odoo, difference], [plc, plc, 0], tag ?? '');
        }
      }
      assert.deepEqual([outcome.payload.text, outcome.status.fill], ['0 of 3 compared batches differ', 'green']);
      const one = await reconcile({ mo_id: set[1] });
      assert.deepEqual(
        one.map(({ mo_id, run, replaced_by, state }) => [mo_id, run, replaced_by, state]),
        [[set[1], 1, null, 'completed']],
      );
    });

    it('an MO done by hand in Odoo differs by what a person booked there', async function () {
      await start(this);
      await plant.fetch({ limit: 2 });
      await plant.load();
      await plant.plcIsDone(2);
      await plant.read();
      const [told = '', untold = ''] = await plant.queued();
      assert.deepEqual(await plant.rows().then((rows) => rows.map(({ push_payload }) => push_payload)), [null, null]);
      for (const mo_id of [told, untold]) await plant.odoo.command({ action: 'done', mo_id });
      await plant.complete({ payload: { mo_id: told } });
      const outcome = await plant.report('reconciliation');
      const [first, second] = outcome.payload['batches'] as [Reconciled, Reconciled];
      assert.deepEqual([first.mo_id, first.state, second.mo_id, second.state], [untold, 'finished', told, 'failed']);
      const { plc, planned, database, odoo, difference } = lineOf(second, 'silo_a');
      assert.notEqual(plc, planned);
      assert.deepEqual([database, odoo, difference], [plc, planned, Number(((planned ?? 0) - (plc ?? 0)).toFixed(6))]);
      const never = lineOf(first, 'silo_a');
      assert.deepEqual([never.database, never.odoo, never.difference], [null, never.planned, never.planned], 'nothing was told');
      assert.equal(outcome.status.fill, 'yellow');
      assert.match(outcome.payload.text, /^2 of 2 compared batches differ: .*silo_a [+-]?[\d.]+ kg/);
    });

    it('figures of a product that several tags hold are split by what each weighed; what is weighed by hand is not of the PLC', async function () {
      const held = new Map([['silo_b', 'SILO-101']]);
      const share = new Map([
        ['silo_a', 75],
        ['silo_b', 25],
      ]);
      const materials = FEED_MILL_MATERIALS.map((material) => ({
        ...material,
        product: held.get(material.tag) ?? material.product,
        share: share.get(material.tag) ?? 0,
      }));
      await start(this, {
        line: { materials: [...materials, { tag: 'hand', code: '', product: 'SILO-102', manual: true, share: 0, max: 0 }] },
      });
      const [mo_id = ''] = await runSet(plant);
      const [batch] = await reconcile({ mo_id });
      const [a, b, hand] = [lineOf(batch, 'silo_a'), lineOf(batch, 'silo_b'), lineOf(batch, 'hand')];
      for (const { plc, database, odoo, difference } of [a, b]) assert.deepEqual([database, odoo, difference], [plc, plc, 0]);
      assert.notEqual(a.plc, b.plc);
      assert.deepEqual([hand.plc, hand.database, hand.odoo, hand.difference], [null, hand.planned, hand.planned, 0]);

      const more = withOdoo((odoo) => ({
        async readOrder(...args) {
          const order = await odoo.readOrder(...args);
          const moves = order?.moves.map((move, index) => ({ ...move, quantity: move.quantity + (index === 0 ? 8 : 0) })) ?? [];
          return order && { ...order, moves };
        },
      }));
      const [changed] = await reconcile({ mo_id }, more);
      const parts = [lineOf(changed, 'silo_a').difference ?? 0, lineOf(changed, 'silo_b').difference ?? 0] as const;
      assert.equal(Number((parts[0] + parts[1]).toFixed(3)), 8, 'the column adds up to the difference of the product');
      assert.ok(parts[0] > parts[1] && parts[1] > 0);
    });

    it('a component that a person added in Odoo has a line of its own', async function () {
      await start(this);
      const [mo_id = ''] = await runSet(plant);
      const added = { move_id: 999, product_id: 20, state: 'done', quantity: 12 };
      const line = withOdoo((odoo) => ({
        async readOrder(...args) {
          const order = await odoo.readOrder(...args);
          return order && { ...order, moves: [...order.moves, added] };
        },
      }));
      const [batch] = await reconcile({ mo_id }, line);
      assert.deepEqual(lineOf(batch, null), {
        tag: null,
        product: '#20',
        uom: null,
        planned: null,
        plc: null,
        database: null,
        odoo: 12,
        difference: 12,
      });
    });

    it('with Odoo away the rest is shown, and it is not asked for every batch', async function () {
      await start(this);
      await runSet(plant);
      await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
      let asked = 0;
      const line = withOdoo((odoo) => ({
        readOrder(...args) {
          asked += 1;
          return odoo.readOrder(...args);
        },
      }));
      const outcome = await plant.on(line).report('reconciliation');
      const batches = outcome.payload['batches'] as Reconciled[];
      assert.deepEqual([asked, batches.length, outcome.status.fill], [1, 3, 'yellow']);
      for (const batch of batches) {
        const { plc, database, odoo, difference } = lineOf(batch, 'silo_a');
        assert.deepEqual([odoo, difference, batch.odoo_state], [null, null, null]);
        assert.equal(database, plc);
        assert.match(batch.odoo_text ?? '', /^ODOO_UNREACHABLE: /);
      }
      assert.match(outcome.payload.text, /^0 of 0 compared batches differ; 3 not compared: ODOO_UNREACHABLE/);
    });

    it('an MO that was made twice is compared once, with its later run', async function () {
      await start(this);
      await plant.fetch({ limit: 1 });
      const [row] = (await plant.rows()) as [QueueRow];
      const { mo_id } = row;
      await plant.cancel({ mo_id }, { cancelInOdoo: false });
      await actOnBatch(plant.line, run, { action: 'requeue', payload: { mo_id } });
      await plant.fetch({ limit: 1 });
      await plant.finishAll();
      const outcome = await plant.report('reconciliation', { mo_id });
      assert.deepEqual(
        (outcome.payload['batches'] as Reconciled[]).map((batch) => [batch.run, batch.replaced_by, batch.odoo_state, batch.odoo_text]),
        [
          [2, null, 'confirmed', null],
          [1, 2, null, 'Odoo shows run 2 of this MO'],
        ],
      );
      assert.deepEqual([outcome.payload.text, outcome.status.fill], ['0 of 1 compared batches differ', 'green']);
    });

    it('shows the newest 50, none that the PLC still makes, and refuses what is no name', async function () {
      await start(this);
      const [first = ''] = await runSet(plant);
      await plant.fetch();
      const columns =
        'line, batch_no, odoo_id, quantity, uom, materials, status_manufacturing, status_operation, push_attempt, fetch_seq, created_at';
      await plant.database.query(
        `INSERT INTO {schema}.mo_histories (${columns}, mo_id, run, status, actor)
         SELECT ${columns}, 'WH/MO/7' || n, 1, 'cancelled', 'test' FROM {schema}.mo_histories, generate_series(100, 159) n WHERE mo_id = $1`,
        [first],
      );
      const batches = await reconcile();
      assert.deepEqual([batches.length, batches[0]?.mo_id, batches[49]?.mo_id], [50, 'WH/MO/7159', 'WH/MO/7110']);
      await assert.rejects(reconcile({ mo_id: '' }), { name: 'INPUT_INVALID' });
      assert.deepEqual(await reconcile({ mo_id: (await plant.queued())[0] }), []);
    });
  });
});
