import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import { closeDrainedFetch, knownOrders, mapHashOf, type QueueEntry, queueSet, readEpoch } from '../../src/queue/gate';
import { queueRows } from '../../src/queue/rows';
import { testDatabase } from '../support/postgres';
import { waitFor } from '../support/wait';

const entry = (number: number): QueueEntry => ({
  mo_id: `WH/MO/${number}`,
  odoo_id: number,
  finished_goods: 'Feed A',
  quantity: 1000,
  uom: 'kg',
  materials: [],
});

describe('the gate in the tables', () => {
  let database: Database;
  before(async function () {
    database = await testDatabase(this);
  });
  beforeEach(async () => {
    for (const table of ['mo_batch', 'mo_fetch', 'mo_histories']) await database.query(`DELETE FROM {schema}.${table}`);
  });

  const queue = async (numbers: readonly number[], given: { line?: string; e0?: number; on?: Database } = {}): Promise<string> => {
    const { line = 'main', on = database } = given;
    const e0 = given.e0 ?? (await readEpoch(database, line)).e0;
    const { result, rows } = await queueSet(on, { line, e0, mapHash: 'abc', actor: 'test', entries: numbers.map(entry) });
    const told = rows.map(({ batch_no, mo_id, run }) => [batch_no, mo_id, run]);
    assert.deepEqual(told, result === 'queued' ? await slots(line) : [], 'what the run tells is what the table holds');
    return result;
  };
  const history = (number: number, requeued: boolean): Promise<unknown> =>
    database.query(
      `INSERT INTO {schema}.mo_histories (line, batch_no, mo_id, run, odoo_id, quantity, uom, materials, status_manufacturing,
         status_operation, push_attempt, fetch_seq, created_at, status, actor, requeued)
       VALUES ('main', 1, $1, 1, $2, 1000, 'kg', '[]', 0, 0, 0, 1, now(), 'cancelled', 'test', $3)`,
      [`WH/MO/${number}`, number, requeued],
    );
  const slots = async (line = 'main'): Promise<[number, string, number][]> =>
    (await queueRows(database, line)).map(({ batch_no, mo_id, run }) => [batch_no, mo_id, run]);

  it('queues in spite of a connection that has lost the plans of its transaction', async function () {
    const one = await testDatabase(this, { schema: database.schema, poolSize: 1 });
    assert.equal(await queue([1], { on: one }), 'queued');
    await database.query('DELETE FROM {schema}.mo_batch');
    await one.query('DEALLOCATE ALL');
    assert.equal(await queue([2], { on: one }), 'queued');
    assert.equal(one.state().state, 'ok');
  });

  it('an answer to COMMIT that is lost: the token tells what happened [fault: db-commit-reply-lost]', async () => {
    const lost = (): never => {
      throw new SmartMoError('DB_OUTCOME_UNKNOWN', 'lost', { class: 'unknown' });
    };
    const after: Database = { ...database, transaction: async (work) => (await database.transaction(work), lost()) };
    assert.equal(await queue([1, 2], { on: after }), 'queued');
    assert.equal((await slots()).length, 2);

    await database.query('DELETE FROM {schema}.mo_batch');
    const before: Database = { ...database, transaction: () => Promise.resolve().then(lost) };
    await assert.rejects(queue([3], { on: before }), { name: 'DB_OUTCOME_UNKNOWN' });
    const gone: Database = { ...before, query: () => Promise.reject(new SmartMoError('DB_UNREACHABLE', 'gone')) };
    await assert.rejects(queue([3], { on: gone }), { name: 'DB_OUTCOME_UNKNOWN' }, 'who cannot look does not know');
    assert.deepEqual(await slots(), []);
  });

  it('eight processes with different lists queue one of them, fresh and over an emptied queue [fault: gate-eight-processes]', async () => {
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, index) => queue([100 * round + 2 * index, 100 * round + 2 * index + 1])),
      );
      assert.deepEqual(results.sort(), [
        'lost-race',
        'lost-race',
        'lost-race',
        'lost-race',
        'lost-race',
        'lost-race',
        'lost-race',
        'queued',
      ]);
      assert.equal((await slots()).length, 2);
      await database.query('DELETE FROM {schema}.mo_batch');
    }
  });

  it('two lines that fetch the same MOs in the same second share them, each MO once [fault: gate-two-lines-one-order]', async () => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([queue([1, 2, 3]), queue([3, 4], { line: 'line2' })]);
      const all = [...(await slots()), ...(await slots('line2'))].map(([, mo_id]) => mo_id);
      assert.deepEqual([...new Set(all)].length, all.length);
      await database.query('DELETE FROM {schema}.mo_batch');
    }
  });

  it('two lines that fetch the same MOs in another order wait for each other: both end, each MO once [fault: db-deadlock, gate-two-lines-one-order]', async () => {
    // Long enough for both to hold their first MO before they come to the second.
    await database.query(
      `CREATE FUNCTION {schema}.pause() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END'`,
    );
    await database.query('CREATE TRIGGER pause BEFORE INSERT ON {schema}.mo_batch FOR EACH ROW EXECUTE FUNCTION {schema}.pause()');
    try {
      const results = await Promise.all([queue([1, 2]), queue([2, 1], { line: 'line2' })]);
      assert.deepEqual(results.sort(), ['nothing-new', 'queued']);
    } finally {
      await database.query('DROP TRIGGER pause ON {schema}.mo_batch');
    }
  });

  it('one MO under two names is queued once, also when two lines fetch it in the same second [fault: gate-two-names-one-order]', async () => {
    const renamed = { ...entry(1), mo_id: 'WH/MO/1-001' };
    const other = async (on: Database): Promise<string> =>
      (await queueSet(on, { line: 'line2', e0: 0, mapHash: 'abc', actor: 'test', entries: [renamed, entry(2)] })).result;
    let second: Promise<string> | undefined;
    await database.transaction(async (tx) => {
      await queueSet(
        { ...database, transaction: (work) => work(tx) },
        { line: 'main', e0: 0, mapHash: '', actor: 'test', entries: [entry(1)] },
      );
      second = other(database);
      const waits = async (): Promise<boolean> => (await database.query('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0;
      await waitFor(waits, { what: 'the second line to wait for the first' });
    });
    assert.equal(await second, 'queued');
    assert.deepEqual(await slots('line2'), [[1, 'WH/MO/2', 1]]);
  });

  it('slots have no gap where an MO turned out to be known, by name or by id', async () => {
    await history(2, false);
    await database.query(`UPDATE {schema}.mo_histories SET mo_id = 'WH/MO/2-001'`);
    assert.deepEqual([...(await knownOrders(database, 'main', [entry(1), entry(2)])).keys()], ['WH/MO/2']);
    await queue([1, 2, 3]);
    assert.deepEqual(await slots(), [
      [1, 'WH/MO/1', 1],
      [2, 'WH/MO/3', 1],
    ]);
  });

  it('all known: nothing is queued and no fetch is opened [fault: gate-set-in-history]', async () => {
    await history(1, false);
    assert.equal(await queue([1]), 'nothing-new');
    assert.deepEqual(await readEpoch(database, 'main'), { e0: 0, rows: 0, hold: null });
  });

  it('a requeued MO comes back as its next run', async () => {
    await history(1, true);
    await queue([1]);
    assert.deepEqual(await slots(), [[1, 'WH/MO/1', 2]]);
  });

  it('a set is refused while rows are left, whoever asks', async () => {
    await queue([1]);
    assert.equal(await queue([2]), 'lost-race');
    assert.equal(await queue([2], { e0: 0 }), 'lost-race');
    await assert.rejects(
      database.query(`INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq)
                      VALUES ('main', 2, 'ROGUE', 1, 'kg', '[]', 7)`),
      { name: 'ConstraintError' },
    );
  });

  it('one of many who see the queue empty announces it, and nobody while a row is left', async () => {
    await queue([1]);
    assert.equal(await closeDrainedFetch(database, 'main'), null);
    await database.query('DELETE FROM {schema}.mo_batch');
    const closed = await Promise.all(Array.from({ length: 8 }, () => closeDrainedFetch(database, 'main')));
    assert.equal(closed.filter(Boolean).length, 1);
  });

  it('remembers the map of a queue as long as rows are left', async () => {
    assert.equal(await mapHashOf(database, 'main'), null);
    await queue([1]);
    assert.equal(await mapHashOf(database, 'main'), 'abc');
    await database.query('DELETE FROM {schema}.mo_batch');
    assert.equal(await mapHashOf(database, 'main'), null);
  });
});
