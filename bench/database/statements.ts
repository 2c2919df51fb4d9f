import type { Database, Queryable } from '../../src/database/database';

/** A database that counts the statements of the product; those of a transaction count each, BEGIN and COMMIT do not. */
export function countStatements(database: Database): { database: Database; take(): number } {
  let count = 0;
  const counted = (on: Queryable): Queryable => ({
    query: (...statement) => {
      count += 1;
      return on.query(...statement);
    },
  });
  return {
    database: { ...database, ...counted(database), transaction: (work) => database.transaction((tx) => work(counted(tx))) },
    take() {
      const taken = count;
      count = 0;
      return taken;
    },
  };
}
