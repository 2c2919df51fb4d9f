import { MAPPING, connectPlc, startFilledServer } from '../plc/product';
import { runningSlot } from '../plc/memory';
import { readBatches } from '../../src/line/read';
import { type ReadingUpdate, storeReadings } from '../../src/queue/readings';
import { queueRows } from '../../src/queue/rows';
import { testDatabase } from '../../test/support/postgres';
import { bareClient, walOf } from '../database/client';
import { moName, queueLine, runningUpdates } from '../database/rows';
import { countStatements } from '../database/statements';
import { benchLine, quietRun } from '../line';
import { onceARound, timed } from '../measure';
import type { Measured, Row } from '../row';

/** The same values on the same table, by hand: nothing is checked, no event is written, nothing comes back. */
const BARE = `
UPDATE mo_batch b SET state = 'running', actual = v.actual, actual_weight = v.weight, last_read_from_plc = now()
FROM unnest($1::bigint[], $2::jsonb[], $3::numeric[]) AS v(id, actual, weight) WHERE b.id = v.id`;

const POOLED = BARE.replace('mo_batch', '{schema}.mo_batch');
const LIMIT =
  'a connection of the pool takes what the row after it says; the rest are the check that nobody else changed the row, and the events';

export const update: Row = {
  name: 'update',
  what: 'a PLC read stored in 10 rows, against UPDATE ... FROM unnest; write-ahead log of an unchanged read',
  async run({ context, rounds }) {
    const counter = countStatements(await testDatabase(context));
    const { database } = counter;
    const client = await bareClient(context, database);
    const server = await startFilledServer();
    const plc = connectPlc(server.port);
    const line = benchLine({ database, plc });
    let time = 0;

    async function changed(): Promise<ReadingUpdate[]> {
      time += 1;
      return runningUpdates(await queueRows(database, line.line), time);
    }

    async function product(): Promise<number> {
      const updates = await changed();
      return timed(() => storeReadings(database, line.line, updates));
    }

    async function bare(send: (columns: unknown[]) => Promise<unknown>): Promise<number> {
      const updates = await changed();
      const columns = [updates.map(({ id }) => id), updates.map(({ actual }) => JSON.stringify(actual)), updates.map(() => time)];
      return timed(() => send(columns));
    }
    const yardstick = (): Promise<number> => bare((columns) => client.query(BARE, columns));

    const options = { settle: 0, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null } as const;
    const read = (): Promise<unknown> => readBatches(line, quietRun(), options);
    const show = (kg: number): void => {
      for (let slot = 1; slot <= MAPPING.slots; slot += 1) server.write(runningSlot(MAPPING, slot, moName(slot), kg));
    };

    try {
      await queueLine(database, line.line, 0, MAPPING.slots);
      const findings: Measured[] = [];
      const pairs = await onceARound(rounds(100), product, yardstick);
      const beside = { unit: 'ms', against: 'UPDATE ... FROM unnest' };
      findings.push({ ...beside, what: 'values of 10 batches stored', goal: 1.3, pairs, limit: LIMIT });
      const floors = await onceARound(rounds(100), () => bare((columns) => database.query(POOLED, columns)), yardstick);
      findings.push({ ...beside, what: 'the bare statement over a connection of the pool, with its time-outs', goal: null, pairs: floors });
      counter.take();
      await storeReadings(database, line.line, await changed());
      // One of them was the SELECT that made the values up.
      findings.push({ what: 'statements to store the values of 10 batches', unit: '', values: [counter.take() - 1], goal: 1, worst: true });

      const share: number[] = [];
      for (let round = 1; round <= rounds(20); round += 1) {
        show(20 * round);
        const full = await walOf(client, read);
        share.push((100 * (await walOf(client, read))) / full);
      }
      findings.push({
        what: 'write-ahead log of a read that finds nothing new, of a read that changes 10 batches',
        unit: '%',
        values: share,
        goal: 5,
      });
      return findings;
    } finally {
      plc.close();
      await server.close();
      await client.end();
    }
  },
};
