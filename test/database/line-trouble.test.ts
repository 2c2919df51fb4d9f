import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '../../src/clock';
import { createPostgres } from '../../src/database/postgres';
import { createRenderer } from '../../src/database/sql';
import { createLine } from '../../src/line/line';
import type { Odoo, OdooOrder } from '../../src/odoo/odoo';
import { checkInvariants } from '../support/invariants';
import { type Plant, runSet, startPlant } from '../support/plant';
import { testServer } from '../support/postgres';

const MANY = 10_000;

/** Faults of the fault list that strike a whole line, most of them from inside the database. */
describe('a line in trouble', function () {
  this.timeout(60_000);
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this);
  });
  afterEach(() => plant.close());

  /** The next change of that table fails as PostgreSQL would fail it. */
  async function breakTable(table: string, sqlState: string): Promise<void> {
    await plant.database.query(`
      CREATE OR REPLACE FUNCTION {schema}.test_break() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'made by the test' USING ERRCODE = '${sqlState}'; END $$;
      CREATE TRIGGER test_break BEFORE INSERT OR UPDATE OR DELETE ON {schema}.${table} EXECUTE FUNCTION {schema}.test_break()`);
  }
  const mend = (table: string): Promise<unknown> => plant.database.query(`DROP TRIGGER test_break ON {schema}.${table}`);

  const TROUBLE: [fault: string, sqlState: string, says: RegExp][] = [
    ['disk-full', '53100', /has no room .*free disk space/],
    ['too-many-connections', '53300', /has no room .*connections/],
    ['serialization-failure', '40001', /gave up this change.*the next run repeats it/],
  ];
  for (const [fault, sqlState, says] of TROUBLE) {
    it(`at every table in turn: nothing is half stored, and the set goes through afterwards [fault: db-${fault}]`, async () => {
      let told = 0;
      for (const table of ['mo_fetch', 'mo_batch', 'mo_events', 'mo_histories']) {
        await breakTable(table, sqlState);
        for (const task of ['fetch', 'load', 'read', 'complete'] as const) {
          await plant[task]().catch((error: unknown) => {
            assert.match(String(error), says);
            told += 1;
          });
          await checkInvariants(plant);
        }
        await mend(table);
        await plant.letTimePass();
        if (table !== 'mo_fetch') continue;
        // The others strike a set that runs.
        await plant.fetch({ limit: 3 });
        await plant.load();
        await plant.plcIsDone(3);
      }
      assert.ok(told > 3, `only ${told} of the tasks noticed`);
      await plant.read();
      await plant.complete();
      assert.deepEqual(await plant.queued(), []);
      assert.equal((await plant.history()).length, 3);
      await checkInvariants(plant);
    });
  }

  it('a row that somebody inserts by hand: refused in an old set, part of the set in the open one [fault: db-rogue-insert]', async () => {
    await runSet(plant);
    const insert = (seq: number, slot: number): Promise<unknown> =>
      plant.database.query(
        `INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq) VALUES ('main', $2, 'BY/HAND', 1, 'kg', '[]', $1)`,
        [seq, slot],
      );
    await assert.rejects(insert(1, 1), /mo_batch_line_fetch_seq_fetch_open_fkey|foreign key/);
    await assert.rejects(insert(7, 1), /foreign key/);
    await plant.fetch({ limit: 2 });
    await assert.rejects(insert(1, 3), /foreign key/);
    await assert.rejects(insert(2, 1), /batch_no/);
    await insert(2, 3);
    assert.equal((await plant.fetch()).payload['reason'], 'queue-not-empty');
    await assert.rejects(plant.database.query(`UPDATE {schema}.mo_fetch SET is_open = false`), /foreign key/);
  });

  it('a pool of one connection, and ten tasks at once: each ends, none hangs [fault: db-pool-exhausted]', async function () {
    const { settings } = await testServer(this);
    const database = createPostgres({ ...settings, schema: plant.database.schema, poolSize: 1 });
    try {
      const lines = Array.from({ length: 10 }, () => createLine(plant.line, { ...plant.line, database }));
      const reasons = await Promise.all(lines.map(async (line) => (await plant.on(line).fetch({ limit: 2 })).payload['reason']));
      assert.deepEqual(reasons.filter((reason) => reason === 'queued').length, 1);
      assert.equal((await plant.queued()).length, 2);
    } finally {
      await database.close();
    }
  });

  it('the clock of the machine jumps a year ahead and back between two tasks: a set goes through, once [fault: nr-clock-jump]', async () => {
    const year = 365 * 24 * 3600 * 1000;
    let offset = 0;
    const line = createLine(plant.line, { ...plant.line, clock: { ...systemClock, now: () => new Date(Date.now() + offset) } });
    const { gate, fetch, load, read, complete, report } = plant.on(line);
    const jumps = [year, -year, 0];
    for (const task of [gate, () => fetch({ limit: 3 }), load, () => plant.plcIsDone(3), read, complete, gate]) {
      offset = jumps.push(jumps.shift() ?? 0) ? (jumps[0] ?? 0) : 0;
      await task();
      await report('health');
      await checkInvariants(plant);
    }
    assert.deepEqual(await plant.queued(), []);
    assert.equal((await plant.history()).length, 3);
  });

  it(`lists of 0, 9, 10, 11 and ${MANY} MOs: as many as there are slots, in one set [fault: gate-list-sizes]`, async () => {
    const odoo = plant.line.odoo as Odoo;
    const [model] = await odoo.listConfirmed({ limit: 1, seen: [], domain: [] });
    assert.ok(model);
    for (const size of [0, 9, 10, 11, MANY]) {
      const orders = Array.from({ length: size }, (_, index): OdooOrder => ({
        ...model,
        odoo_id: size * MANY + index,
        mo_id: `L${size}/${index}`,
      }));
      // An Odoo that does not look at the limit.
      const listConfirmed: Odoo['listConfirmed'] = ({ seen }) => Promise.resolve(orders.filter(({ odoo_id }) => !seen.includes(odoo_id)));
      const { payload } = await plant.on({ ...plant.line, odoo: { ...odoo, listConfirmed } }).fetch();
      assert.equal(payload['reason'], size === 0 ? 'no-orders' : 'queued');
      assert.deepEqual(
        (await plant.rows()).map(({ batch_no, mo_id }) => [batch_no, mo_id]),
        orders.slice(0, 10).map(({ mo_id }, index) => [index + 1, mo_id]),
      );
      await plant.database.query('DELETE FROM {schema}.mo_batch');
    }
  });

  const TWICE: [fault: string, what: string, other: Partial<OdooOrder>][] = [
    ['same-order-twice', 'twice the same', {}],
    ['same-order-with-other-figures', 'twice, with other figures', { quantity: 7 }],
    ['same-name-other-order', 'twice under one name', { odoo_id: 999_999 }],
  ];
  for (const [fault, what, other] of TWICE) {
    it(`an MO that is listed ${what}: queued once, and the other is named [fault: gate-${fault}]`, async () => {
      const odoo = plant.line.odoo as Odoo;
      const [order] = await odoo.listConfirmed({ limit: 1, seen: [], domain: [] });
      assert.ok(order);
      const listConfirmed: Odoo['listConfirmed'] = ({ seen }) => Promise.resolve(seen.length > 0 ? [] : [order, { ...order, ...other }]);
      const { payload } = await plant.on({ ...plant.line, odoo: { ...odoo, listConfirmed } }).fetch();
      const rejected = payload['rejected'] as { mo_id: string; reason: string }[];
      assert.deepEqual([payload['reason'], await plant.queued()], ['queued', [order.mo_id]]);
      assert.deepEqual(
        rejected.map(({ mo_id, reason }) => [mo_id, reason]),
        [[order.mo_id, 'duplicate']],
      );
    });
  }

  it('no value of Odoo or of a message is SQL: what is stored is what was sent, other tables stay [fault: sec-sql-injection]', async () => {
    const { database } = plant;
    await database.query(`CREATE TABLE {schema}.canary AS SELECT 'sings' AS bird`);
    const { schema } = database;
    const nasty = fc.oneof(
      fc.constantFrom(
        `'; DROP TABLE ${schema}.canary; --`,
        `"; DELETE FROM ${schema}.canary; --`,
        `$$; DROP TABLE ${schema}.canary; $$`,
        '{schema}',
        '$1',
        `\\'; TRUNCATE ${schema}.canary; --`,
        `x' OR '1'='1`,
      ),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    await plant.fetch({ limit: 1 });
    const before = await plant.queued();
    const texts = fc.asyncProperty(nasty, nasty, async (mo_id, text) => {
      const { act, cancel, report } = plant.on(plant.line, { actor: text });
      for (const ask of [
        () => cancel({ mo_id, notes: text, reason: text }),
        () => act('park', { mo_id, reason: text }),
        () => act('requeue', { mo_id, reason: text }),
        () => act('hold', { reason: text }),
        () => act('release', { reason: text }),
        () => report('history', { mo_id, status: text }),
        () => report('batch', { mo_id }),
      ])
        await ask().catch((error: unknown) => assert.doesNotMatch(String(error), /syntax error|TypeError/));
      assert.deepEqual(await database.query('SELECT bird FROM {schema}.canary'), [{ bird: 'sings' }]);
    });
    await fc.assert(texts, { numRuns: 40 });
    assert.deepEqual(await plant.queued(), before);
  });

  it('a schema name is letters, digits and _, or is refused before it reaches SQL [fault: sec-sql-identifiers]', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a"b', 'a;b', 'a b', '"a"', 'Ä', 'A', '1a', '', 'a\n', 'x'.repeat(64)),
    );
    const refused = fc.property(names, (schema) => {
      fc.pre(!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.endsWith('\n'));
      assert.throws(() => createRenderer(schema), { code: 'CONFIG_INVALID' });
    });
    fc.assert(refused);
  });
});
