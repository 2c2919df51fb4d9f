import type { Text } from './sentence';

/**
 * Every error this product raises on purpose has one code of this table. The prefix names the person to call:
 * ODOO_ the ERP administrator, PLC_ and MAP_ the PLC programmer, DB_ and SCHEMA_ the database administrator,
 * the rest whoever wired the flow. The README shows the same table; a test compares the two.
 */
export const ERROR_CODES = {
  CONFIG_MISSING: 'A required setting is empty.',
  CONFIG_INVALID: 'A setting has a value that cannot be used.',
  INPUT_INVALID: 'The message that came in cannot be used.',
  LINE_MISMATCH: 'The message belongs to another line.',
  LINE_ON_HOLD: 'The line is on hold.',
  DB_UNREACHABLE: 'PostgreSQL does not answer.',
  DB_OUTCOME_UNKNOWN: 'The connection was lost while a change was being committed.',
  DB_RIGHTS: 'The database role lacks a right.',
  SCHEMA_NEWER: 'The tables were made by a newer version of this package.',
  SCHEMA_FOREIGN: 'The schema holds a table mo_batch that belongs to other software.',
  BUILTIN_UNAVAILABLE: 'The builtin PostgreSQL cannot run on this machine.',
  ODOO_UNREACHABLE: 'Odoo does not answer.',
  ODOO_AUTH: 'Odoo refuses the login.',
  ODOO_KEY_EXPIRED: 'The API key of Odoo has expired.',
  ODOO_RIGHTS: 'The Odoo user lacks a right.',
  ODOO_ANSWER: 'Odoo gave an answer that cannot be understood.',
  ODOO_VERSION_CHANGED: 'Odoo was upgraded.',
  ODOO_REFUSED: 'Odoo refused the change.',
  ODOO_NOT_DONE: 'Odoo did not mark the MO as done.',
  ODOO_DIFFERS: 'Odoo shows other quantities than the PLC weighed.',
  ODOO_CANCELLED: 'The MO was cancelled in Odoo.',
  ODOO_CHANGED: 'The MO was changed in Odoo after it was queued.',
  ODOO_GONE: 'The MO is gone from Odoo, or hidden from the Odoo user.',
  ODOO_OUTCOME_UNKNOWN: 'The connection to Odoo was lost after a change was sent.',
  PLC_UNREACHABLE: 'No connection to the PLC.',
  PLC_TIMEOUT: 'The PLC is connected but does not answer in time.',
  PLC_ANSWER: 'The PLC gave an answer that breaks the protocol.',
  PLC_EXCEPTION: 'The PLC refused the request.',
  PLC_STOPPED: 'The heartbeat shows no running program of the PLC.',
  PLC_SLOT_BUSY: 'The PLC has not taken the previous recipe from this slot.',
  PLC_SLOT_RUNNING: 'The PLC is running this slot.',
  PLC_READBACK: 'The PLC holds other words than were written.',
  MAP_INVALID: 'The register map has a mistake.',
  MAP_VERSION: 'The PLC has another version of the register map.',
  MAP_CHANGED: 'The register map or the materials changed while batches are queued.',
  BATCH_UNKNOWN: 'No such batch is in the queue.',
  BATCH_BEING_PUSHED: 'The batch is being completed in Odoo.',
  CLOSED: 'The flow was stopped or deployed again.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What a code means, in a few words; undefined for what is no error code. */
export function meaningOf(code: string): string | undefined {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode] : undefined;
}

/**
 * What a caller may do about a failure.
 * - `transient`: nothing was changed; try again later, does not count as an attempt.
 * - `unknown`: the request was sent and the answer never came; look before acting again.
 * - `auth`: wrong secret or expired key; stop and alarm, no login storm.
 * - `version`: the server speaks with other names than expected; probe, then repeat.
 * - `permanent`: repeating gives the same answer; a person decides.
 * - `bug`: our own mistake.
 */
export type ErrorClass = 'transient' | 'unknown' | 'auth' | 'version' | 'permanent' | 'bug';

export interface ErrorDetails {
  class?: ErrorClass;
  /** Seconds the other side asked us to wait. */
  retryAfter?: number;
  /** The offending value, named in the text as well. Never a secret. */
  value?: unknown;
  /** What an engineer wants to know besides, and an operator does not: "mrp.production.write of 26". */
  detail?: string | undefined;
  /** What to do about it, where something else tells that too: the message ends with it, `sentence` is without it. */
  remedy?: string | undefined;
}

/** The one error class. `name` equals `code`, so that log, debug sidebar and `msg.error.message` begin with the code. */
export class SmartMoError extends Error {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly retryAfter: number | undefined;
  readonly value: unknown;
  /** For the editor, which may speak another language than the message does. */
  readonly sentence: Text;
  readonly remedy: string | undefined;
  /** For the log and the events of the batch; never part of the sentence. */
  detail: string | undefined;

  /** @param sentence what happened, where, and (here or as `remedy`) what to do; for people, without the code */
  constructor(code: ErrorCode, sentence: Text, details: ErrorDetails = {}) {
    super(details.remedy === undefined ? String(sentence) : `${String(sentence)}; ${details.remedy}`);
    this.sentence = sentence;
    this.remedy = details.remedy;
    this.name = code;
    this.code = code;
    this.class = details.class ?? 'permanent';
    this.retryAfter = details.retryAfter;
    this.value = details.value;
    this.detail = details.detail;
  }

  get retryable(): boolean {
    return this.class === 'transient' || this.class === 'unknown';
  }
}

/** "CODE: sentence", the form in which errors are stored and logged. An error that is not ours keeps only its message. */
export function describe(error: unknown): string {
  if (error instanceof SmartMoError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** {@link describe} without the remedy, for a row: its alarm and its tile say what to press, and one instruction is enough. */
export function describeFact(error: unknown): string {
  return error instanceof SmartMoError ? `${error.code}: ${String(error.sentence)}` : describe(error);
}

export function detailOf(error: unknown): string | undefined {
  return error instanceof SmartMoError ? error.detail : undefined;
}

/** {@link describe} with what only an engineer wants to know, for the log. */
export function describeInFull(error: unknown): string {
  const detail = detailOf(error);
  return detail === undefined ? describe(error) : `${describe(error)} (${detail})`;
}

/** Throws CLOSED when the run was aborted; called between the steps of a task. */
export function throwIfClosed(signal: AbortSignal): void {
  if (signal.aborted) throw closed();
}

/** A run that was stopped by a deploy: nobody has to look for the cause. */
export function isClosed(error: unknown): boolean {
  return error instanceof SmartMoError && error.code === 'CLOSED';
}

/** The database did not do, or did not answer, what it was asked: nothing can be noted down just now. */
export function isOfTheDatabase(error: unknown): error is SmartMoError {
  return error instanceof SmartMoError && error.code.startsWith('DB_');
}

export function closed(): SmartMoError {
  return new SmartMoError('CLOSED', 'stopped by a deploy or by the end of Node-RED; the next run goes on where this one stopped', {
    class: 'transient',
  });
}
