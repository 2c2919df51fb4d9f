/** One statement or one transaction on PostgreSQL. `{schema}` in the SQL text becomes the quoted schema name. */
export interface Queryable {
  /**
   * Runs one parameterised statement and returns its rows. numeric, bigint and count arrive as JavaScript numbers,
   * timestamps as Date, jsonb parsed. With a name, one per text, each connection keeps the plan: for what runs again and
   * again and takes longer to plan than to run. A kept plan that the connection has lost ends a transaction (isPlanOutdated):
   * begin it again without names.
   * @throws SmartMoError DB_UNREACHABLE, DB_RIGHTS (class transient / permanent); a violated constraint comes through as
   * {@link ConstraintError}.
   */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[], name?: string): Promise<Row[]>;
}

export interface Database extends Queryable {
  readonly schema: string;
  /**
   * BEGIN, work, COMMIT; any throw rolls back. The answer to COMMIT is asserted: an aborted transaction that "resolves"
   * with ROLLBACK is an error.
   * @throws SmartMoError DB_OUTCOME_UNKNOWN when the connection was lost during COMMIT: it may have been committed.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Resolves when the server is reached and the tables are there (migrating when needed); called by every query. */
  ready(): Promise<void>;
  /** Never throws: what is known without a query. */
  state(): { state: 'ok' | 'down' | 'unknown'; since: Date | null; error: string | null };
  close(): Promise<void>;
}

/** A constraint of the tables refused the change (SQLSTATE class 23). */
export class ConstraintError extends Error {
  constructor(
    readonly sqlState: string,
    readonly constraint: string,
    message: string,
  ) {
    super(message);
    this.name = 'ConstraintError';
  }
}
