import { Client } from 'pg';
import type { Database } from '../../src/database/database';
import { testServer } from '../../test/support/postgres';

/** A bare client for yardsticks, on the tables of a database of the product. Ended by the caller. */
export async function bareClient(context: Mocha.Context, { schema }: Database): Promise<Client> {
  const { url } = await testServer(context);
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`SET search_path TO "${schema}"`);
  return client;
}

/** Bytes of write-ahead log that the work causes; nothing else may write meanwhile. */
export async function walOf(client: Client, work: () => Promise<unknown>): Promise<number> {
  const before = await walPosition(client);
  await work();
  return (await walPosition(client)) - before;
}

async function walPosition(client: Client): Promise<number> {
  const { rows } = await client.query<{ at: string }>("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS at");
  return Number(rows[0]?.at);
}
