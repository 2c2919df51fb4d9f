/** A tag of the line: one silo, tank or hand-weighed ingredient, with the product it holds. */
export interface Material {
  /** Name in the map, in payloads and in the tables: "silo_a". */
  tag: string;
  /** Equipment code, used by the scada protocol: "silo101". */
  code: string;
  /** Internal reference of the product in Odoo ("SILO-101") or "#<product id>". */
  product: string;
  /** Weighed by hand: not on the PLC. */
  manual: boolean;
  /** Percent of the plan when several tags hold one product; 0 = default (all to the first). */
  share: number;
  /** Plausible maximum per batch in the unit of the map; 0 = 1.5 times the quantity of the order. */
  max: number;
}
