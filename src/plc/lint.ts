import { wordsOf } from './codec';
import { LINE_FIELDS, STATUS_NAMES } from './register-map';
import { entryName, type MapProblem, mapProblem, nameOf, type RowOf, rowsOf } from './map-problem';
import type { LineShape, MapField, RegisterMap, SlotFieldName, ValueSpec } from './register-map';

/** No MO name fits into fewer; one that is too long for the text of a map is rejected by name when it is fetched. */
const MIN_NAME_WORDS = 3;
/** Words that are written and compared as they are, so their bytes must stand as everywhere in Modbus. */
const RAW_WORDS: readonly string[] = ['status_read_data', 'our_heartbeat'];

/** FC16 carries 123 words; the recipe has to arrive in one piece. */
const MAX_WRITE = 123;

/** Said of a map without any material. */
export const NO_MATERIAL = 'have no entry in the map; add a row for each material';

const TEXT_FIELDS: readonly string[] = ['mo_id', 'recipe', 'finished_goods'];
/** Numbers and codes that mean themselves. */
const PLAIN_FIELDS: readonly string[] = [
  'batch_no',
  'status_manufacturing',
  'status_operation',
  'status',
  'status_read_data',
  ...LINE_FIELDS,
];
const RECIPE_FIELDS: readonly string[] = ['batch_no', 'mo_id', 'recipe', 'finished_goods', 'quantity'];

interface Span {
  name: string;
  from: number;
  /** One past the last word. */
  to: number;
  bit: number | null;
}

/**
 * Every mistake of a map that can be seen without a PLC: what is missing, what overlaps, what runs over a border, what the
 * line does not know. Expects the shape and the zero-based addresses that checkMap made.
 * @param rowOf when `map` is only the sound part of what a person sees
 */
export function lintMap(map: RegisterMap, line: LineShape, rowOf: RowOf = rowsOf(map)): MapProblem[] {
  const found = [
    ...checkEntries(map),
    ...checkNames(map),
    ...checkMaterials(map, line),
    ...checkHandshake(map),
    ...checkPlaces(map, line.slots),
  ];
  return found.map((finding) => mapProblem(finding.field, rowOf(entryName(finding)), finding.address, finding.what, finding));
}

interface Finding {
  field: string;
  address: number | null;
  what: string;
  /** The same about several entries at once, where `what` names numbers of one of them. */
  ofAll: string | null;
}

const widthOf = (spec: ValueSpec): number => wordsOf(spec.type, spec.words);

/** Each entry by itself. */
function checkEntries(map: RegisterMap): Finding[] {
  const slotFields = map.fields.flatMap((field) => {
    const texts = [...specProblems(field, nameOf(field))];
    if ((field.field === undefined) === (field.material === undefined))
      texts.push('needs exactly one of "field" and "material"; take the other one out');
    if ((field.idAt === undefined) !== (field.id === undefined)) texts.push('"idAt" and "id" belong together; give both or none');
    return texts.map((text) => problem(nameOf(field), map.read.base + field.at, text));
  });
  const lineFields = (map.lineFields ?? []).flatMap((field) => {
    const texts = specProblems(field, field.field);
    if (field.field === 'map_version' && field.expect === undefined) texts.push('needs "expect", the version this map was made for');
    if (field.field === 'our_heartbeat' && field.type !== 'uint16') texts.push('must be uint16; change its type');
    if (field.field === 'heartbeat' && field.type === 'bit')
      texts.push('is a bit, which can look the same at two reads of a PLC that runs; take a word that counts');
    if (field.field === 'heartbeat' && field.type.startsWith('float'))
      texts.push(`is ${field.type}, which may stand still although it is counted up; take a word that counts in whole numbers`);
    return texts.map((text) => problem(field.field, field.at, text));
  });
  return [...slotFields, ...lineFields];
}

function specProblems(spec: ValueSpec, name: string): string[] {
  const texts: string[] = [];
  const isText = spec.type === 'ascii';
  if (isText !== TEXT_FIELDS.includes(name))
    texts.push(
      isText ? 'is a number, so its type cannot be ascii; choose a number type' : 'is a text, so its type must be ascii; change it',
    );
  if (isText && spec.words === undefined) texts.push('needs "words"; fill in the length of the text, two characters a word');
  if (name === 'mo_id' && isText && spec.words !== undefined && spec.words < MIN_NAME_WORDS)
    texts.push(`has words ${spec.words}, a text too short for any MO name; WH/MO/00123 takes 6`);
  if (RAW_WORDS.includes(name) && (spec.order ?? 'ABCD') !== 'ABCD')
    texts.push(`cannot have the order ${spec.order}, for it is written and compared as one plain word; leave order out`);
  if (!isText && spec.words !== undefined && spec.words !== widthOf(spec))
    texts.push(`has words ${spec.words}, but ${spec.type} takes ${widthOf(spec)}; leave words out`);
  if ((spec.type === 'bit') !== (spec.bit !== undefined)) texts.push('"type": "bit" and "bit" (0-15) belong together; give both or none');
  if (PLAIN_FIELDS.includes(name) && (spec.scale ?? 1) !== 1) texts.push(`cannot have a scale of ${spec.scale}; leave scale out`);
  if (spec.values === undefined) {
    if (name === 'status') texts.push('needs "values", the names of its codes, such as {"0": "idle", "3": "finished"}');
  } else if (name === 'status') {
    const names: readonly string[] = STATUS_NAMES;
    const unknown = Object.values(spec.values).filter((status) => !names.includes(status));
    if (unknown.length > 0) texts.push(`has the unknown status "${unknown[0]}", known are ${STATUS_NAMES.join(', ')}; correct it`);
    if (!Object.values(spec.values).includes('finished')) texts.push('has no code for finished; add it to "values"');
  } else if (name !== 'mode') {
    texts.push('cannot have "values"; only status and mode can, so leave it out');
  }
  return texts;
}

/** What has to be there, and nothing twice. */
function checkNames(map: RegisterMap): Finding[] {
  const names = map.fields.map(nameOf);
  const has = (name: SlotFieldName): boolean => names.includes(name);
  const problems = [...twice(names), ...twice((map.lineFields ?? []).map((field) => field.field))].map((name) =>
    problem(name, null, 'is in the map twice; remove one of the two'),
  );
  for (const name of ['batch_no', 'mo_id', 'actual_weight'] as const)
    if (!has(name)) problems.push(problem(name, null, 'is missing; add a row for it'));
  if (!has('status')) {
    for (const name of ['status_manufacturing', 'status_operation'] as const) {
      if (!has(name)) problems.push(problem(name, null, 'is missing; add a row for it, or one for status with values'));
    }
  }
  if (has('status') && (has('status_manufacturing') || has('status_operation'))) {
    problems.push(problem('status', null, 'stands beside status_manufacturing or status_operation; keep one of the two kinds'));
  }
  if (!map.fields.some((field) => field.material !== undefined)) problems.push(problem('materials', null, NO_MATERIAL));
  return problems;
}

/** Every material weighed by the PLC has a place, and every place a material: else a quantity would be missing for ever. */
function checkMaterials(map: RegisterMap, line: LineShape): Finding[] {
  const places = new Map(map.fields.flatMap((field) => (field.material === undefined ? [] : [[field.material, field] as const])));
  const tags = new Set(line.materials.map((material) => material.tag));
  const problems = twice(line.materials.map((material) => material.tag)).map((tag) =>
    problem(tag, null, 'is twice in the materials of the line; remove one of the two'),
  );
  for (const { tag, manual } of line.materials) {
    if (!manual && !places.has(tag))
      problems.push(
        problem(tag, null, 'is a material of the line, but has no entry in the map; add a row, or mark the material as weighed by hand'),
      );
    if (manual && places.has(tag))
      problems.push(problem(tag, null, 'is weighed by hand, but has an entry in the map; remove the row, or the mark at the material'));
  }
  for (const [tag, field] of places) {
    if (!tags.has(tag))
      problems.push(
        problem(tag, map.read.base + field.at, 'is in the map, but not a material of the line; add the material, or remove the row'),
      );
  }
  return problems;
}

/** The handshake writes the recipe in one request and then the flag, so the flag stands behind the recipe. */
function checkHandshake(map: RegisterMap): Finding[] {
  const problems: Finding[] = [];
  const flag = map.fields.find((field) => field.field === 'status_read_data');
  const length = slotLength(map);
  if (flag && flag.type !== 'uint16')
    problems.push(problem('status_read_data', map.read.base + flag.at, 'must be a whole word, uint16; change its type'));
  if (flag && map.read.function === 'input') {
    problems.push(
      problem(
        'status_read_data',
        map.read.base + flag.at,
        'cannot be written in a read area of input registers; use holding or leave it out',
      ),
    );
  }
  if (!map.write) return problems;
  const body = flag?.at ?? length;
  if (body > MAX_WRITE)
    problems.push(
      problem(
        'write',
        null,
        `has recipes of ${body} words, but one request carries ${MAX_WRITE}; move status_read_data and the recipe together`,
      ),
    );
  for (const field of map.fields) {
    const isRecipe = field.material !== undefined || RECIPE_FIELDS.includes(nameOf(field));
    if (isRecipe && spansOf(field).some((span) => span.to > body)) {
      problems.push(
        problem(
          nameOf(field),
          map.read.base + field.at,
          'is part of the recipe, but stands behind status_read_data; the flag has to be the last word that is written',
        ),
      );
    }
  }
  return problems;
}

/** Overlaps and borders, in words. */
function checkPlaces(map: RegisterMap, slots: number): Finding[] {
  const inSlot = map.fields.flatMap(spansOf);
  const length = slotLength(map);
  const problems = overlaps(inSlot).map(([a, b]) =>
    problem(
      a.name,
      map.read.base + a.from,
      `takes words ${a.from}-${a.to - 1} of the slot and overlaps ${b.name} (words ${b.from}-${b.to - 1}); move one of them`,
      'overlaps the entry behind it; give it a shorter type, or move one of the two',
    ),
  );
  const areas: Span[] = [];
  for (const [name, area] of [['read', map.read] as const, ...(map.write ? [['write', map.write] as const] : [])]) {
    for (const span of inSlot) {
      if (span.to > area.stride)
        problems.push(
          problem(
            span.name,
            map.read.base + span.from,
            `ends at word ${span.to - 1}, past the ${name} stride of ${area.stride}; move it, or raise the stride`,
            `ends past the ${name} stride of ${area.stride}; raise it to ${length}`,
          ),
        );
    }
    for (let slot = 0; slot < slots; slot += 1) {
      const from = area.base + slot * area.stride;
      areas.push({ name: `${name} slot ${slot + 1}`, from, to: from + length, bit: null });
    }
  }
  // An input register and a holding register may have the same number without being the same word.
  const isHolding = (span: Span): boolean =>
    map.read.function === 'holding' || span.name.startsWith('write') || span.name === 'our_heartbeat';
  const everything = [
    ...areas,
    ...(map.lineFields ?? []).map((field) => ({
      name: field.field,
      from: field.at,
      to: field.at + widthOf(field),
      bit: field.bit ?? null,
    })),
  ];
  for (const kind of [everything.filter(isHolding), everything.filter((span) => !isHolding(span))]) {
    for (const [a, b] of overlaps(kind)) {
      // Slots of one area overlap only when a field is past the stride, which is told above.
      if (a.name.split(' ')[0] !== b.name.split(' ')[0])
        problems.push(
          problem(
            a.name,
            a.from,
            `(${a.from}-${a.to - 1}) runs into ${b.name} (${b.from}-${b.to - 1}); move one of the two areas`,
            'runs into a slot or word of another area; move one of the areas',
          ),
        );
    }
  }
  const last = everything.find((span) => span.to > 65536);
  if (last)
    problems.push(
      problem(
        last.name,
        last.from,
        `ends at ${last.to - 1}, past the last address 65535; lower the base, the stride or the number of slots`,
      ),
    );
  return problems;
}

function spansOf(field: MapField): Span[] {
  const name = nameOf(field);
  const own = { name, from: field.at, to: field.at + widthOf(field), bit: field.bit ?? null };
  return field.idAt === undefined ? [own] : [own, { name: `${name} id`, from: field.idAt, to: field.idAt + 1, bit: null }];
}

/** Words of a slot that the map uses. */
export function slotLength(map: RegisterMap): number {
  return Math.max(...map.fields.flatMap(spansOf).map((span) => span.to));
}

/** Neighbours that share a word; two different bits of a word do not. */
function overlaps(spans: readonly Span[]): [Span, Span][] {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const found: [Span, Span][] = [];
  sorted.forEach((a, index) => {
    for (const b of sorted.slice(index + 1)) {
      if (b.from >= a.to) break;
      if (a.bit === null || b.bit === null || a.bit === b.bit) found.push([a, b]);
    }
  });
  return found;
}

function twice(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function problem(field: string, address: number | null, what: string, ofAll: string | null = null): Finding {
  return { field, address, what, ofAll };
}
