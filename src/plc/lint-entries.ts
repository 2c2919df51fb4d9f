import { wordsOf } from './codec';
import { type AddressOf, type EntryList, type MapProblem, mapProblem, nameOf, rowsOf, UNNAMED } from './map-problem';
import { say, type Sentence } from '../sentence';
import { LINE_FIELDS, STATUS_NAMES, TEXT_FIELDS } from './register-map';
import type { LineField, LineShape, MapField, SlotFieldName, ValueSpec } from './register-map';

/** No MO name fits into fewer; one that is too long for the text of a map is rejected by name when it is fetched. */
const MIN_NAME_WORDS = 3;
/** Words that are written and compared as they are, so their bytes must stand as everywhere in Modbus. */
const RAW_WORDS: readonly string[] = ['status_read_data', 'our_heartbeat'];
/** Numbers and codes that mean themselves. */
const PLAIN_FIELDS: readonly string[] = [
  'batch_no',
  'status_manufacturing',
  'status_operation',
  'status',
  'status_read_data',
  ...LINE_FIELDS,
];

/** The lists of a map; null stands for an entry of which nothing more can be said than what was told of its shape. */
export interface Entries {
  fields: readonly (MapField | null)[];
  lineFields: readonly (LineField | null)[];
}

/** What is wrong with the entries wherever they lie: each by itself, their names, and whether the materials of the line have one. */
export function lintEntries({ fields, lineFields }: Entries, addressOf: AddressOf, line: LineShape): MapProblem[] {
  const rowOf = rowsOf({ fields, lineFields });
  const told = (list: EntryList, entry: MapField | LineField, index: number, texts: readonly Sentence[]): MapProblem[] =>
    texts.map((what) => mapProblem(nameOf(entry), index + 1, addressOf(list, entry), what, { list }));
  return [
    ...fields.flatMap((field, index) => (field ? told('fields', field, index, fieldProblems(field)) : [])),
    ...lineFields.flatMap((field, index) => (field ? told('lineFields', field, index, lineFieldProblems(field)) : [])),
    ...[...nameProblems(fields, lineFields), ...materialProblems(fields, line)].map(({ name, what, at }) =>
      mapProblem(name, rowOf(name), at === undefined ? null : addressOf('fields', { at }), what),
    ),
  ];
}

/** Words of a value. */
export function wordsIn(spec: ValueSpec): number {
  return wordsOf(spec.type, spec.words);
}

function fieldProblems(field: MapField): Sentence[] {
  const texts = specProblems(field, nameOf(field));
  if (field.field === undefined && field.material === undefined) texts.push(say`has neither "field" nor "material"; name what it is`);
  if (field.field !== undefined && field.material !== undefined)
    texts.push(say`has both "field" and "material"; take the one out that it is not`);
  if ((field.idAt === undefined) !== (field.id === undefined)) texts.push(say`"idAt" and "id" belong together; give both or none`);
  return texts;
}

function lineFieldProblems(field: LineField): Sentence[] {
  const texts = specProblems(field, field.field);
  if (field.field === 'map_version' && field.expect === undefined) texts.push(say`needs "expect", the version this map was made for`);
  if (field.field === 'our_heartbeat' && field.type !== 'uint16') texts.push(say`must be uint16; change its type`);
  if (field.field === 'heartbeat' && field.type === 'bit')
    texts.push(say`is a bit, which can look the same at two reads of a PLC that runs; take a word that counts`);
  if (field.field === 'heartbeat' && field.type.startsWith('float'))
    texts.push(say`is ${field.type}, which may stand still although it is counted up; take a word that counts in whole numbers`);
  return texts;
}

function specProblems(spec: ValueSpec, name: string): Sentence[] {
  const texts: Sentence[] = [];
  const isText = spec.type === 'ascii';
  if (name !== UNNAMED && isText !== TEXT_FIELDS.includes(name))
    texts.push(
      isText ? say`is a number, so its type cannot be ascii; choose a number type` : say`is a text, so its type must be ascii; change it`,
    );
  if (isText && spec.words === undefined) texts.push(say`needs "words"; fill in the length of the text, two characters a word`);
  if (name === 'mo_id' && isText && spec.words !== undefined && spec.words < MIN_NAME_WORDS)
    texts.push(say`has words ${spec.words}, a text too short for any MO name; WH/MO/00123 takes 6`);
  if (RAW_WORDS.includes(name) && (spec.order ?? 'ABCD') !== 'ABCD')
    texts.push(say`cannot have the order ${spec.order ?? ''}, for it is written and compared as one plain word; leave order out`);
  if (!isText && spec.words !== undefined && spec.words !== wordsIn(spec))
    texts.push(say`has words ${spec.words}, but ${spec.type} takes ${wordsIn(spec)}; leave words out`);
  if ((spec.type === 'bit') !== (spec.bit !== undefined))
    texts.push(say`"type": "bit" and "bit" (0-15) belong together; give both or none`);
  if (PLAIN_FIELDS.includes(name) && (spec.scale ?? 1) !== 1) texts.push(say`cannot have a scale of ${spec.scale ?? ''}; leave scale out`);
  if (spec.values === undefined) {
    if (name === 'status') texts.push(say`needs "values", the names of its codes, such as {"0": "idle", "3": "finished"}`);
  } else if (name === 'status') {
    const names: readonly string[] = STATUS_NAMES;
    const unknown = Object.values(spec.values).filter((status) => !names.includes(status));
    if (unknown.length > 0) texts.push(say`has the unknown status "${unknown[0] ?? ''}", known are ${STATUS_NAMES.join(', ')}; correct it`);
    if (!Object.values(spec.values).includes('finished')) texts.push(say`has no code for finished; add it to "values"`);
  } else if (name !== 'mode') {
    texts.push(say`cannot have "values"; only status and mode can, so leave it out`);
  }
  return texts;
}

interface NameProblem {
  name: string;
  what: Sentence;
  /** Where its sentence tells the address. */
  at?: number;
}

/** What has to be there, and nothing twice. */
function nameProblems(fields: Entries['fields'], lineFields: Entries['lineFields']): NameProblem[] {
  const names = fields.flatMap((field) => (field ? [nameOf(field)] : []));
  const has = (name: SlotFieldName): boolean => names.includes(name);
  const problems: NameProblem[] = [...twice(names), ...twice(lineFields.flatMap((field) => field?.field ?? []))]
    .filter((name) => name !== UNNAMED)
    .map((name) => ({ name, what: say`is in the map twice; remove one of the two` }));
  for (const name of ['batch_no', 'mo_id', 'actual_weight'] as const)
    if (!has(name)) problems.push({ name, what: say`is missing; add a row for it` });
  if (!has('status')) {
    for (const name of ['status_manufacturing', 'status_operation'] as const) {
      if (!has(name)) problems.push({ name, what: say`is missing; add a row for it, or one for status with values` });
    }
  }
  if (has('status') && (has('status_manufacturing') || has('status_operation'))) {
    problems.push({ name: 'status', what: say`stands beside status_manufacturing or status_operation; keep one of the two kinds` });
  }
  // The only material may be the entry that has no name.
  if (!fields.some((field) => field === null || field.material !== undefined))
    problems.push({ name: 'materials', what: say`have no entry in the map; add a row for each material` });
  return problems;
}

/** Every material weighed by the PLC has a place, and every place a material: else a quantity would be missing for ever. */
function materialProblems(fields: Entries['fields'], { materials }: LineShape): NameProblem[] {
  const inMap = new Map(fields.flatMap((field) => (field?.material === undefined ? [] : [[field.material, field.at] as const])));
  const tags = materials.map(({ tag }) => tag);
  const problems: NameProblem[] = twice(tags).map((name) => ({
    name,
    what: say`is twice in the materials of the line; remove one of the two`,
  }));
  for (const { tag: name, manual } of materials) {
    if (!manual && !inMap.has(name))
      problems.push({
        name,
        what: say`is a material of the line, but has no entry in the map; add a row, or mark the material as weighed by hand`,
      });
    if (manual && inMap.has(name))
      problems.push({ name, what: say`is weighed by hand, but has an entry in the map; remove the row, or the mark at the material` });
  }
  for (const [name, at] of inMap) {
    if (!tags.includes(name))
      problems.push({ name, what: say`is in the map, but not a material of the line; add the material, or remove the row`, at });
  }
  return problems;
}

function twice(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
