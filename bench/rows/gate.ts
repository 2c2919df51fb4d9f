import type { Line } from '../../src/line/line';
import { runGate } from '../../src/line/gate';
import { testDatabase } from '../../test/support/postgres';
import { bareClient } from '../database/client';
import { emptyLine, queueLine } from '../database/rows';
import { interleaved, typical } from '../measure';
import { benchLine, quietRun } from '../line';
import { compare, type Finding, type Row } from '../row';

const GOAL = 2.5;
/** Asked in a row, their median is one measurement. */
const CALLS = 20;

export const gate: Row = {
  name: 'gate',
  what: 'the gate with all its counts, against SELECT 1',
  async run({ context, rounds, quick }) {
    const database = await testDatabase(context);
    const client = await bareClient(context, database);
    const line = benchLine({ database });
    const findings: Finding[] = [];

    async function measure(what: string): Promise<void> {
      const product = (): Promise<number> => typical(CALLS, () => ask(line));
      const yardstick = (): Promise<number> => typical(CALLS, () => client.query('SELECT 1'));
      const pairs = await interleaved(rounds(40), product, yardstick);
      findings.push(compare({ what: `gate, ${what}`, unit: 'ms', against: 'SELECT 1', goal: GOAL, pairs }));
    }

    try {
      await measure('0 rows');
      await queueLine(database, 'main', 0, 10);
      await measure('10 rows');
      for (let other = 0; other < 100; other += 1) await queueLine(database, `line${other}`, 100 + 10 * other, 10);
      await measure('10 rows and 1000 of other lines');
      await emptyLine(database, 'main');
      await measure('0 rows and 1000 of other lines');
      // Autovacuum would hide what is to be seen.
      await database.query('ALTER TABLE {schema}.mo_batch SET (autovacuum_enabled = false)');
      for (let set = 0; set < (quick ? 2 : 100); set += 1) {
        await queueLine(database, 'main', 10_000 + 1000 * set, 1000);
        await emptyLine(database, 'main');
      }
      await measure(`emptied of ${quick ? 2 : 100} x 1000 rows, not vacuumed`);
      return findings;
    } finally {
      await client.end();
    }
  },
};

function ask(line: Line): Promise<unknown> {
  return runGate(line, quietRun(), { enabled: true, manual: false, stuckAfterMinutes: 30 });
}
