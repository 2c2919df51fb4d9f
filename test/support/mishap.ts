import { closed, SmartMoError } from '../../src/errors';
import type { Database } from '../../src/database/database';
import { createLine, type Line } from '../../src/line/line';
import { odooOf, plcOf } from '../../src/line/line';

/** How one call of a task to database, Odoo or PLC goes wrong. */
export interface Mishap {
  /** Which call, counted from 1. */
  at: number;
  /** Before the call has any effect, or when it has its effect and nobody has heard of it. */
  effect: 'before' | 'after';
  /**
   * fail: the call is an error. die: so is every call after it, the process is dead. hang: no answer until `until`, and
   * then CLOSED, as after a deploy. stall: nothing happens until `until`, and then it goes on, as after SIGSTOP and SIGCONT.
   */
  kind: 'fail' | 'die' | 'hang' | 'stall';
  /** When the hanging or stalled call ends; not needed for the others. */
  until?: Promise<void>;
}

/** What a process throws that is dead. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface UnluckyLine {
  line: Line;
  /** Calls so far. */
  calls(): number;
  /** Resolves when the call has come. */
  reached: Promise<void>;
}

/** An `until`, and how to end it. */
export function signal(): { ended: Promise<void>; end(): void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { ended, end };
}

type Failure = () => Error;

/** The same line in a process to which a mishap happens. */
export function withMishap(line: Line, { at, effect, kind, until = Promise.resolve() }: Mishap): UnluckyLine {
  let calls = 0;
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));

  const risky =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>, before: Failure, after: Failure) =>
    async (...args: Args): Promise<Result> => {
      calls += 1;
      if (kind === 'die' && calls > at) throw new Killed('this process is dead');
      if (calls !== at) return call(...args);
      const strike = async (failure: Failure): Promise<void> => {
        reach();
        if (kind === 'die') throw new Killed(`killed ${effect} the call`);
        if (kind === 'fail') throw failure();
        await until;
        if (kind === 'hang') throw closed();
      };
      if (effect === 'before') await strike(before);
      const result = await call(...args);
      if (effect === 'after') await strike(after);
      return result;
    };
  const error =
    (
      code: 'DB_UNREACHABLE' | 'DB_OUTCOME_UNKNOWN' | 'ODOO_UNREACHABLE' | 'ODOO_OUTCOME_UNKNOWN' | 'PLC_TIMEOUT',
      unknown = false,
    ): Failure =>
    () =>
      new SmartMoError(code, 'an accident of the test', { class: unknown ? 'unknown' : 'transient' });
  const look = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    risky(call, error('ODOO_UNREACHABLE'), error('ODOO_UNREACHABLE'));
  const change = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    risky(call, error('ODOO_UNREACHABLE'), error('ODOO_OUTCOME_UNKNOWN', true));

  const { database } = line;
  const odoo = odooOf(line);
  const plc = plcOf(line);
  const query = risky<[sql: string, params?: readonly unknown[]], never[]>(
    (sql, params) => database.query<never>(sql, params),
    error('DB_UNREACHABLE'),
    error('DB_UNREACHABLE', true),
  );
  const transaction = risky<Parameters<Database['transaction']>, never>(
    (work) => database.transaction(work) as Promise<never>,
    error('DB_UNREACHABLE'),
    error('DB_OUTCOME_UNKNOWN', true),
  );
  const unlucky = createLine(line, {
    ...line,
    database: { ...database, query, transaction },
    odoo: {
      ...odoo,
      listConfirmed: look(odoo.listConfirmed),
      readStates: look(odoo.readStates),
      readOrder: look(odoo.readOrder),
      push: change(odoo.push),
      markDone: change(odoo.markDone),
      cancel: change(odoo.cancel),
    },
    plc: {
      ...plc,
      read: risky(plc.read, error('PLC_TIMEOUT'), error('PLC_TIMEOUT')),
      write: risky(plc.write, error('PLC_TIMEOUT'), error('PLC_TIMEOUT')),
    },
  });
  return { line: unlucky, calls: () => calls, reached };
}
