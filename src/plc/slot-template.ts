import { say, type Sentence } from '../sentence';
import { cellText } from './map-cells';
import { SLOT_FIELDS } from './register-map';

/** One line of the list. */
export interface Named {
  row: number;
  name: string;
  /** type, words, order, scale, unit, byteSwap, values, id as far as the list has them. */
  spec: Record<string, unknown>;
}

/** Where a field of one slot lies. */
export interface Place extends Named {
  area: 'read' | 'write';
  slot: number;
  /** As it stands in the list: "D6028" */
  text: string;
  /** Zero-based. */
  address: number;
  bit: number | null;
}

/** Where each field lies, counted from the start of a slot; null where the list does not tell it in a way that can be read. */
export type Layout = Map<string, { at: number | null; first: Pick<Place, 'row' | 'spec' | 'bit'> }>;

/** Takes a mistake: name, row of the list, zero-based address, what is wrong and what to do. */
export type Complain = (name: string, row: number | null, address: number | null, what: Sentence) => void;

/** What can only be coded in one way needs no type in the list. */
const OWN_TYPE: Readonly<Record<string, string>> = {
  mo_id: 'ascii',
  recipe: 'ascii',
  finished_goods: 'ascii',
  batch_no: 'uint16',
  status_manufacturing: 'uint16',
  status_operation: 'uint16',
  status_read_data: 'uint16',
};

/** Words from slot to slot, as most fields have it. */
export function strideOf(places: readonly Place[], area: string, complain: Complain): number | null {
  const steps = [...byName(places).values()].flatMap((of) => {
    const sorted = [...of].sort((a, b) => a.slot - b.slot);
    return sorted.slice(1).flatMap((place, index) => {
      const before = sorted[index];
      return before && place.slot > before.slot ? [(place.address - before.address) / (place.slot - before.slot)] : [];
    });
  });
  const stride = mostFrequent(steps.filter((step) => Number.isInteger(step) && step > 0));
  if (stride === null) {
    complain(
      area,
      null,
      null,
      say`shows no field in two slots, so that the distance of the slots is not known; list at least slot 1 and slot 2`,
    );
  }
  return stride;
}

/** Where each field would lie in slot 1, by most of its places. */
export function positions(places: readonly Place[], stride: number, complain: Complain): Map<string, { at: number; first: Place }> {
  const found = new Map<string, { at: number; first: Place }>();
  for (const [name, of] of byName(places)) {
    const inSlotOne = (place: Place): number => place.address - (place.slot - 1) * stride;
    const at = mostFrequent(of.map(inSlotOne)) ?? 0;
    const [first] = of;
    if (!first) continue;
    found.set(name, { at, first });
    for (const place of of) {
      const expected = at + (place.slot - 1) * stride;
      if (place.address === expected) continue;
      const right = place.text.replace(/\d+/, (digits) => String(Number(digits) + expected - place.address));
      complain(
        name,
        place.row,
        place.address,
        say`in slot ${place.slot} is ${place.text}; with ${stride} words from slot to slot it must be ${right}: correct one of the two`,
      );
    }
  }
  return found;
}

/** What the rows of each field tell besides its places, with the first of these rows; whoever differs from the first is named. */
export function specsOf(rows: readonly Named[], complain: Complain): Map<string, Pick<Named, 'row' | 'spec'>> {
  const found = new Map<string, Pick<Named, 'row' | 'spec'>>();
  for (const [name, of] of byName(rows)) {
    const spec: Named['spec'] = {};
    for (const { row, spec: own } of of) {
      for (const [key, value] of Object.entries(own)) {
        spec[key] ??= value;
        if (JSON.stringify(spec[key]) !== JSON.stringify(value))
          complain(name, row, null, say`has ${key} ${cellText(value)} here and ${cellText(spec[key])} in a row above; make them the same`);
      }
    }
    found.set(name, { row: of[0]?.row ?? 0, spec });
  }
  return found;
}

/** Fields in the order of their words, each with the row where the list names it first; "silo_a_id" beside "silo_a" is its id. */
export function fieldsOf(layout: Layout): { row: number; field: Record<string, unknown> }[] {
  const idOf = (name: string): string | null => {
    const owner = /^(.+)_id$/i.exec(name)?.[1];
    return owner !== undefined && !isSlotField(name) && layout.has(owner) ? owner : null;
  };
  return [...layout]
    .filter(([name]) => idOf(name) === null)
    .sort(([, a], [, b]) => (a.at ?? Infinity) - (b.at ?? Infinity) || (a.first.bit ?? 0) - (b.first.bit ?? 0))
    .map(([name, { at, first }]) => {
      const id = [...layout].find(([other]) => idOf(other) === name)?.[1];
      const { id: ownId, ...spec } = first.spec;
      const value = ownId ?? id?.first.spec['id'];
      // The bit stands in the address.
      const bit = first.bit ?? (at === null && first.spec['type'] === 'bit' ? 0 : null);
      const type = bit !== null ? 'bit' : (first.spec['type'] ?? OWN_TYPE[name]);
      const idHasPlace = id === undefined || id.at !== null;
      const field = {
        [isSlotField(name) ? 'field' : 'material']: name,
        ...(at !== null && { at }),
        ...spec,
        type,
        ...(bit !== null && { bit }),
        ...(id && idHasPlace && { idAt: id.at }),
        ...(value !== undefined && idHasPlace && { id: value }),
      };
      return { row: first.row, field };
    });
}

function isSlotField(name: string): boolean {
  return (SLOT_FIELDS as readonly string[]).includes(name);
}

function byName<Row extends Named>(places: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const place of places) groups.set(place.name, [...(groups.get(place.name) ?? []), place]);
  return groups;
}

/** The value that comes most often, the first of them where two come as often; null of nothing. */
export function mostFrequent(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
