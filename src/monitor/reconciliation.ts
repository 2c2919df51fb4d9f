import { compileCheck } from '../check';
import { throwIfClosed } from '../errors';
import type { Line } from '../line/line';
import { sumByProduct } from '../odoo/compare';
import type { OdooRecord } from '../odoo/odoo';
import { type BatchMaterial, manualActual } from '../queue/batch';
import { type Late, lateOf } from '../queue/late-weight';
import { newestWeighed, type WeighedRow } from '../queue/weighed';
import { round, unitFactor } from '../units';
import { orderNow, type Shown } from './outside';

/** Batches of one report: Odoo is asked for each MO, one after the other. */
const MOST_BATCHES = 50;

/** Differing batches that the sentence names. */
const MOST_TOLD = 3;

/** Noise of binary fractions is no difference; finer than any quantity that is kept. */
const DIGITS = 6;

const checkInput = compileCheck<{ mo_id?: string | null }>(
  { type: 'object', properties: { mo_id: { type: 'string', nullable: true, minLength: 1, maxLength: 64 } } },
  'payload',
  'INPUT_INVALID',
);

/**
 * One material of a batch in all three places, in the unit of the material.
 * Odoo and the frozen payload know products, not silos: where several tags hold one product its figure is split over them
 * by what each weighed (by plan where nothing was weighed), so that a column always adds up to the product's.
 */
export interface MaterialLine {
  /** null: a component that is not in the batch, added in Odoo. */
  tag: string | null;
  product: string;
  /** null: as in Odoo. */
  uom: string | null;
  planned: number | null;
  /** What was frozen of the PLC's weighing, or of the operator's paper (`measured_by`); null for what is weighed by hand. */
  plc: number | null;
  /** What was frozen to be told to Odoo; null when nothing was. */
  database: number | null;
  /** Consumption that Odoo shows now; null when it was not seen. */
  odoo: number | null;
  /** odoo - database; what was never told counts as 0, so what a person booked by hand shows. null when Odoo was not seen. */
  difference: number | null;
}

export interface Reconciled {
  mo_id: string;
  run: number;
  /** The later run of this MO, whose quantities have replaced those of this one in Odoo; null: this is the latest. */
  replaced_by: number | null;
  state: WeighedRow['state'];
  measured_by: WeighedRow['measured_by'];
  /** State of the MO in Odoo; null with a sentence in `odoo_text`. */
  odoo_state: OdooRecord['state'] | null;
  odoo_text: string | null;
  /** What came after the batch had left the queue, which nobody but a person can book; null: nothing did. */
  late_text: string | null;
  materials: MaterialLine[];
}

/**
 * The report `reconciliation`: what the PLC weighed, what we told Odoo and what Odoo shows now, for one MO
 * (`payload.mo_id`) or the newest 50 batches that were weighed or have left the queue. Each MO is asked for once; an Odoo
 * that is away is not asked again.
 * @throws INPUT_INVALID; DB_ codes
 */
export async function reconciliation(line: Line, payload: Record<string, unknown>, signal: AbortSignal): Promise<Reconciled[]> {
  const { mo_id } = checkInput(payload);
  const rows = await newestWeighed(line.database, line.line, mo_id ?? null, MOST_BATCHES);
  const names = rows.map((row) => row.mo_id);
  const lateFor = await lateOf(line.database, line.line, names, line.mapping.weightUnit);
  const latest = new Map<string, number>();
  for (const { mo_id: name, run } of rows) latest.set(name, Math.max(run, latest.get(name) ?? 0));
  const batches: Reconciled[] = [];
  let away: Shown<OdooRecord> | null = null;
  for (const row of rows) {
    throwIfClosed(signal);
    const last = latest.get(row.mo_id) ?? row.run;
    const replaced_by = last === row.run ? null : last;
    const order: Shown<OdooRecord> = replaced_by === null ? (away ?? (await orderNow(line, row, signal))) : shownWith(replaced_by);
    if (order.away) away = order;
    batches.push({
      mo_id: row.mo_id,
      run: row.run,
      replaced_by,
      state: row.state,
      measured_by: row.measured_by,
      odoo_state: order.shown?.state ?? null,
      odoo_text: order.text,
      late_text: toBookText(lateFor(row)),
      materials: compareMaterials(line, row, order.shown),
    });
  }
  return batches;
}

/** Odoo has one consumption per MO, and every push replaces it. */
function shownWith(run: number): Shown<OdooRecord> {
  return { shown: null, text: `Odoo shows run ${run} of this MO`, away: false };
}

/** What is booked by now is no news. */
function toBookText(late: Late | null): string | null {
  return late && !late.isBooked ? late.text : null;
}

/** The latest run of its MO, but Odoo did not show it. */
export function isUnseen({ odoo_state, replaced_by }: Reconciled): boolean {
  return odoo_state === null && replaced_by === null;
}

export function differs({ materials }: Reconciled): boolean {
  return materials.some(isDifferent);
}

/** "1 of 2 compared batches differ: WH/MO/00010 silo_a +12 kg" */
export function reconciliationSentence(batches: readonly Reconciled[]): string {
  const unseen = batches.filter(isUnseen);
  const bad = batches.filter(differs);
  const list = bad.slice(0, MOST_TOLD).map(({ mo_id, materials }) => `${mo_id} ${materials.filter(isDifferent).map(told).join(', ')}`);
  if (bad.length > MOST_TOLD) list.push(`and ${bad.length - MOST_TOLD} more`);
  const compared = batches.filter(({ odoo_state }) => odoo_state !== null);
  const head = `${bad.length} of ${compared.length} compared batches differ`;
  const parts = [list.length > 0 ? `${head}: ${list.join('; ')}` : head];
  if (unseen[0]) parts.push(`${unseen.length} not compared: ${unseen[0].odoo_text ?? ''}`);
  const late = batches.filter(({ late_text }) => late_text !== null);
  parts.push(...late.slice(0, MOST_TOLD).map(({ mo_id, late_text }) => `${mo_id}: ${late_text ?? ''}`));
  if (late.length > MOST_TOLD) parts.push(`and ${late.length - MOST_TOLD} more weighed late`);
  return parts.join('; ');
}

function isDifferent({ difference }: MaterialLine): boolean {
  return difference !== null && difference !== 0;
}

function told({ tag, product, uom, difference }: MaterialLine): string {
  const amount = difference ?? 0;
  return `${tag ?? product} ${amount > 0 ? '+' : ''}${amount} ${uom ?? ''}`.trim();
}

function compareMaterials(line: Line, row: WeighedRow, shown: OdooRecord | null): MaterialLine[] {
  const frozen = row.push_payload && sumByProduct(row.push_payload.moves);
  const inOdoo = shown && sumByProduct(shown.moves);
  const shares = sharesOf(line, row);
  const known = row.materials.map((material, index): MaterialLine => {
    const { tag, product, product_id, uom, manual, planned } = material;
    const part = (sums: ReadonlyMap<number, number> | null): number | null =>
      sums && round((sums.get(product_id) ?? 0) * (shares[index] ?? 0) * (unitFactor(material.move_uom, uom) ?? 1), DIGITS);
    const database = part(frozen);
    const odoo = part(inOdoo);
    const plc = manual ? null : (row.actual?.[tag] ?? null);
    return { tag, product, uom, planned, plc, database, odoo, difference: odoo === null ? null : round(odoo - (database ?? 0), DIGITS) };
  });
  const ours = new Set(row.materials.map(({ product_id }) => product_id));
  const added = [...(inOdoo ?? [])].filter(([product_id, quantity]) => !ours.has(product_id) && quantity !== 0);
  return [...known, ...added.map(([product_id, quantity]) => addedInOdoo(product_id, round(quantity, DIGITS)))];
}

function addedInOdoo(product_id: number, quantity: number): MaterialLine {
  const nowhereElse = { tag: null, uom: null, planned: null, plc: null, database: null };
  return { ...nowhereElse, product: `#${product_id}`, odoo: quantity, difference: quantity };
}

/** Which part of its product each material is, in the order of the materials: those of one product add up to 1. */
function sharesOf(line: Line, row: WeighedRow): number[] {
  const { materials } = row;
  const weighed = materials.map((material) =>
    inMoveUnit(material, material.manual ? manualActual(material, row, line) : (row.actual?.[material.tag] ?? 0)),
  );
  const planned = materials.map((material) => inMoveUnit(material, material.planned));
  return materials.map(({ product_id }, index) => {
    const ofProduct = (list: readonly number[]): number[] => list.filter((_, at) => materials[at]?.product_id === product_id);
    const basis = sum(ofProduct(weighed)) > 0 ? weighed : planned;
    const total = sum(ofProduct(basis));
    if (total > 0) return (basis[index] ?? 0) / total;
    return materials.findIndex((material) => material.product_id === product_id) === index ? 1 : 0;
  });
}

function inMoveUnit({ uom, move_uom }: BatchMaterial, quantity: number): number {
  return quantity * (unitFactor(uom, move_uom) ?? 1);
}

function sum(list: readonly number[]): number {
  return list.reduce((total, quantity) => total + quantity, 0);
}
