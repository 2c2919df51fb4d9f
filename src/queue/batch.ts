import { isoOrNull } from '../clock';
import type { PushPayload } from '../odoo/odoo';
import { round, unitFactor } from '../units';

export type BatchState = 'queued' | 'running' | 'finished' | 'pushing' | 'pushed' | 'failed' | 'cancelling';

/**
 * One material of a batch, frozen when the MO is queued: changing a silo's ingredient later never moves the consumption
 * of a batch already queued (ISA-95: MaterialRequirement).
 */
export interface BatchMaterial {
  tag: string;
  code: string;
  /** Internal reference, or "#<id>". */
  product: string;
  product_id: number;
  /** The component moves of this product in Odoo, with what each of them plans, in `move_uom`. */
  move_ids: number[];
  move_planned: number[];
  move_uom: string;
  /** Decimals that Odoo keeps of the move's quantity. */
  digits: number;
  /** Unit of `planned` and of the actual: the map's. */
  uom: string;
  /** Weighed by hand: not on the PLC. */
  manual: boolean;
  planned: number;
}

/** Why a batch is being cancelled; kept in the row until it is archived. */
export interface Cancellation {
  notes: string;
  reason: string | null;
  actor: string;
  /** Cancel the MO in Odoo too, before the batch leaves the queue. */
  in_odoo: boolean;
  /** Clear the slot in the PLC's write area too. */
  free_slot: boolean;
}

/** A row of mo_batch as the database layer returns it. */
export interface QueueRow {
  id: number;
  line: string;
  batch_no: number;
  mo_id: string;
  run: number;
  odoo_id: number | null;
  finished_goods: string | null;
  quantity: number;
  uom: string;
  materials: BatchMaterial[];
  /** tag -> actual of the PLC; null before the first good read. */
  actual: Record<string, number> | null;
  actual_weight: number | null;
  status_manufacturing: 0 | 1;
  status_operation: 0 | 1;
  state: BatchState;
  row_version: number;
  push_payload: PushPayload | null;
  push_attempt: number;
  next_try_at: Date | null;
  last_error: string | null;
  missed_reads: number;
  cancellation: Cancellation | null;
  fetch_seq: number;
  created_at: Date;
  loaded_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  last_read_from_plc: Date | null;
  /** Whose figures `actual` holds: the PLC's, or those of the operator's paper. */
  measured_by: 'plc' | 'operator';
  updated_at: Date;
}

/** What ends with the queue row: a batch record has none of it. */
type QueueOnly = 'state' | 'row_version' | 'next_try_at' | 'last_error' | 'missed_reads' | 'cancellation' | 'updated_at';

/** A row of mo_histories: the batch record. */
export interface HistoryRow extends Omit<QueueRow, QueueOnly> {
  status: 'completed' | 'failed' | 'cancelled';
  notes: string | null;
  actor: string;
  requeued: boolean;
  archived_at: Date;
}

/** One material as messages carry it (ISA-95: MaterialActual). */
export interface MaterialView {
  tag: string;
  code: string;
  product: string;
  uom: string;
  manual: boolean;
  planned: number;
  actual: number | null;
  source: 'plc' | 'plan' | 'operator' | null;
}

/** What a message shows of a batch as it stands in its row. */
type AsStored =
  | 'line'
  | 'batch_no'
  | 'mo_id'
  | 'run'
  | 'odoo_id'
  | 'finished_goods'
  | 'quantity'
  | 'uom'
  | 'state'
  | 'status_manufacturing'
  | 'status_operation'
  | 'actual_weight'
  | 'push_attempt'
  | 'last_error';

/** A batch as messages carry it (contract.md, Batch). Unset values are null, never missing. */
export interface Batch extends Pick<QueueRow, AsStored> {
  materials: MaterialView[];
  /** Weight of what was dosed, finished or not, of what the PLC shall dose, and their unit (that of the finished weight). */
  weighed: number | null;
  to_weigh: number;
  weight_uom: string;
  /** 0-1: what the PLC has weighed of what it shall weigh. */
  progress: number;
  next_try_at: string | null;
  created_at: string;
  loaded_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  last_read_from_plc: string | null;
}

/** A batch record as messages carry it (contract.md, Record). */
export interface BatchRecord extends Omit<Batch, 'state' | 'progress' | 'next_try_at' | 'last_error'> {
  status: 'completed' | 'failed' | 'cancelled';
  notes: string | null;
  actor: string;
  archived_at: string;
}

/** Units in which the PLC weighs; a Mapping fits. */
export interface WeightUnits {
  /** Of the finished weight. */
  readonly weightUnit: string;
  unitOf(tag: string): string;
}

/** How the line counts hand-weighed materials; a Line fits. */
export interface ManualRule {
  scaleManual: boolean;
  mapping: WeightUnits;
}

/**
 * What a hand-weighed material counts as: its plan, or its plan in proportion to the weight (mo-line, scaleManual). An
 * order counted in bags has no proportion to a weight.
 */
export function manualActual(
  material: Pick<BatchMaterial, 'planned'>,
  row: Pick<QueueRow, 'actual_weight' | 'quantity' | 'uom'>,
  { scaleManual, mapping }: ManualRule,
): number {
  const factor = unitFactor(mapping.weightUnit, row.uom);
  if (!scaleManual || row.actual_weight === null || factor === null) return material.planned;
  return round((material.planned * row.actual_weight * factor) / row.quantity, 3);
}

type Measured = Pick<QueueRow, 'materials' | 'actual' | 'actual_weight' | 'quantity' | 'uom' | 'status_manufacturing' | 'measured_by'>;

function viewMaterials(row: Measured, rule: ManualRule): MaterialView[] {
  return row.materials.map(({ tag, code, product, uom, manual, planned }) => {
    const known = !manual || row.status_manufacturing === 1;
    const actual = !known ? null : manual ? manualActual({ planned }, row, rule) : (row.actual?.[tag] ?? null);
    return { tag, code, product, uom, manual, planned, actual, source: actual === null ? null : manual ? 'plan' : row.measured_by };
  });
}

/** Unit in which a batch counts a tag: the one that it was queued with; the map's of a silo that its recipe does not have. */
export function unitInBatch({ materials }: Pick<QueueRow, 'materials'>, tag: string, mapping: Pick<WeightUnits, 'unitOf'>): string {
  return materials.find((material) => material.tag === tag)?.uom ?? mapping.unitOf(tag);
}

/** Quantities, each with its unit, as one weight; one that does not convert adds nothing. */
function asWeight(quantities: readonly (readonly [number, string])[], weightUnit: string): number {
  const sum = quantities.reduce((total, [quantity, uom]) => total + quantity * (unitFactor(uom, weightUnit) ?? 0), 0);
  return round(sum, 3);
}

/**
 * The finished weight, or of a batch that is not finished what was dosed of it, from whatever silo; null before the first good read.
 * In the unit of the finished weight.
 */
export function weighedSoFar(
  row: Pick<Measured, 'materials' | 'actual' | 'actual_weight' | 'status_manufacturing'>,
  mapping: WeightUnits,
): number | null {
  const { status_manufacturing, actual_weight, actual } = row;
  if (status_manufacturing === 1) return actual_weight;
  if (actual === null) return null;
  const dosed = Object.entries(actual).map(([tag, quantity]) => [quantity, unitInBatch(row, tag, mapping)] as const);
  return asWeight(dosed, mapping.weightUnit);
}

function weightsOf(row: Measured, { mapping }: ManualRule): Pick<Batch, 'weighed' | 'to_weigh' | 'weight_uom'> {
  const planned = row.materials.filter((material) => !material.manual).map((material) => [material.planned, material.uom] as const);
  return {
    weighed: weighedSoFar(row, mapping),
    to_weigh: asWeight(planned, mapping.weightUnit),
    weight_uom: mapping.weightUnit,
  };
}

function progressOf(row: Measured): number {
  if (row.status_manufacturing === 1) return 1;
  const onPlc = row.materials.filter((material) => !material.manual);
  const planned = onPlc.reduce((sum, material) => sum + material.planned, 0);
  const actual = onPlc.reduce((sum, material) => sum + (row.actual?.[material.tag] ?? 0), 0);
  return planned > 0 ? round(Math.min(actual / planned, 1), 4) : 0;
}

function common(
  row: Omit<ShownRow, 'state' | 'next_try_at' | 'last_error'>,
  rule: ManualRule,
): Omit<BatchRecord, 'status' | 'notes' | 'actor' | 'archived_at'> {
  return {
    line: row.line,
    batch_no: row.batch_no,
    mo_id: row.mo_id,
    run: row.run,
    odoo_id: row.odoo_id,
    finished_goods: row.finished_goods,
    quantity: row.quantity,
    uom: row.uom,
    status_manufacturing: row.status_manufacturing,
    status_operation: row.status_operation,
    materials: viewMaterials(row, rule),
    actual_weight: row.actual_weight,
    ...weightsOf(row, rule),
    push_attempt: row.push_attempt,
    created_at: row.created_at.toISOString(),
    loaded_at: isoOrNull(row.loaded_at),
    started_at: isoOrNull(row.started_at),
    finished_at: isoOrNull(row.finished_at),
    last_read_from_plc: isoOrNull(row.last_read_from_plc),
  };
}

/** What of a row a message shows. */
export type ShownRow = Omit<QueueRow, 'id' | 'row_version' | 'missed_reads' | 'cancellation' | 'push_payload' | 'fetch_seq' | 'updated_at'>;

export function toBatch(row: ShownRow, rule: ManualRule): Batch {
  return {
    ...common(row, rule),
    state: row.state,
    progress: progressOf(row),
    next_try_at: isoOrNull(row.next_try_at),
    last_error: row.last_error,
  };
}

export function toRecord(row: HistoryRow, rule: ManualRule): BatchRecord {
  return {
    ...common(row, rule),
    status: row.status,
    notes: row.notes,
    actor: row.actor,
    archived_at: row.archived_at.toISOString(),
  };
}

/** Has something of it been weighed? The PLC shows every recipe that it has, also of batches that wait their turn. */
export function isBegun({ actual }: Pick<QueueRow, 'actual'>): boolean {
  return Object.values(actual ?? {}).some((weight) => weight > 0);
}

/** The PLC has given the batch up; nobody else has yet. */
export function failedInPlc({
  state,
  status_manufacturing,
  status_operation,
}: Pick<QueueRow, 'state' | 'status_manufacturing' | 'status_operation'>): boolean {
  return state === 'running' && status_operation === 1 && status_manufacturing === 0;
}

/** The PLC shows every loaded batch; it makes the one that it has weighed something for. */
export function isDosing(row: QueueRow): boolean {
  return row.state === 'running' && !failedInPlc(row) && isBegun(row);
}

/** The code that a stored "CODE: sentence" begins with, "" when it has none. */
export function codeOf(lastError: string | null): string {
  return /^([A-Za-z][A-Za-z_-]*): /.exec(lastError ?? '')?.[1] ?? '';
}
