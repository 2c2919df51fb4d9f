import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import { testDatabase, testServer, testWorker } from '../support/postgres';
import { skip } from '../support/skip';

describe('database: a role that may only work (docs/database.md)', () => {
  let worker: Database;

  before(async function () {
    if ((await testServer(this)).pid === null) skip(this, 'TEST_DATABASE_URL names the role itself');
    worker = await testWorker(this, await testDatabase(this));
  });
  after(() => worker?.close());

  it('finds the tables made, and works with them', async () => {
    await worker.ready();
    assert.deepEqual(await worker.query('SELECT * FROM {schema}.mo_consumption'), []);
  });

  for (const [what, sql] of [
    ['delete a batch record', 'DELETE FROM {schema}.mo_histories'],
    ['delete an event', 'DELETE FROM {schema}.mo_events'],
    ['change an event', "UPDATE {schema}.mo_events SET actor = 'nobody'"],
    ['pretend another version', 'UPDATE {schema}.mo_schema SET version = 99'],
    ['empty the queue at once', 'TRUNCATE {schema}.mo_batch'],
    ['switch the guard off', 'ALTER TABLE {schema}.mo_batch DISABLE TRIGGER ALL'],
    ['make a table', 'CREATE TABLE {schema}.mine (a int)'],
  ] as const) {
    it(`cannot ${what}: DB_RIGHTS`, async () => {
      await assert.rejects(worker.query(sql), (error) => error instanceof SmartMoError && error.code === 'DB_RIGHTS');
    });
  }
});
