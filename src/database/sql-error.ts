import type { DatabaseError } from 'pg';
import { connectionWords, failedCall } from '../connection-words';
import { SmartMoError } from '../errors';
import { say, type Text } from '../sentence';
import { ConstraintError } from './database';
import { pg } from './pg';

/** The side of a connection that may be named in a sentence; never the password. */
export interface Whereabouts {
  /** "db1:5432" or a list of them */
  server: string;
  database: string;
  user: string;
}

/** Where in its life a statement was when it failed; decides what is known about its effect. */
export type Phase = 'connecting' | 'reading' | 'changing' | 'in transaction' | 'committing';

/**
 * Turns a failure of pg into an error of ours. A mistake in a statement (class 22, 42 except rights) comes back as it is:
 * it is a bug, and no operator can do anything about it.
 */
export function translate(error: unknown, where: Whereabouts, phase: Phase): Error {
  if (error instanceof SmartMoError || error instanceof ConstraintError) return error;
  if (phase === 'committing' && !refusedByServer(error)) return outcomeUnknown(error, where);
  if (error instanceof pg().DatabaseError && error.code) return translateSqlState(error, error.code, where, phase);
  return error instanceof TypeError || error instanceof RangeError ? error : unreachable(error, where, phase);
}

/**
 * After these the whole server is suspect (cut, silent, restarted, failed over, read-only): all connections are made anew.
 * Judged by SQLSTATE alone, because the severity comes in the server's language. 08P01 is mostly a mistake of our own.
 */
export function isServerLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return !(error instanceof TypeError || error instanceof RangeError);
  return state === '25006' || /^57P/.test(state) || (state.startsWith('08') && state !== '08P01');
}

/** After these (also any time-out) the session cannot be trusted: the client is thrown away instead of going back to the pool. */
export function isSessionLost(error: unknown): boolean {
  return isServerLost(error) || /^(57014|55P03|25P0[345])$/.test(sqlStateOf(error) ?? '');
}

/** An SQLSTATE as the answer to COMMIT means rolled back for certain, except where the server itself is in trouble. */
function refusedByServer(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !/^(08|53|57P|58|XX|40003)/.test(state);
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg().DatabaseError ? error.code : undefined;
}

function outcomeUnknown(error: unknown, where: Whereabouts): SmartMoError {
  return new SmartMoError(
    'DB_OUTCOME_UNKNOWN',
    `the connection to PostgreSQL at ${where.server} was lost during COMMIT (${String(reason(error))}): the change may have been stored; ` +
      'the next run looks before it acts',
    { class: 'unknown', detail: callOf(error) },
  );
}

function unreachable(error: unknown, where: Whereabouts, phase: Phase): SmartMoError {
  const cause = reason(error);
  if (phase === 'connecting' && /^SASL/.test(String(cause))) {
    return rights(
      where,
      say`PostgreSQL at ${where.server} asks for a password and user ${where.user} has none or a wrong one: set it in the database node`,
    );
  }
  if (phase === 'connecting' && /CERT|SSL|TLS|SELF_SIGNED/i.test(`${code(error)} ${String(cause)}`)) {
    return new SmartMoError(
      'DB_UNREACHABLE',
      say`no TLS connection to PostgreSQL at ${where.server}: ${cause}; check the TLS settings of the database node`,
    );
  }
  const text = {
    connecting: say`PostgreSQL at ${where.server} does not answer: ${cause}; check host, port, firewall and that the server runs`,
    reading: say`the connection to PostgreSQL at ${where.server} was lost: ${cause}; the next run connects again`,
    'in transaction': say`the connection to PostgreSQL at ${where.server} was lost: ${cause}; nothing of this transaction was stored`,
    changing: `the connection to PostgreSQL at ${where.server} was lost: ${String(cause)}; the last change may have been stored, the next run looks`,
    committing: cause,
  }[phase];
  return new SmartMoError('DB_UNREACHABLE', text, { class: phase === 'changing' ? 'unknown' : 'transient', detail: callOf(error) });
}

function translateSqlState(error: DatabaseError, state: string, where: Whereabouts, phase: Phase): Error {
  if (state.startsWith('23')) return new ConstraintError(state, error.constraint ?? '', error.message);
  if (state.startsWith('28')) {
    return rights(
      where,
      say`PostgreSQL at ${where.server} refuses user ${where.user}: ${error.message}; check user and password, and pg_hba.conf on the server`,
    );
  }
  if (state === '42501') {
    return new SmartMoError(
      'DB_RIGHTS',
      say`user ${where.user} lacks a right in database ${where.database} at ${where.server}: ${error.message}; ask the database administrator to grant it`,
    );
  }
  if (state === '3D000') {
    return new SmartMoError(
      'DB_UNREACHABLE',
      say`${error.message} at ${where.server}: create it, or name another one in the database node`,
      {
        value: where.database,
      },
    );
  }
  if (state === '40001' || state === '40P01') {
    return transient(
      `PostgreSQL at ${where.server} gave up this change in favour of another one (${error.message}); the next run repeats it`,
      state,
    );
  }
  if (state === '57014' || state === '55P03') {
    return transient(`PostgreSQL at ${where.server} stopped a statement that took too long (${error.message}); look for locks and load`);
  }
  if (state === '25006') {
    return transient(`PostgreSQL at ${where.server} is read-only (standby or failover); the next run looks for the primary`);
  }
  if (state.startsWith('53')) {
    return transient(`PostgreSQL at ${where.server} has no room (${error.message}); free disk space or connections`);
  }
  return phase === 'connecting' || isSessionLost(error) ? unreachable(error, where, phase) : error;
}

function rights(where: Whereabouts, sentence: Text): SmartMoError {
  return new SmartMoError('DB_RIGHTS', sentence, { class: 'auth', value: where.user });
}

function transient(sentence: string, value?: string): SmartMoError {
  return new SmartMoError('DB_UNREACHABLE', sentence, { class: 'transient', value });
}

/**
 * A kept plan that does not fit the table any more (a newer version of the package migrated it), or that this connection does
 * not have or has already (a proxy lends connections): refused before anything ran.
 */
export function isPlanOutdated(error: unknown): boolean {
  return /^(0A000|26000|42P05)$/.test(sqlStateOf(error) ?? '');
}

/** Two transactions waited for each other and PostgreSQL rolled this one back: done again, it goes through. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof SmartMoError && error.code === 'DB_UNREACHABLE' && error.value === '40P01';
}

function reason(error: unknown): Text {
  return connectionWords(error) ?? failedCall(error);
}

/** For the log, where people are told words. */
function callOf(error: unknown): string | undefined {
  return connectionWords(error) === undefined ? undefined : failedCall(error);
}

function code(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
