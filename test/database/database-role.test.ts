import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { tablesIdentity } from '../../src/database/identity';
import { SmartMoError } from '../../src/errors';
import { testDatabase, testServer, testWorker } from '../support/postgres';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';

describe('database: a role that may only work (docs/database.md)', () => {
  let database: Database;
  let worker: Database;

  before(async function () {
    if ((await testServer(this)).pid === null) skip(this, 'TEST_DATABASE_URL names the role itself');
    database = await testDatabase(this);
    worker = await testWorker(this, database);
  });
  after(() => worker?.close());

  it('finds the tables made, and works with them', async () => {
    await worker.ready();
    assert.deepEqual(await worker.query('SELECT * FROM {schema}.mo_consumption'), []);
  });

  it('may ask the server who it is, which other roles and addresses get to hear too', async () => {
    const [owner, mine] = [tablesIdentity(database), tablesIdentity(worker)];
    const identity = await waitFor(() => owner(), { what: 'the answer' });
    assert.match(identity, /^\d+ \d+ \w+$/);
    assert.equal(await waitFor(() => mine(), { what: 'the answer to the other role' }), identity);
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
