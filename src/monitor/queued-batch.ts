import { meaningOf } from '../errors';
import type { Line } from '../line/line';
import { type Batch, codeOf, type QueueRow, toBatch } from '../queue/batch';
import { lookedText, withoutName } from '../queue/batch-words';
import { countedAs } from '../queue/rows';
import { type AlarmCode, actionFor, failureOf, IN_PLC, wordsFor } from './alarm-codes';
import type { AlarmView } from './announce';
import { type BatchAction, helpfulActions } from './possible-actions';
import { type Motion, placeText } from './still';
import { isRefusal, isTurnedAway, triedText, withoutCode } from './turned-away';

/**
 * Where a batch is counted on the page of the operator, each in one place only: a person has to do something; it was turned away and
 * is tried again by itself; it waits for the PLC or is made; it is made and goes to Odoo.
 */
export type Place = 'needs_you' | 'tried_again' | 'in_work' | 'to_odoo';

/** Warnings that hold a batch up until somebody comes. */
const HOLDS_UP: ReadonlySet<string> = new Set<AlarmCode>(['stuck', 'bad-value', 'wrong-id', 'wrong-slot', 'not-settled']);

export interface QueuedBatch extends Batch, Motion {
  /** What an operator may press now and what helps, the advised one first. */
  can: BatchAction[];
  /** Of a batch that failed, that stands still, or that was turned away and is tried again: in a few words what happened, and what to do; null for the others. */
  trouble: string | null;
  action: string | null;
  place: Place;
}

type Told = readonly Pick<AlarmView, 'code' | 'value' | 'mo_id' | 'severity' | 'action'>[];

/** @param alarms open ones of the line */
export function toQueued(line: Line, row: QueueRow, alarms: Told, motion: Motion): QueuedBatch {
  const told = alarms.filter(({ mo_id }) => mo_id === row.mo_id);
  const place = motion.stands_still ? 'needs_you' : placeOf(line, row, told);
  const can = helpfulActions(line, row, told);
  return { ...toBatch(row, line), can, ...troubleOf(line, row, told, motion), place, ...motion };
}

function troubleOf(line: Line, row: QueueRow, told: Told, motion: Motion): Pick<QueuedBatch, 'trouble' | 'action'> {
  // Any other alarm of it asks for something else first.
  if (motion.stands_still && told.every(({ code }) => code === 'stuck'))
    return { trouble: `It stands still ${placeText(motion)}.`, action: actionFor('stuck', IN_PLC) };
  const isFailed = row.state === 'failed';
  if (!isFailed && !isTurnedAway(line, row)) return { trouble: null, action: null };
  const code = codeOf(row.last_error);
  return {
    trouble: sentenceOf(row, code),
    action: isFailed ? actionFor('failed-batch', failureOf(row)) : actionFor('not-pushed', code),
  };
}

/** In a few words; but what Odoo refused, and why, only its own words tell, and how often it was asked decides what to do next. */
function sentenceOf(row: QueueRow, code: string): string {
  // The meanings are those of a completion; a refused cancellation is told in the words of Odoo.
  const meaning = row.cancellation === null && !isRefusal(code) ? meaningOf(code) : undefined;
  const looked = lookedText(row);
  if (meaning !== undefined) return looked === '' ? meaning : `${meaning.replace(/\.$/, '')}; ${looked}.`;
  const said = [wordsFor(code), withoutName(row, withoutCode(row.last_error ?? 'failed'))].filter(Boolean).join(': ');
  const tried = triedText(row);
  // Since when, tile and alarm tell beside it by the clock of who reads; that of the server may be in another time zone.
  const isGivenUp = tried !== '' && row.state === 'failed';
  return said + (tried && ` (${tried}${isGivenUp ? ', given up' : ''})`);
}

function placeOf(line: Line, row: QueueRow, told: Told): Place {
  const waitsForSomebody = told.some(
    ({ code, severity, action }) => HOLDS_UP.has(code) || (severity === 'critical' && !action.startsWith('Nothing')),
  );
  if (row.state === 'failed' || waitsForSomebody) return 'needs_you';
  if (isTurnedAway(line, row)) return 'tried_again';
  return countedAs(row) === 'completed' ? 'to_odoo' : 'in_work';
}

/** How many batches are in which place; together all of the queue. */
export function placesOf(batches: readonly Pick<QueuedBatch, 'place'>[]): Record<Place, number> {
  const places: Record<Place, number> = { needs_you: 0, tried_again: 0, in_work: 0, to_odoo: 0 };
  for (const { place } of batches) places[place] += 1;
  return places;
}
