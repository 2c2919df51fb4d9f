import type { Queryable } from '../database/database';
import { FILTERED, filterParameters, type HistoryFilter, LATE_NOT_BOOKED, MADE_NOT_BOOKED, NOT_IN_ODOO } from './history';

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

/** Batches that were made, and of which Odoo lacks something. */
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
  /** Made, and not in Odoo: in none of these sums. */
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

/** What came late counts where there is any: the record has what was known before, which may be booked already. */
const LEFT_OUT = `
SELECT count(*) AS batches, sum(coalesce(
  (SELECT (e.detail ->> 'actual_weight')::numeric ${LATE_NOT_BOOKED} ORDER BY e.id DESC LIMIT 1),
  CASE WHEN ${MADE_NOT_BOOKED} THEN h.actual_weight END
)) AS weight
FROM {schema}.mo_histories h WHERE ${FILTERED} AND ${NOT_IN_ODOO}`;

/** @param timeZone in which the days begin: "Asia/Jakarta" */
export async function historyTotals(db: Queryable, line: string, filter: HistoryFilter, timeZone: string): Promise<Totals> {
  const where = filterParameters(line, filter);
  const [leftOut] = await db.query<LeftOut>(LEFT_OUT, where);
  return {
    days: await db.query<DayTotal>(DAYS, [...where, timeZone]),
    products: await db.query<ProductTotal>(PRODUCTS, where),
    materials: await db.query<MaterialTotal>(MATERIALS, where),
    left_out: leftOut ?? { batches: 0, weight: null },
  };
}
