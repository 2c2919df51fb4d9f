import type { JSONSchemaType } from 'ajv';
import { compileCheck } from '../check';
import { describe, isClosed, SmartMoError } from '../errors';
import { archive } from '../queue/archive';
import type { QueueRow } from '../queue/batch';
import { bookWeighed } from '../queue/bookings';
import { lastRecord } from '../queue/history';
import { holdOf } from '../queue/hold';
import { bookLateWeight } from '../queue/late-weight';
import { finishByHand, requeue, retry, setHold } from '../queue/operator';
import { findRow } from '../queue/rows';
import { currentHold } from './hold';
import type { Line } from './line';
import { mapChanged, mapChangedText } from './map-changed';
import { operatorOutcome } from './operator-outcome';
import type { Outcome } from './outcome';
import { aboveLimit, mismatchOf, weightDiffers } from './plausible';
import { Refused } from './refused';
import type { Run } from './run';

export const ACTIONS = ['retry', 'park', 'requeue', 'finish', 'booked', 'hold', 'release'] as const;
export type Action = (typeof ACTIONS)[number];

export interface ActionOptions {
  /** What the node does when the message does not say. */
  action: Action;
  payload: unknown;
}

interface ActionInput {
  action?: Action | null;
  mo_id?: string | null;
  /** Which run of the MO was booked; the last that came late, else the newest that is not booked, when null. */
  run?: number | null;
  reason?: string | null;
  notes?: string | null;
  actual?: Record<string, number> | null;
  actual_weight?: number | null;
}

const SCHEMA: JSONSchemaType<ActionInput> = {
  type: 'object',
  properties: {
    action: { type: 'string', enum: [...ACTIONS, null] as never, nullable: true },
    mo_id: { type: 'string', nullable: true, minLength: 1, maxLength: 64 },
    run: { type: 'integer', nullable: true, minimum: 1 },
    reason: { type: 'string', nullable: true, maxLength: 200 },
    notes: { type: 'string', nullable: true, maxLength: 2000 },
    actual: { type: 'object', nullable: true, required: [], additionalProperties: { type: 'number', minimum: 0, exclusiveMaximum: 1e12 } },
    actual_weight: { type: 'number', nullable: true, exclusiveMinimum: 0, exclusiveMaximum: 1e12 },
  },
};
const checkInput = compileCheck<ActionInput>(SCHEMA, 'payload', 'INPUT_INVALID');

/** What was done, and to which batch. */
interface Done {
  message: string;
  batch_no: number | null;
  mo_id: string | null;
}

/**
 * What only a person may decide: about a batch that is stuck, or about the whole line. Nothing is sent to Odoo or the PLC
 * here; the tasks go on from the new state. Every action leaves an event with the actor's name.
 */
export async function actOnBatch(line: Line, run: Run, options: ActionOptions): Promise<Outcome> {
  let input: ActionInput = {};
  let action = options.action;
  try {
    input = checkInput(options.payload ?? {});
    action = input.action ?? options.action;
    if (line.mode === 'observe')
      throw new Refused(409, 'INPUT_INVALID', 'the line only observes: nothing is changed; set its mode to live');
    const done = await ACTS[action](line, input, run.actor);
    run.log('info', `${done.message} (${run.actor})`);
    return operatorOutcome(line, 1, done.message, { success: true, action, ...done });
  } catch (error) {
    const refused = error instanceof SmartMoError && error.code === 'INPUT_INVALID' ? new Refused(400, error.code, error.message) : error;
    if (!(refused instanceof Refused)) {
      if (!isClosed(error)) run.log('error', `Error in operator action: ${describe(error)}`);
      throw error;
    }
    const { message: detail, code, statusCode } = refused;
    const payload = { success: false, detail, code, action, batch_no: null, mo_id: input.mo_id ?? null };
    return { ...operatorOutcome(line, 2, `not done: ${detail}`, payload), statusCode };
  }
}

const ACTS: Record<Action, (line: Line, input: ActionInput, actor: string) => Promise<Done>> = {
  async retry(line, input, actor) {
    const row = await rowInState(line, input, ['failed'], 'retried');
    if (row.status_manufacturing === 0) {
      throw new Refused(409, 'INPUT_INVALID', `${row.mo_id} was never weighed to the end: finish it by hand, or park it`);
    }
    return changed(row, await retry(line.database, row, noteOf(input, actor)), 'goes to Odoo again');
  },

  async park(line, input, actor) {
    const row = await rowInState(line, input, ['failed'], 'parked');
    const notes = [input.reason, input.notes, row.last_error].filter(Boolean).join('; ');
    return changed(
      row,
      await archive(line.database, row, 'failed', { notes: notes || null, actor }),
      'parked: it is in the history as failed',
    );
  },

  async requeue(line, input, actor) {
    const mo_id = nameOf(input);
    if (await findRow(line.database, line.line, { mo_id })) throw new Refused(409, 'INPUT_INVALID', `${mo_id} is in the queue`);
    const record = await requeue(line.database, line.line, mo_id, noteOf(input, actor));
    if (record) return { message: `${mo_id} may be fetched again, once Odoo lists it as confirmed`, batch_no: record.batch_no, mo_id };
    const last = await lastRecord(line.database, line.line, { mo_id });
    if (!last) throw new Refused(404, 'BATCH_UNKNOWN', `${mo_id} is not in the history of line ${line.line}`);
    throw new Refused(
      409,
      'INPUT_INVALID',
      `${mo_id} is ${last.status} in the history; only failed and cancelled ones can be requeued, once each`,
    );
  },

  async finish(line, input, actor) {
    const row = await rowInState(line, input, ['queued', 'running', 'failed'], 'finished by hand');
    if (row.push_payload) {
      throw new Refused(409, 'INPUT_INVALID', `the quantities of ${row.mo_id} were sent to Odoo already and are frozen; retry or park it`);
    }
    const measured = measuredBy(input, row, line);
    const { detail } = noteOf(input, actor);
    // The paper is believed, as the PLC is; the batch record keeps that it was asked about and who stands for it.
    const differs = weightDiffers(line, { materials: row.materials, ...measured });
    const note = { actor, detail: { ...detail, differs } };
    return changed(row, await finishByHand(line.database, row, measured, note), 'finished by hand');
  },

  async booked(line, input, actor) {
    const mo_id = nameOf(input);
    const which = { mo_id, run: input.run ?? null };
    const late = await bookLateWeight(line.database, line.line, which, noteOf(input, actor));
    if (late !== null) return { message: `${mo_id}: what was weighed after it left the queue is booked by hand`, batch_no: late, mo_id };
    const made = await bookWeighed(line.database, line.line, which, noteOf(input, actor));
    if (made !== null) return { message: `${mo_id}: what was weighed before it left the queue is booked by hand`, batch_no: made, mo_id };
    const last = await lastRecord(line.database, line.line, { mo_id });
    if (!last) throw new Refused(404, 'BATCH_UNKNOWN', `${mo_id} is not in the history of line ${line.line}`);
    throw new Refused(409, 'INPUT_INVALID', `nothing of ${mo_id} waits to be booked by hand`);
  },

  async hold(line, { reason }, actor) {
    if (!reason) throw new Refused(400, 'INPUT_INVALID', 'why is the line put on hold? send payload.reason');
    const first = await setHold(line.database, line.line, true, { reason, actor });
    const hold = first ? null : await holdOf(line.database, line.line);
    if (hold) throw new Refused(409, 'LINE_ON_HOLD', `line ${line.line} is on hold already: ${hold.reason} (${hold.actor})`);
    return { message: `line ${line.line} is on hold: ${reason}`, batch_no: null, mo_id: null };
  },

  async release(line, { reason }, actor) {
    // One that this process was started with may not be stored yet, and would come after the release.
    await currentHold(line);
    const released = await setHold(line.database, line.line, false, { reason: reason ?? '', actor });
    // Nobody has set this one, so nobody can release it.
    const still = (await mapChanged(line)) ? mapChangedText(line.line) : null;
    if (!released) throw new Refused(409, still ? 'MAP_CHANGED' : 'INPUT_INVALID', still ?? `line ${line.line} is not on hold`);
    return { message: [`line ${line.line} is released`, still].filter(Boolean).join('; but '), batch_no: null, mo_id: null };
  },
};

function nameOf({ mo_id }: ActionInput): string {
  if (!mo_id) throw new Refused(400, 'INPUT_INVALID', 'which batch? send payload.mo_id');
  return mo_id;
}

async function rowInState(line: Line, input: ActionInput, states: readonly string[], verb: string): Promise<QueueRow> {
  const mo_id = nameOf(input);
  const row = await findRow(line.database, line.line, { mo_id });
  if (!row) throw new Refused(404, 'BATCH_UNKNOWN', `${mo_id} is not in the queue of line ${line.line}`);
  if (states.includes(row.state)) return row;
  throw new Refused(409, 'INPUT_INVALID', `${mo_id} is ${row.state}; only ${states.join(' or ')} batches can be ${verb}`);
}

/** The step was taken, unless somebody else changed the row in the same moment. */
function changed({ batch_no, mo_id }: QueueRow, stepped: object | null, what: string): Done {
  if (!stepped) throw new Refused(409, 'INPUT_INVALID', `${mo_id} changed in this moment; look at it and try again`);
  return { message: `Batch #${batch_no} (MO: ${mo_id}) ${what}`, batch_no, mo_id };
}

function noteOf({ reason, notes }: ActionInput, actor: string): { actor: string; detail: object } {
  return { actor, detail: { reason: reason ?? null, notes: notes ?? null } };
}

/** The paper must name every tag of the batch and none that the line does not have, and pass the checks of a reading of the PLC. */
function measuredBy(
  { actual, actual_weight }: ActionInput,
  row: QueueRow,
  line: Line,
): { actual: Record<string, number>; actual_weight: number } {
  if (!actual || actual_weight == null) {
    throw new Refused(400, 'INPUT_INVALID', 'send payload.actual {tag: quantity} and payload.actual_weight from the paper');
  }
  const tags = row.materials.filter((material) => !material.manual).map((material) => material.tag);
  const missing = tags.filter((tag) => !Object.hasOwn(actual, tag));
  const known = new Set([...tags, ...line.mapping.tags]);
  const unknown = Object.keys(actual).filter((tag) => !known.has(tag));
  if (missing.length > 0) throw new Refused(400, 'INPUT_INVALID', `payload.actual lacks ${missing.join(', ')}; 0 where nothing was used`);
  if (unknown.length > 0)
    throw new Refused(400, 'INPUT_INVALID', `payload.actual names ${unknown.join(', ')}, which line ${line.line} does not have`);
  const above = aboveLimit(line, row, { actual, actual_weight });
  if (above !== null) throw new Refused(400, 'INPUT_INVALID', `${above}; check the figures`);
  const mismatch = line.onMismatch === 'fail' ? mismatchOf(line, { materials: row.materials, actual }) : null;
  if (mismatch !== null) throw new Refused(400, 'INPUT_INVALID', `too far from the plan: ${mismatch}; check the figures`);
  return { actual, actual_weight };
}
