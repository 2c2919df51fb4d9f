import type { Database } from './database';
import { isOfTheDatabase } from '../errors';

/** The cluster keeps its identifier over a failover, so a primary and its standby are the same. Every role may ask. */
const IDENTITY = `
SELECT concat_ws(' ', s.system_identifier, d.oid, $1::text) AS identity
FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d WHERE d.datname = current_database()`;

/**
 * What the server says of where the tables are: the same through any address, name or proxy. Null until it has answered, which it
 * is asked at each call, and for ever where the role may not ask.
 */
export function tablesIdentity(database: Database): () => string | null {
  let asking = false;
  let identity: string | null = null;

  async function ask(): Promise<void> {
    try {
      const [found] = await database.query<{ identity: string }>(IDENTITY, [database.schema]);
      identity = found?.identity ?? null;
    } catch (error) {
      // A server that is down is asked again at the next call; one that refuses is not.
      asking = isOfTheDatabase(error) && error.code === 'DB_RIGHTS';
    }
  }

  return () => {
    if (!asking) {
      asking = true;
      void ask();
    }
    return identity;
  };
}
