/** Units that convert into each other, with their size in the base unit of their kind. */
const SIZES = new Map(
  Object.entries({
    t: { kind: 'mass', size: 1000 },
    kg: { kind: 'mass', size: 1 },
    g: { kind: 'mass', size: 0.001 },
    L: { kind: 'volume', size: 1 },
    mL: { kind: 'volume', size: 0.001 },
  }),
);

/** Other spellings in use; Odoo 15-19 ship "L" and "t", people add the rest. */
const SPELLINGS = new Map(
  Object.entries({
    l: 'L',
    liter: 'L',
    litre: 'L',
    'liter(s)': 'L',
    ml: 'mL',
    ton: 't',
    tonne: 't',
    kgs: 'kg',
    gram: 'g',
  }),
);

function known(unit: string): { kind: string; size: number } | undefined {
  const text = unit.trim();
  const lower = text.toLowerCase();
  return SIZES.get(text) ?? SIZES.get(SPELLINGS.get(lower) ?? lower);
}

/**
 * Factor that turns a quantity in `from` into one in `to`; null when they do not convert.
 * Only t, kg, g and L, mL convert (odoo.md part A); any unit converts into itself.
 */
export function unitFactor(from: string, to: string): number | null {
  if (from.trim() === to.trim()) return 1;
  const a = known(from);
  const b = known(to);
  return a && b && a.kind === b.kind ? a.size / b.size : null;
}

/** Rounds half away from zero to that many decimals, free of the noise of binary fractions (1.005 -> 1.01). */
export function round(value: number, digits: number): number {
  const size = Math.abs(value);
  const scale = 10 ** digits;
  const shifted = size * scale;
  // Far enough from a half, which side is right is beyond doubt. It is what nearly all values are, and ten times as quick.
  const rounded = shifted < 1e9 && Math.abs((shifted % 1) - 0.5) > 1e-6 ? Math.round(shifted) / scale : byText(size, digits);
  // Not -rounded: -0 is no quantity.
  return value < 0 ? 0 - rounded : rounded;
}

/** As a person would: the decimal point of what is printed moves. */
function byText(size: number, digits: number): number {
  const shifted = Number(`${size}e${digits}`);
  return Number.isFinite(shifted) ? Number(`${Math.round(shifted)}e-${digits}`) : Number(size.toFixed(digits));
}
