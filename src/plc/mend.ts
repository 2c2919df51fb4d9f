import { closest } from '../closest';
import type { LineShape, LineField, MapField } from './register-map';
import { LINE_FIELDS, SLOT_FIELDS, TEXT_FIELDS } from './register-map';
import type { Entries } from './lint-entries';
import type { LooseMap, WrongKeys } from './map-shape';

type Loose = Record<string, unknown>;

/**
 * The entries of a map with something harmless in place of each key that is wrong, so that the other keys are judged as well
 * and what is there, but wrong, is not told to be missing. A place that is not known is NaN.
 */
export function mendEntries({ fields, lineFields }: LooseMap, wrongKeys: WrongKeys, { materials }: LineShape): Entries {
  const tags = materials.map(({ tag }) => tag);
  // What is wrong was replaced, so the shape is that of an entry.
  return {
    fields: fields.map((entry, index) => mended(entry, wrongKeys.fields.get(index), SLOT_FIELDS, tags)) as unknown as (MapField | null)[],
    lineFields: lineFields.map((entry, index) =>
      mended(entry, wrongKeys.lineFields.get(index), LINE_FIELDS, []),
    ) as unknown as (LineField | null)[],
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
function meantName(
  { field, material }: Loose,
  wrong: ReadonlySet<string>,
  names: readonly string[],
  tags: readonly string[],
): Loose | null {
  if (wrong.has('') || wrong.has('material')) return null;
  if (!wrong.has('field')) return { ...(field !== undefined && { field }), ...(material !== undefined && { material }) };
  if (typeof field !== 'string') return null;
  if (tags.includes(field)) return { material: field };
  const meant = closest(field, names);
  return meant === null ? null : { field: meant };
}
