import { closest } from '../closest';
import type { Entries } from './lint-entries';
import type { EntryList } from './map-problem';
import type { LooseMap, WrongKeys } from './map-shape';
import { LINE_FIELDS, type LineShape, SLOT_FIELDS, TEXT_FIELDS } from './register-map';

type Loose = Record<string, unknown>;

/**
 * The entries of a map with something harmless in place of each key that is wrong, so that the other keys are judged as well
 * and what is there, but wrong, is not told to be missing. A place that is not known is NaN.
 */
export function mendEntries({ fields, lineFields }: LooseMap, wrongKeys: WrongKeys, { materials }: LineShape): Entries {
  const tags = materials.map(({ tag }) => tag);
  const mendAll = (list: EntryList, entries: readonly Loose[], names: readonly string[], of: readonly string[]): (Loose | null)[] => {
    // A name that another entry has is not what a misspelt one means.
    const free = names.filter((name) => !entries.some(({ field }) => field === name));
    return entries.map((entry, index) => mended(entry, wrongKeys[list].get(index), free, of));
  };
  // What is wrong was replaced, so the shape is that of an entry.
  return {
    fields: mendAll('fields', fields, SLOT_FIELDS, tags) as unknown as Entries['fields'],
    lineFields: mendAll('lineFields', lineFields, LINE_FIELDS, []) as unknown as Entries['lineFields'],
  };
}

/** null where the entry has no name to speak of. */
function mended(entry: Loose, wrong: ReadonlySet<string> | undefined, names: readonly string[], tags: readonly string[]): Loose | null {
  if (!wrong) return entry;
  const name = meantName(entry, wrong, names, tags);
  if (name === null) return null;
  const isText = TEXT_FIELDS.some((text) => text === name['field']);
  const kept = Object.fromEntries(Object.entries(entry).filter(([key]) => !wrong.has(key) && key !== 'field' && key !== 'material'));
  const harmless = { at: NaN, type: isText ? 'ascii' : 'uint16', idAt: NaN, id: 0, expect: 0 };
  const made: Loose = { ...name, ...kept, ...Object.fromEntries(Object.entries(harmless).filter(([key]) => wrong.has(key))) };
  if (wrong.has('words') && made['type'] === 'ascii') made['words'] = 8;
  if (wrong.has('bit') && made['type'] === 'bit') made['bit'] = 0;
  if (wrong.has('values') && name['field'] === 'status') made['values'] = { 0: 'finished' };
  // They belong to the type, which nobody knows.
  if (wrong.has('type')) delete made['bit'];
  if (wrong.has('type') && !isText) delete made['words'];
  return made;
}

/** Its name, the one that was probably meant by a misspelt one, or the material that stands where a field should. */
function meantName(entry: Loose, wrong: ReadonlySet<string>, names: readonly string[], tags: readonly string[]): Loose | null {
  if (wrong.has('') || wrong.has('material')) return null;
  const isNamed = entry['field'] !== undefined || entry['material'] !== undefined;
  const { field, material } = isNamed ? entry : underMisspeltKey(entry, wrong);
  const name = { ...(field !== undefined && { field }), ...(material !== undefined && { material }) };
  if (isNamed ? !wrong.has('field') : field === undefined) return name;
  if (typeof field !== 'string') return null;
  if (tags.includes(field)) return { material: field };
  const meant = closest(field, names);
  return meant === null ? null : { field: meant };
}

/** What stands under a key that is a misspelt "field" or "material". */
function underMisspeltKey(entry: Loose, wrong: ReadonlySet<string>): Loose {
  for (const [key, value] of Object.entries(entry)) {
    const meant = wrong.has(key) ? closest(key, ['field', 'material']) : null;
    if (meant !== null) return { [meant]: value };
  }
  return {};
}
