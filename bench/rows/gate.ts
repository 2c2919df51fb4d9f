import type { Line } from '../../src/line/line';
import { runGate } from '../../src/line/gate';
import { testDatabase } from '../../test/support/postgres';
import { bareClient } from '../database/client';
import { emptyLine, queueLine } from '../database/rows';
import { benchLine, quietRun } from '../line';
import { manyTimesARound } from '../measure';
import { onOneCore } from '../one-core';
import type { Measured, Row } from '../row';

const GOAL = 2.5;
/** Sets of a thousand rows that are queued and emptied before the last measurement. */
const EMPTIED = 40;
const LIMIT = 'a connection of the pool, and ten rows read by anybody, cost what the two rows without a goal say';

/** What the gate shows of a row, without asking whether the line is on hold. */
const TEN_ROWS = "SELECT batch_no, mo_id, state, last_error, updated_at, finished_at FROM mo_batch WHERE line = 'main'";

export const gate: Row = {
  name: 'gate',
  what: 'the gate with all its counts, against SELECT 1',
  async run({ context, rounds, quick }) {
    const database = await testDatabase(context, { poolSize: 1 });
    const client = await bareClient(context, database);
    const line = benchLine({ database });
    const findings: Measured[] = [];

    /** @param work asked of the gate when left out */
    async function measure(what: string, goal: number | null, work: () => Promise<unknown> = () => ask(line)): Promise<void> {
      const pairs = await onOneCore(context, database, client, () => manyTimesARound(rounds(200), work, () => client.query('SELECT 1')));
      findings.push({ what, unit: 'ms', against: 'SELECT 1', goal, pairs, limit: LIMIT });
    }

    try {
      // Autovacuum would hide what is to be seen in the last row, and plans are made anew after it.
      for (const table of ['mo_batch', 'mo_fetch']) await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
      await measure('gate, 0 rows', GOAL);
      await measure('SELECT 1 over a connection of the pool, with its time-outs', null, () => database.query('SELECT 1'));
      await queueLine(database, 'main', 0, 10);
      await measure('gate, 10 rows', GOAL);
      await measure('the 10 rows alone, over the bare client', null, () => client.query({ name: 'ten-rows', text: TEN_ROWS }));
      for (let other = 0; other < 100; other += 1) await queueLine(database, `line${other}`, 100 + 10 * other, 10);
      await measure('gate, 10 rows and 1000 of other lines', GOAL);
      await emptyLine(database, 'main');
      await measure('gate, 0 rows and 1000 of other lines', GOAL);
      const sets = quick ? 2 : EMPTIED;
      for (let set = 0; set < sets; set += 1) {
        await queueLine(database, 'main', 10_000 + 1000 * set, 1000);
        await emptyLine(database, 'main');
      }
      await measure(`gate, emptied of ${sets} x 1000 rows, not vacuumed`, GOAL);
      return findings;
    } finally {
      await client.end();
    }
  },
};

function ask(line: Line): Promise<unknown> {
  return runGate(line, quietRun(), { enabled: true, manual: false, stuckAfterMinutes: 30 });
}
