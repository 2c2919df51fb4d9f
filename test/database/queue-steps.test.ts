import assert from 'node:assert/strict';
import { ConstraintError, type Database } from '../../src/database/database';
import { archive } from '../../src/queue/archive';
import type { BatchState, QueueRow } from '../../src/queue/batch';
import { markFailed, markLoaded, markPushed, renewLease, startCancel, startPush, tryAgainLater } from '../../src/queue/steps';
import { storeReadings, type ReadingUpdate } from '../../src/queue/readings';
import { findRow, rowsWithDue } from '../../src/queue/rows';
import { testDatabase } from '../support/postgres';

const STATES: readonly BatchState[] = ['queued', 'running', 'finished', 'pushing', 'pushed', 'failed', 'cancelling'];
/** The table "Steps of a batch", as the guard of the database has to know it. */
const LEGAL: Record<BatchState, readonly BatchState[]> = {
  queued: ['running', 'finished', 'failed', 'cancelling'],
  running: ['finished', 'failed', 'cancelling'],
  finished: ['pushing', 'failed', 'cancelling'],
  pushing: ['pushed', 'failed'],
  pushed: [],
  failed: ['finished', 'cancelling'],
  cancelling: ['failed'],
};
const NOTE = { actor: 'test' };
const PAYLOAD = { mo_id: 'WH/MO/00001', odoo_id: 7, qty: 600, moves: [], equipment: {}, markDone: true };

describe('steps of a batch', () => {
  let database: Database;
  before(async function () {
    database = await testDatabase(this);
  });
  beforeEach(() => database.query('DELETE FROM {schema}.mo_batch').then(() => database.query('DELETE FROM {schema}.mo_fetch')));

  const refused = { name: 'ConstraintError', constraint: 'mo_batch_guard' };
  const set = (what: string, row: QueueRow): Promise<unknown> =>
    database.query(`UPDATE {schema}.mo_batch SET ${what} WHERE id = $1`, [row.id]);

  async function look(): Promise<QueueRow> {
    const row = await findRow(database, 'main', { batch_no: 1 });
    assert.ok(row);
    return row;
  }

  /** A measured batch in that state. */
  const dueSlots = async (): Promise<number[]> =>
    (await rowsWithDue(database, 'main')).filter(({ due }) => due).map(({ batch_no }) => batch_no);

  async function batch(state: BatchState, columns = ''): Promise<QueueRow> {
    await database.query(
      `INSERT INTO {schema}.mo_fetch (line, fetch_seq, token) VALUES ('main', 1, gen_random_uuid()) ON CONFLICT DO NOTHING`,
    );
    await database.query('DELETE FROM {schema}.mo_batch');
    await database.query(
      `INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, odoo_id, quantity, uom, materials, fetch_seq, state, actual, actual_weight, status_manufacturing)
       VALUES ('main', 1, 'WH/MO/00001', 7, 1000, 'kg', '[]', 1, $1, '{"silo_a": 600}', 600, 1)`,
      [state],
    );
    const row = await look();
    if (columns !== '') await set(columns, row);
    return look();
  }

  for (const from of STATES) {
    it(`the guard lets ${from} go to ${LEGAL[from].join(', ') || 'nothing'}, and nowhere else`, async () => {
      for (const to of STATES.filter((state) => state !== from)) {
        const row = await batch(from);
        const step = set(`state = '${to}'`, row);
        if (LEGAL[from].includes(to)) await step;
        else await assert.rejects(step, refused, `${from} > ${to}`);
      }
    });
  }

  it('what was measured is frozen once the batch is finished', async () => {
    for (const state of STATES.filter((candidate) => candidate !== 'queued' && candidate !== 'running')) {
      for (const change of [
        `actual = '{"silo_a": 1}'`,
        'actual_weight = 1',
        'status_manufacturing = 0',
        'status_operation = 1',
        'finished_at = now()',
      ]) {
        await assert.rejects(set(change, await batch(state)), ConstraintError, `${state}: ${change}`);
      }
    }
  });

  it('the frozen payload never changes, not even by an operator who retries', async () => {
    const row = await batch('finished');
    const pushing = await startPush(database, row, PAYLOAD, 60, NOTE);
    assert.ok(pushing);
    await assert.rejects(set(`push_payload = '{}'`, pushing), refused);
    await assert.rejects(set(`push_payload = NULL`, pushing), refused);
    await markFailed(database, pushing, 'ODOO_REFUSED: no', NOTE);
    await set(`state = 'finished', push_attempt = 0`, await look());
    const again = await startPush(database, await look(), { ...PAYLOAD, qty: 1 }, 60, NOTE);
    assert.deepEqual(again?.push_payload, PAYLOAD);
  });

  it('a failed batch without a payload may be finished by hand, with other values', async () => {
    await set(`state = 'finished', actual_weight = 590`, await batch('failed'));
    assert.equal((await look()).actual_weight, 590);
  });

  it('only one of two who saw the same row takes the step', async () => {
    const seen = await batch('finished');
    const both = await Promise.all([startPush(database, seen, PAYLOAD, 60, NOTE), startPush(database, seen, PAYLOAD, 60, NOTE)]);
    assert.deepEqual(both.filter(Boolean).length, 1);
    assert.equal((await look()).push_attempt, 1);
    assert.equal(await startCancel(database, seen, { notes: '', reason: null, actor: 'x', in_odoo: true, free_slot: false }, 60), null);
  });

  it('no function takes a step that is not in the table', async () => {
    const cancellation = { notes: '', reason: null, actor: 'x', in_odoo: true, free_slot: false };
    const steps: [string, readonly BatchState[], (row: QueueRow) => Promise<unknown>][] = [
      ['markLoaded', ['queued'], (row) => markLoaded(database, row, NOTE)],
      ['startPush', ['finished'], (row) => startPush(database, row, PAYLOAD, 60, NOTE)],
      ['markPushed', ['pushing'], (row) => markPushed(database, row, NOTE)],
      ['markFailed', ['finished', 'pushing', 'cancelling'], (row) => markFailed(database, row, 'ODOO_GONE: x', NOTE)],
      ['renewLease', ['pushing', 'pushed', 'cancelling'], (row) => renewLease(database, row, 60)],
      ['tryAgainLater', ['pushing', 'cancelling'], (row) => tryAgainLater(database, row, { error: 'x', delaySeconds: 1, counts: true })],
      ['startCancel', ['queued', 'running', 'finished', 'failed'], (row) => startCancel(database, row, cancellation, 60)],
      ['archive completed', ['pushed'], (row) => archive(database, row, 'completed', { notes: null, actor: 'x' })],
      ['archive cancelled', ['cancelling'], (row) => archive(database, row, 'cancelled', { notes: null, actor: 'x' })],
      ['archive failed', ['failed'], (row) => archive(database, row, 'failed', { notes: null, actor: 'x' })],
    ];
    for (const [name, from, step] of steps) {
      for (const state of STATES) {
        const done = await step(await batch(state));
        assert.equal(done !== null, from.includes(state), `${name} from ${state}`);
        await database.query('DELETE FROM {schema}.mo_histories');
      }
    }
  });

  it('a step that succeeds clears the error, one that waits keeps it', async () => {
    const waiting = await tryAgainLater(database, await batch('pushing'), { error: 'ODOO_UNREACHABLE: x', delaySeconds: 1, counts: false });
    assert.deepEqual([waiting?.last_error, waiting?.push_attempt], ['ODOO_UNREACHABLE: x', 0]);
    assert.equal((await markPushed(database, waiting as QueueRow, NOTE))?.last_error, null);
  });

  it('lease and retry follow the clock of the database', async () => {
    const waiting = await tryAgainLater(database, await batch('pushing'), { error: 'x', delaySeconds: 60, counts: true });
    assert.ok(waiting);
    assert.equal(waiting.push_attempt, 1);
    assert.deepEqual(await dueSlots(), []);
    await set(`next_try_at = now() - interval '1 ms'`, waiting);
    assert.deepEqual(await dueSlots(), [1]);
  });

  it('a batch that failed before waits until the others had their turn', async () => {
    await batch('pushing', `last_error = 'ODOO_UNREACHABLE: x'`);
    await database.query(
      `INSERT INTO {schema}.mo_batch (line, batch_no, mo_id, quantity, uom, materials, fetch_seq, state, actual, actual_weight, status_manufacturing)
       VALUES ('main', 2, 'WH/MO/00002', 1000, 'kg', '[]', 1, 'finished', '{}', 600, 1)`,
    );
    assert.deepEqual(await dueSlots(), [2, 1]);
  });

  it('a reading changes nothing in a row that somebody else changed since', async () => {
    const row = await batch('running', 'status_manufacturing = 0');
    const update: ReadingUpdate = {
      id: row.id,
      row_version: row.row_version,
      state: 'finished',
      actual: { silo_a: 1 },
      actual_weight: 1,
      status_manufacturing: 1,
      status_operation: 0,
      missed_reads: 0,
      shown: true,
      last_error: null,
      cancellation: null,
    };
    await set('missed_reads = 1', row);
    assert.deepEqual(await storeReadings(database, 'main', [update]), []);
    assert.deepEqual((await look()).actual, { silo_a: 600 });
    assert.equal((await storeReadings(database, 'main', [{ ...update, row_version: (await look()).row_version }])).length, 1);
  });

  it('archiving moves the row: never in both tables, never in none, and a completed MO only once', async () => {
    const record = await archive(database, await batch('pushed'), 'completed', { notes: null, actor: 'test' });
    assert.equal(record?.status, 'completed');
    assert.equal(await findRow(database, 'main', { batch_no: 1 }), null);
    await assert.rejects(archive(database, await batch('pushed'), 'completed', { notes: null, actor: 'test' }), ConstraintError);
    assert.ok(await look(), 'the refused row is still in the queue');
    await database.query('DELETE FROM {schema}.mo_histories');
  });
});
