import { lintEntries, wordsIn } from './lint-entries';
import { type AddressOf, entryName, type MapProblem, mapProblem, nameOf, type RowOf, rowsOf, shownName } from './map-problem';
import { say, type Sentence } from '../sentence';
import type { LineShape, MapField, RegisterMap } from './register-map';

/** FC16 carries 123 words; the recipe has to arrive in one piece. */
const MAX_WRITE = 123;

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
 */
export function lintMap(map: RegisterMap, line: LineShape): MapProblem[] {
  const entries = { fields: map.fields, lineFields: map.lineFields ?? [] };
  const { base } = map.read;
  const addressOf: AddressOf = (list, { at }) => Number(at) + (list === 'fields' ? base : 0);
  return [...lintEntries(entries, addressOf, line), ...lintPlaces(map, line.slots, rowsOf(entries))];
}

/**
 * What is wrong with the places of the entries: borders, overlaps, and the order that the handshake needs.
 * @param rowOf when `map` is only the sound part of what a person sees
 * @param options.isFlagSound false where the map has a status_read_data that cannot be read: nobody knows then where recipes end
 */
export function lintPlaces(map: RegisterMap, slots: number, rowOf: RowOf, { isFlagSound = true } = {}): MapProblem[] {
  return toProblems([...(isFlagSound ? checkHandshake(map) : []), ...checkPlaces(map, slots)], rowOf);
}

/**
 * Entries that share a word of a slot: all that can be said of their places while nobody knows where the slots begin and end.
 * @param rowOf as in lintPlaces
 */
export function lintOverlaps(fields: readonly MapField[], addressOf: AddressOf, rowOf: RowOf): MapProblem[] {
  const addressAt = (at: number): number | null => addressOf('fields', { at });
  return toProblems(checkOverlaps(fields.flatMap(spansOf), addressAt), rowOf);
}

function toProblems(found: readonly Finding[], rowOf: RowOf): MapProblem[] {
  return found.map((finding) => mapProblem(finding.field, rowOf(entryName(finding)), finding.address, finding.what, finding));
}

interface Finding {
  field: string;
  address: number | null;
  what: Sentence;
  /** The same about several entries at once, where `what` names numbers of one of them. */
  ofAll: Sentence | null;
}

/** The handshake writes the recipe in one request and then the flag, so the flag stands behind the recipe. */
function checkHandshake(map: RegisterMap): Finding[] {
  const problems: Finding[] = [];
  const flag = map.fields.find((field) => field.field === 'status_read_data');
  const length = slotLength(map);
  if (flag && flag.type !== 'uint16')
    problems.push(problem('status_read_data', map.read.base + flag.at, say`must be a whole word, uint16; change its type`));
  if (flag && map.read.function === 'input') {
    problems.push(
      problem(
        'status_read_data',
        map.read.base + flag.at,
        say`cannot be written in a read area of input registers; use holding or leave it out`,
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
        say`has recipes of ${body} words, but one request carries ${MAX_WRITE}; move status_read_data and the recipe together`,
      ),
    );
  for (const field of map.fields) {
    const isRecipe = field.material !== undefined || RECIPE_FIELDS.includes(nameOf(field));
    if (isRecipe && spansOf(field).some((span) => span.to > body)) {
      problems.push(
        problem(
          nameOf(field),
          map.read.base + field.at,
          say`is part of the recipe, but stands behind status_read_data; the flag has to be the last word that is written`,
        ),
      );
    }
  }
  return problems;
}

/** "word 75", "words 74-75" */
function wordsText({ from, to }: Span): Sentence {
  return to - from === 1 ? say`word ${from}` : say`words ${from}-${to - 1}`;
}

function checkOverlaps(inSlot: readonly Span[], addressAt: (word: number) => number | null): Finding[] {
  return overlaps(inSlot).map(([a, b]) =>
    problem(
      a.name,
      addressAt(a.from),
      say`takes ${wordsText(a)} of the slot and overlaps ${shownName(b.name)} (${wordsText(b)}); move one of them`,
      say`overlaps the entry behind it; give it a shorter type, or move one of the two`,
    ),
  );
}

/** Overlaps and borders, in words. */
function checkPlaces(map: RegisterMap, slots: number): Finding[] {
  const inSlot = map.fields.flatMap(spansOf);
  const length = slotLength(map);
  const problems = checkOverlaps(inSlot, (word) => map.read.base + word);
  const areas: Span[] = [];
  for (const [name, area] of [['read', map.read] as const, ...(map.write ? [['write', map.write] as const] : [])]) {
    for (const span of inSlot) {
      if (span.to > area.stride)
        problems.push(
          problem(
            span.name,
            map.read.base + span.from,
            say`ends at word ${span.to - 1}, past the ${name} stride of ${area.stride}; move it, or raise the stride`,
            say`ends past the ${name} stride of ${area.stride}; raise it to ${length}`,
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
      to: field.at + wordsIn(field),
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
            say`(${a.from}-${a.to - 1}) runs into ${shownName(b.name)} (${b.from}-${b.to - 1}); move one of the two areas`,
            say`runs into a slot or word of another area; move one of the areas`,
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
        say`ends at ${last.to - 1}, past the last address 65535; lower the base, the stride or the number of slots`,
      ),
    );
  return problems;
}

function spansOf(field: MapField): Span[] {
  const name = nameOf(field);
  const own = { name, from: field.at, to: field.at + wordsIn(field), bit: field.bit ?? null };
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

function problem(field: string, address: number | null, what: Sentence, ofAll: Sentence | null = null): Finding {
  return { field, address, what, ofAll };
}
