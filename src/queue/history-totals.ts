import type { Queryable } from '../database/database';
import { round } from '../units';
import { type HistoryRow, weighedSoFar, type WeightUnits } from './batch';
import {
  FILTERED,
  filterParameters,
  type HistoryFilter,
  LATE_BOOKED,
  LATE_BOOKED_IN_PART,
  LATE_NOT_BOOKED,
  NOT_IN_ODOO,
  WEIGHED_NOT_BOOKED,
} from './history';

/** Batches of one day of the plant, by the unit in which the orders are counted. */
export interface DayTotal {
  /** "2026-03-01" */
  day: string;
  uom: string;
  completed: number;
  cancelled: number;
  failed: number;
  /** Of completed batches: quantity of the orders in `uom`, finished weight in the unit of the line's weights. */
  planned: number | null;
  actual: number | null;
}

/** Completed batches of one finished product. */
export interface ProductTotal extends Pick<DayTotal, 'uom' | 'planned' | 'actual'> {
  product: string | null;
  completed: number;
}

/** One material in completed batches. */
export interface MaterialTotal {
  product: string;
  /** Where it came from. */
  tags: string[];
  uom: string;
  planned: number;
  /** null: only weighed by hand, so that nobody knows. */
  actual: number | null;
}

/** Batches that were made or dosed, and of which Odoo lacks something. */
export interface LeftOut {
  batches: number;
  /** What is to be booked of them, in the unit of the line's weights; null: nobody knows any. */
  weight: number | null;
}

export interface Totals {
  /** Oldest first. */
  days: DayTotal[];
  products: ProductTotal[];
  materials: MaterialTotal[];
  /** Not in Odoo: in none of these sums. */
  left_out: LeftOut;
}

const SUMS = `
  count(*) FILTER (WHERE status = 'completed') AS completed,
  sum(quantity) FILTER (WHERE status = 'completed') AS planned,
  sum(actual_weight) FILTER (WHERE status = 'completed') AS actual`;

const DAYS = `
SELECT to_char(archived_at AT TIME ZONE $8, 'YYYY-MM-DD') AS day, uom, ${SUMS},
  count(*) FILTER (WHERE status = 'cancelled') AS cancelled, count(*) FILTER (WHERE status = 'failed') AS failed
FROM {schema}.mo_histories h WHERE ${FILTERED} GROUP BY 1, 2 ORDER BY 1, 2`;

const PRODUCTS = `
SELECT finished_goods AS product, uom, ${SUMS}
FROM {schema}.mo_histories h WHERE ${FILTERED} AND status = 'completed' GROUP BY 1, 2 ORDER BY planned DESC, 1`;

const MATERIALS = `
SELECT m ->> 'product' AS product, m ->> 'uom' AS uom, array_agg(DISTINCT m ->> 'tag') AS tags, sum((m ->> 'planned')::numeric) AS planned,
  sum((h.actual ->> (m ->> 'tag'))::numeric) AS actual
FROM {schema}.mo_histories h, jsonb_array_elements(h.materials) m
WHERE ${FILTERED} AND status = 'completed' GROUP BY 1, 2 ORDER BY planned DESC, 1`;

const LEFT_OUT = `
SELECT h.status_manufacturing, h.actual_weight, h.materials, h.actual, ${WEIGHED_NOT_BOOKED} AS own,
  (SELECT (e.detail ->> 'actual_weight')::numeric ${LATE_NOT_BOOKED} ORDER BY e.id DESC LIMIT 1) AS late,
  ${LATE_BOOKED_IN_PART} AS in_part, (SELECT max((e.detail ->> 'actual_weight')::numeric) ${LATE_BOOKED}) AS late_booked
FROM {schema}.mo_histories h WHERE ${FILTERED} AND ${NOT_IN_ODOO}`;

interface LeftOutRow extends Pick<HistoryRow, 'status_manufacturing' | 'actual_weight' | 'materials' | 'actual'> {
  /** Does what the record holds wait to be booked? null: nothing was read of it. */
  own: boolean | null;
  /** Finished weight that came after the record. */
  late: number | null;
  /** Is a part of that booked already? */
  in_part: boolean;
  /** The most that came late and is booked: each is the whole of the one before. */
  late_booked: number | null;
}

function weightToBook({ own, late, in_part, late_booked, ...record }: LeftOutRow, mapping: WeightUnits): number | null {
  const weighed = weighedSoFar(record, mapping);
  if (late === null) return own ? weighed : null;
  if (!in_part) return late;
  const dosed = record.status_manufacturing === 1 ? null : weighed;
  return Math.max(late - Math.max(dosed ?? 0, late_booked ?? 0), 0);
}

async function leftOut(db: Queryable, where: unknown[], mapping: WeightUnits): Promise<LeftOut> {
  const rows = await db.query<LeftOutRow>(LEFT_OUT, where);
  const weights = rows.map((row) => weightToBook(row, mapping)).filter((weight) => weight !== null);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { batches: rows.length, weight: weights.length === 0 ? null : round(sum, 3) };
}

/**
 * @param timeZone in which the days begin: "Asia/Jakarta"
 * @param mapping the line's: the unit of its weights, and of each silo
 */
export async function historyTotals(
  db: Queryable,
  line: string,
  filter: HistoryFilter,
  { timeZone, mapping }: { timeZone: string; mapping: WeightUnits },
): Promise<Totals> {
  const where = filterParameters(line, filter);
  return {
    days: await db.query<DayTotal>(DAYS, [...where, timeZone]),
    products: await db.query<ProductTotal>(PRODUCTS, where),
    materials: await db.query<MaterialTotal>(MATERIALS, where),
    left_out: await leftOut(db, where, mapping),
  };
}
