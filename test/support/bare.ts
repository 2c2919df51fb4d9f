import { type Clock, systemClock } from '../../src/clock';
import type { Database } from '../../src/database/database';
import type { CompleteOptions } from '../../src/line/complete';
import { createLine, type Line, type LineSettings } from '../../src/line/line';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { RegisterMap } from '../../src/plc/register-map';
import type { QueueRow } from '../../src/queue/batch';

/** The nodes at their defaults. */
export const LINE_SETTINGS: LineSettings = {
  line: 'main',
  slots: 10,
  materials: FEED_MILL_MATERIALS,
  recipes: 'write',
  scaleManual: false,
  scaleBom: false,
  recipeTolerance: 20,
  weightTolerance: 30,
  onMismatch: 'fail',
  onFailedBit: 'alarm',
  mode: 'live',
  staleAfterMinutes: 15,
};

/** batch-completer at its defaults. */
export const COMPLETE_OPTIONS: CompleteOptions = {
  markDone: true,
  maxAttempts: 10,
  concurrency: 1,
  strictConsumption: false,
  noteTemplate: '',
  payload: null,
};

/** A line without a plant, for what is worked out without asking anybody. */
export function bareLine(settings: Partial<LineSettings> = {}, map: RegisterMap = FEED_MILL_MAP, clock: Clock = systemClock): Line {
  const all = { ...LINE_SETTINGS, ...settings };
  const nobody = () => Promise.reject(new Error('this line has no database'));
  const database: Database = {
    schema: 'none',
    query: nobody,
    transaction: nobody,
    ready: nobody,
    state: () => ({ state: 'unknown', since: null, error: null }),
    close: () => Promise.resolve(),
  };
  const mapping = compileMapping({ map, materials: all.materials, slots: all.slots });
  return createLine(all, { database, odoo: null, plc: null, mapping, clock, logTag: () => '' });
}

/** A row of the queue that is loaded and waits for the PLC; materials, values and state as a test needs them. */
export function bareRow(given: Partial<QueueRow> = {}): QueueRow {
  const at = new Date('2026-03-01T06:00:00Z');
  return {
    id: 1,
    line: 'main',
    batch_no: 1,
    mo_id: 'WH/MO/00001',
    run: 1,
    odoo_id: 7,
    finished_goods: 'Feed A',
    quantity: 1000,
    uom: 'kg',
    materials: [],
    actual: null,
    actual_weight: null,
    status_manufacturing: 0,
    status_operation: 0,
    state: 'queued',
    row_version: 1,
    push_payload: null,
    push_attempt: 0,
    next_try_at: null,
    last_error: null,
    missed_reads: 0,
    cancellation: null,
    fetch_seq: 1,
    created_at: at,
    loaded_at: at,
    started_at: null,
    finished_at: null,
    last_read_from_plc: null,
    measured_by: 'plc',
    updated_at: at,
    ...given,
  };
}
