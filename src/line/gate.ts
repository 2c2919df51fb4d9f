import { clockTime, minutesBetween } from '../clock';
import { codeOf } from '../queue/batch';
import { aboutBatch, STATE_WORDS } from '../queue/batch-words';
import { type Glance, glanceAt, type WaitingRow } from '../queue/glance';
import { countRows } from '../queue/rows';
import { currentHold } from './hold';
import type { Line } from './line';
import type { NodeStatus, Outcome } from './outcome';
import { logTask, type Run, runTask } from './run';

export interface GateOptions {
  /** Off stops task 1 only. */
  enabled: boolean;
  /** A person asked: passes `disabled`, and nothing else. */
  manual: boolean;
  /** Minutes without any change of the line after which waiting is called blocked. */
  stuckAfterMinutes: number;
}

export type GateReason = 'empty' | 'busy' | 'blocked' | 'hold' | 'disabled' | 'in-progress';

export interface Blocking {
  batch_no: number;
  mo_id: string;
  state: string;
  /** Since something last happened to it. */
  minutes: number;
  code: string;
}

/**
 * Task 1, first half: is the queue of this line empty? It saves odoo-fetch-mo a call; what keeps a second set out of
 * the queue are the tables (src/queue/gate.ts).
 */
export async function runGate(line: Line, run: Run, options: GateOptions): Promise<Outcome> {
  /** @param seen null when nobody looked */
  const end = (reason: GateReason, seen: Glance | null, text: string, status: NodeStatus): Outcome => {
    const counts = seen ? countRows(seen.rows) : { count: null, active: null, completed: null, failed: null };
    return {
      port: reason === 'empty' ? 1 : 2,
      payload: {
        line: line.line,
        at: line.clock.now().toISOString(),
        text,
        decision: reason === 'empty' ? 'fetch' : 'skip',
        reason,
        ...counts,
        blocking: seen ? blockingOf(seen) : [],
      },
      events: [],
      status,
    };
  };

  const busy = (): Outcome => end('in-progress', null, 'the gate is already at work', { fill: 'blue', shape: 'ring', text: 'in progress' });

  return runTask(line, 'gate', run, busy, async () => {
    if (!options.enabled && !options.manual) {
      const text = 'automatic fetching is switched off';
      return end('disabled', await glanceAt(line.database, line.line), text, { fill: 'grey', shape: 'ring', text: 'disabled' });
    }
    logTask(line, 'gate', run, 'Auto-sync MO task running...');
    const seen = await glanceAt(line.database, line.line);
    const { rows, now } = seen;
    const hold = line.startHold === null ? seen.hold : await currentHold(line);
    const time = clockTime(line.clock.now());
    if (rows.length > 0) {
      logTask(line, 'gate', run, `Table mo_batch has ${rows.length} records. Skipping sync - waiting for PLC to complete all batches.`);
    }
    if (hold) {
      return end('hold', seen, `line on hold: ${hold.reason}`, { fill: 'yellow', shape: 'ring', text: `hold: ${hold.reason} ${time}` });
    }
    if (rows.length === 0) {
      logTask(line, 'gate', run, 'Table mo_batch is empty. Fetching new batches from Odoo...');
      return end('empty', seen, 'the queue is empty: new MOs may be fetched', {
        fill: 'green',
        shape: 'dot',
        text: `empty: fetch ${time}`,
      });
    }
    return isBlocked(rows, now, options.stuckAfterMinutes)
      ? end('blocked', seen, `blocked: ${sentence(rows, now)}`, blockedStatus(rows, now))
      : end('busy', seen, `waiting: ${sentence(rows, now)}`, waitingStatus(rows, now, time));
  });
}

/**
 * Only failed batches are left, or nothing of the line has changed for too long: a person must act.
 * @param now by the database clock, which stamps the rows: the clock of this machine may be another one
 */
export function isBlocked(rows: readonly WaitingRow[], now: Date, stuckAfterMinutes: number): boolean {
  if (rows.length === 0) return false;
  if (rows.every((row) => row.state === 'failed')) return true;
  return rows.every((row) => minutesSince(row, now) >= stuckAfterMinutes);
}

/** The failed ones first, each part in slot order. */
function blockingOf({ rows, now }: Glance): Blocking[] {
  const all = rows.map((row) => {
    const { batch_no, mo_id, state, last_error } = row;
    return { batch_no, mo_id, state, minutes: minutesSince(row, now), code: codeOf(last_error) };
  });
  return all.sort((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed'));
}

/** Since when nothing has happened to a batch. Every push that fails changes the row, but brings the batch no further. */
export function waitsSince({ state, updated_at, finished_at }: Pick<WaitingRow, 'state' | 'updated_at' | 'finished_at'>): Date {
  return (state === 'pushing' ? finished_at : null) ?? updated_at;
}

/**
 * Since when a queue is blocked: of failed batches since the first of them has to be cleared, which is the one that band and alarm
 * name; otherwise since nothing has happened to any of them.
 */
export function blockedSince(rows: readonly WaitingRow[]): Date {
  return rows.every(({ state }) => state === 'failed') ? waitsSince(firstBlocking(rows)) : lastChange(rows);
}

/** Since when nothing has happened to any of these batches. */
export function lastChange(rows: readonly Pick<WaitingRow, 'state' | 'updated_at' | 'finished_at'>[]): Date {
  return new Date(Math.max(...rows.map((row) => waitsSince(row).getTime())));
}

function minutesSince(row: WaitingRow, now: Date): number {
  return minutesBetween(waitsSince(row), now);
}

function sentence(rows: readonly WaitingRow[], now: Date): string {
  const { count, completed, failed } = countRows(rows);
  const first = firstBlocking(rows);
  const why = first.last_error ?? `${STATE_WORDS[first.state]}, unchanged for ${minutesSince(first, now)} min`;
  return `${count} left, ${completed} finished, ${failed} failed; ${aboutBatch(first, why)}`;
}

/** The failed batch if there is one, else the one that waits longest; there is at least one row. */
export function firstBlocking<R extends WaitingRow>(rows: readonly R[]): R {
  const failed = rows.filter((row) => row.state === 'failed');
  return (failed.length > 0 ? failed : rows).reduce((oldest, row) => (waitsSince(row) < waitsSince(oldest) ? row : oldest));
}

function blockedStatus(rows: readonly WaitingRow[], now: Date): NodeStatus {
  const first = firstBlocking(rows);
  const why = codeOf(first.last_error) || `${minutesSince(first, now)} min`;
  return { fill: 'red', shape: 'dot', text: `blocked: slot ${first.batch_no} ${first.mo_id} ${why}` };
}

function waitingStatus(rows: readonly WaitingRow[], now: Date, time: string): NodeStatus {
  const { count, completed, failed } = countRows(rows);
  const first = firstBlocking(rows);
  if (failed > 0 || count === 1) {
    const text = `wait: ${count} left, slot ${first.batch_no} ${first.mo_id} ${minutesSince(first, now)} min`;
    return { fill: 'yellow', shape: 'ring', text };
  }
  return { fill: 'blue', shape: 'ring', text: `wait: ${count} left, ${completed} finished ${time}` };
}
