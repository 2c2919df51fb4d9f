import { round } from '../../units';

/** What the simulated plant makes and of what: the bundled feed mill of mo-line, with the ids of a freshly seeded Odoo. */
export interface Product {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly tracking: string;
  readonly uom_id: number;
  /** The silo or tank it lies in, for the plant module; null = none of its own. */
  readonly equipment: { readonly code: string; readonly name: string } | null;
}

/** Decimals of "Product Unit of Measure": Odoo rounds to them without a word. */
export const DIGITS = 2;
/** What a bill of materials makes, in kg; the plant module shows its lines as they are written. */
export const BOM_QUANTITY = 1000;
export const KG = 12;
export const UNITS: ReadonlyMap<number, string> = new Map([
  [1, 'Units'],
  [KG, 'kg'],
  [13, 'g'],
  [14, 't'],
  [15, 'L'],
]);

const SILOS = Array.from({ length: 13 }, (_, index) => String(101 + index));
const MATERIALS: readonly Pick<Product, 'code' | 'name' | 'equipment'>[] = [
  ...SILOS.map((silo) => ({
    code: `SILO-${silo}`,
    name: `Silo ${silo} ingredient`,
    equipment: { code: `silo${silo}`, name: `Silo ${silo}` },
  })),
  ...['114', '115'].map((tank) => ({
    code: `LQ${tank}`,
    name: `Liquid LQ${tank}`,
    equipment: { code: `lq${tank}`, name: `Tank ${tank}` },
  })),
];
const FIRST_MATERIAL = 2;

/** Recipes: per mille of each material, in the order of MATERIALS. */
const RECIPES: readonly { product: number; letter: string; shares: readonly number[] }[] = [
  { product: 1, letter: 'A', shares: [300, 180, 120, 80, 70, 50, 40, 30, 25, 20, 15, 10, 10, 30, 20] },
  { product: 17, letter: 'B', shares: [260, 200, 100, 110, 60, 60, 40, 40, 30, 20, 15, 10, 5, 30, 20] },
  { product: 18, letter: 'C', shares: [220, 160, 150, 90, 90, 70, 50, 40, 30, 25, 15, 10, 5, 25, 20] },
  { product: 19, letter: 'D', shares: [340, 120, 140, 70, 60, 60, 45, 35, 30, 25, 15, 10, 5, 30, 15] },
];

/** Products of a fresh simulator. SOY-48 is in no recipe and in no silo: add it to an order to have one rejected. */
export function initialProducts(): Product[] {
  const product = (id: number, code: string, name: string, equipment: Product['equipment'] = null): Product => {
    return { id, code, name, tracking: 'none', uom_id: KG, equipment };
  };
  return [
    ...RECIPES.map(({ product: id, letter }) => product(id, `FEED-${letter}`, `Feed ${letter}`)),
    ...MATERIALS.map(({ code, name, equipment }, index) => product(FIRST_MATERIAL + index, code, name, equipment)),
    product(20, 'SOY-48', 'Soybean meal 48'),
  ].sort((a, b) => a.id - b.id);
}

export interface PlannedOrder {
  product_id: number;
  bom_id: number;
  /** In kg, two decimals; their sum is the quantity of the order. */
  components: { product_id: number; bom_line_id: number; planned: number }[];
}

/** The order of that number: same seed and number, same recipe. */
export function planOrder(seed: number, number: number, quantity: number): PlannedOrder {
  const index = scramble(seed, number) % RECIPES.length;
  const recipe = RECIPES[index] as (typeof RECIPES)[number];
  const components = recipe.shares.map((share, position) => ({
    product_id: FIRST_MATERIAL + position,
    bom_line_id: index * MATERIALS.length + position + 1,
    planned: round((quantity * share) / 1000, DIGITS),
  }));
  const first = components[0] as (typeof components)[number];
  const sum = components.reduce((total, component) => total + component.planned, 0);
  first.planned = round(first.planned + quantity - sum, DIGITS);
  return { product_id: recipe.product, bom_id: index + 1, components };
}

/** Mixes two integers into an unsigned one, so that neighbouring numbers do not get neighbouring recipes. */
function scramble(seed: number, number: number): number {
  let mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
