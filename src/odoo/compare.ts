import type { OdooRecord, PushPayload } from './odoo';

export interface ConsumptionComparison {
  equal: boolean;
  /** Products that differ, by id. */
  differences: { product_id: number; wanted: number; shown: number }[];
}

/**
 * Does the MO show exactly the consumption of the frozen payload? Compared per product, because Odoo may split or merge
 * the moves of one; a product that is absent or whose moves are cancelled counts as 0 on either side. Floats carry noise
 * (29.400000000000002), so half of the last kept decimal is allowed.
 * @param digits decimals that Odoo keeps of a quantity
 */
export function consumptionEquals(record: OdooRecord, payload: PushPayload, digits = 2): ConsumptionComparison {
  const wanted = sumByProduct(payload.moves);
  const shown = sumByProduct(record.moves.filter((move) => move.state !== 'cancel'));
  const tolerance = 0.5 * 10 ** -digits;
  const differences = [...new Set([...wanted.keys(), ...shown.keys()])]
    .sort((a, b) => a - b)
    .map((product_id) => ({ product_id, wanted: wanted.get(product_id) ?? 0, shown: shown.get(product_id) ?? 0 }))
    // Written so that NaN differs.
    .filter(({ wanted, shown }) => !(Math.abs(wanted - shown) < tolerance));
  return { equal: differences.length === 0, differences };
}

/** Quantity per product id: Odoo may split or merge the moves of one. */
export function sumByProduct(moves: readonly { product_id: number; quantity: number }[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { product_id, quantity } of moves) sums.set(product_id, (sums.get(product_id) ?? 0) + quantity);
  return sums;
}
