import assert from 'node:assert/strict';
import { nestedTests } from '../support/nested-tests';
import { findBinaries } from '../support/postgres';
import { skip } from '../support/skip';

/** The tests that execute the most of the SQL, and in which the tables refuse what they have to refuse. */
const TESTS = ['database-role', 'line-cancel', 'line-complete', 'migrate', 'monitor-history', 'monitor-report', 'queue-*', 'scenarios'];

describe('the oldest PostgreSQL', function () {
  this.timeout(300_000);

  it('13 passes the tests of tables, gate, queue, history and reports', async function () {
    const home = process.env['POSTGRES_13_HOME'];
    if (!home) skip(this, 'no PostgreSQL 13: name its folder in POSTGRES_13_HOME');
    assert.equal((await findBinaries(home))?.major, '13');
    const { SMART_MO_TEST_SERVER: _newest, TEST_DATABASE_URL: _given, ...env } = process.env;
    const { passed } = await nestedTests({
      what: 'the tests on PostgreSQL 13',
      mocha: TESTS.map((name) => `test/database/${name}.test.ts`),
      env: { ...env, TEST_POSTGRES_HOME: home },
    });
    this.runnable().title += ` (${passed})`;
  });
});
