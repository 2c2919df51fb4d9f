import { testDatabase } from '../../test/support/postgres';
import { archiver } from '../database/archive';
import { bareClient } from '../database/client';
import { interleaved } from '../measure';
import { compare, type Finding, type Row } from '../row';

const SIZES = [1, 10, 100, 1000];
const LIMIT = 'each batch is archived as soon as Odoo has shown that it is done, with its event, and is read back for the message';

export const archiveRows: Row = {
  name: 'archive',
  what: 'batches archived, against the bare DELETE ... INSERT',
  async run({ context, rounds, quick, progress }) {
    const database = await testDatabase(context);
    const client = await bareClient(context, database);
    const { product, bare } = archiver(database, client, 'main');
    const findings: Finding[] = [];
    try {
      for (const size of quick ? SIZES.slice(0, 3) : SIZES) {
        progress(`${size} batches`);
        const pairs = await interleaved(
          rounds(size === 1000 ? 10 : 30),
          () => product(size),
          () => bare(size),
        );
        const what = `${size} batch${size === 1 ? '' : 'es'} archived`;
        findings.push(compare({ what, unit: 'ms', against: 'DELETE ... INSERT', goal: 1.2, pairs, limit: LIMIT }));
      }
      return findings;
    } finally {
      await client.end();
    }
  },
};
