import { testDatabase } from '../../test/support/postgres';
import { archiver } from '../database/archive';
import { bareClient } from '../database/client';
import { onceARound } from '../measure';
import type { Measured, Row } from '../row';

const SIZES = [1, 10, 100, 1000];
/** The smallest is over before a round has an average. */
const ROUNDS: Record<number, number> = { 1: 90, 1000: 10 };
const LIMIT = 'each batch is archived as soon as Odoo has shown that it is done: what a bare client takes for that is in the row after it';

export const archiveRows: Row = {
  name: 'archive',
  what: 'batches archived, against the bare DELETE ... INSERT',
  async run({ context, rounds, quick, progress }) {
    const database = await testDatabase(context);
    const client = await bareClient(context, database);
    const { product, bare, bareEach } = archiver(database, client, 'main');
    const findings: Measured[] = [];
    try {
      for (const size of quick ? SIZES.slice(0, 3) : SIZES) {
        progress(`${size} batches`);
        const beside = async (what: string, goal: number | null, measure: (rows: number) => Promise<number>): Promise<void> => {
          const pairs = await onceARound(
            rounds(ROUNDS[size] ?? 30),
            () => measure(size),
            () => bare(size),
          );
          findings.push({ what, unit: 'ms', against: 'DELETE ... INSERT', goal, pairs, limit: LIMIT });
        };
        await beside(`${size} batch${size === 1 ? '' : 'es'} archived`, 1.2, product);
        await beside('the same by a bare client, one at a time, with the event and the row read back', null, bareEach);
      }
      return findings;
    } finally {
      await client.end();
    }
  },
};
