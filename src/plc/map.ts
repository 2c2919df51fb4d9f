import { SmartMoError } from '../errors';
import { FEED_MILL_MAP } from './feed-mill';
import { lintMap, lintOverlaps, lintPlaces } from './lint';
import { lintEntries } from './lint-entries';
import { type AddressOf, type MapProblem, mapProblem, type MapSource, rowsOf, together } from './map-problem';
import { checkShape, isObject, looseMap, NO_PLACE } from './map-shape';
import { mendEntries } from './mend';
import { say, type Sentence } from '../sentence';
import type { PlcArea } from './plc';
import type { Addressing, LineShape, MapField, RegisterMap } from './register-map';

export * from './register-map';

/** What can be said about the text of a map. */
export interface MapCheck {
  /** Everything that is wrong, in the order in which a person reads the map; empty = the map can be used. */
  problems: MapProblem[];
  /** The part that can be used, with zero-based addresses; all of it when there is no problem, null when there is nothing. */
  sound: RegisterMap | null;
}

/**
 * Reads the JSON text of a map, checks it against the line and turns its addresses into zero-based ones.
 * An empty text is the bundled feed mill.
 * @throws SmartMoError MAP_INVALID naming the first problems, all of them in its value
 */
export function parseMap(json: string, line: LineShape): RegisterMap {
  const { problems, sound } = checkMap(json, line);
  if (problems.length === 0 && sound) return sound;
  const texts = problems.map(({ text }) => String(text));
  const first = texts.slice(0, 3).join('; ');
  const more = texts.length > 3 ? `; and ${texts.length - 3} more` : '';
  // A line that is fed by messages has no PLC, but needs to know the materials and their units all the same.
  const [what, remedy] =
    json.trim() === ''
      ? [
          'the register map is empty, which means the bundled feed mill, and that',
          'Enter the map of this line in mo-line, also where its slots come in messages, or correct its materials.',
        ]
      : ['the register map', 'Correct the map or the materials in mo-line.'];
  throw new SmartMoError('MAP_INVALID', `${what} cannot be used: ${first}${more}. ${remedy}`, { value: texts });
}

/**
 * All mistakes of a map at once: an entry that cannot be read does not keep the others from being checked, nor one wrong key
 * the others of its entry.
 * @param source where the map was made of a text, in which a person looks for the mistakes
 */
export function checkMap(json: string, line: LineShape, source: MapSource = { rowShown: (_, row) => row }): MapCheck {
  const { problems, sound } = findProblems(json, line);
  const shown = problems
    .filter(({ field, what }) => !(NO_PLACE.includes(String(what)) && source.misplaced?.has(field)))
    .map((problem) => {
      const { field, row, list, address, what, ofAll } = problem;
      const { inJson = false } = source;
      return row === null || list === null
        ? problem
        : mapProblem(field, source.rowShown(list, row), address, what, { list, ofAll, inJson });
    });
  return { problems: together(shown), sound };
}

function findProblems(json: string, line: LineShape): MapCheck {
  if (json.trim() === '') return { problems: lintMap(FEED_MILL_MAP, line), sound: FEED_MILL_MAP };
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problems: [mapProblem('the map', null, null, say`is not JSON: ${reason}; correct the text`)], sound: null };
  }
  const addressOf = addressIn(parsed);
  const shape = checkShape(parsed, addressOf);
  const loose = looseMap(parsed);
  if (!isObject(parsed) || loose.fields.length === 0) return { problems: shape.problems, sound: null };
  const entries = mendEntries(loose, shape.wrongKeys, line);
  const rowOf = rowsOf(entries);
  const converted = shape.sound ? zeroBased(shape.sound, rowOf) : { map: null, problems: [] };
  const sound = converted.map && converted.map.fields.length > 0 ? converted.map : null;
  const hasFlag = ({ fields }: Pick<RegisterMap, 'fields'>): boolean => fields.some(({ field }) => field === 'status_read_data');
  const whole = entries.fields.filter((field, index): field is MapField => field !== null && !shape.wrongKeys.fields.has(index));
  const isFlagSound = sound === null || hasFlag(sound) || !entries.fields.some((field) => field?.field === 'status_read_data');
  return {
    problems: [
      ...shape.problems,
      ...converted.problems,
      ...lintEntries(entries, addressOf, line),
      ...(sound ? lintPlaces(sound, line.slots, rowOf, { isFlagSound }) : lintOverlaps(whole, addressOf, rowOf)),
    ],
    sound,
  };
}

/** Where an entry of a map that may have any mistake lies in slot 1, as far as that can be said. */
function addressIn(parsed: unknown): AddressOf {
  const { read, addressing } = looseMap(parsed) as { read?: Partial<RegisterMap['read']>; addressing?: Addressing };
  const area = read?.function === 'input' ? 'input' : 'holding';
  return (list, { at, field }) => {
    const start = list === 'lineFields' ? at : read?.base;
    if (!Number.isInteger(at) || Number(at) < 0 || !Number.isInteger(start) || addressing === undefined) return null;
    const zero = wireAddress(Number(start), addressing, field === 'our_heartbeat' ? 'holding' : area);
    return zero === null || list === 'lineFields' ? zero : zero + Number(at);
  };
}

/** Addresses as the PLC programmer writes them become the addresses on the wire; `at` of a slot field counts from 0 in every notation. */
function zeroBased(map: RegisterMap, rowOf: (name: string) => number | null): { map: RegisterMap | null; problems: MapProblem[] } {
  const problems: MapProblem[] = [];
  const convert = (address: number, kind: PlcArea, name: string): number | null => {
    const zero = wireAddress(address, map.addressing, kind);
    if (zero === null) {
      const expected = map.addressing === '4xxxxx' ? EXAMPLES[kind] : say`an address that counts from 1`;
      problems.push(
        mapProblem(name, rowOf(name), null, say`is ${address}, which is not ${expected}; correct it, or choose another addressing`),
      );
    }
    return zero;
  };
  const { write, lineFields, ...rest } = map;
  const readBase = convert(map.read.base, map.read.function, 'read base');
  const writeBase = write ? convert(write.base, 'holding', 'write base') : 0;
  const ofLine = (lineFields ?? []).flatMap((field) => {
    const at = convert(field.at, field.field === 'our_heartbeat' ? 'holding' : map.read.function, field.field);
    return at === null ? [] : [{ ...field, at }];
  });
  if (readBase === null || writeBase === null) return { map: null, problems };
  return {
    map: {
      ...rest,
      addressing: 'zero-based',
      read: { ...map.read, base: readBase },
      ...(write && { write: { ...write, base: writeBase } }),
      ...(lineFields && { lineFields: ofLine }),
    },
    problems,
  };
}

const EXAMPLES: Record<PlcArea, Sentence> = {
  holding: say`a 4xxxx or 4xxxxx address such as 46001 or 406001`,
  input: say`a 3xxxx or 3xxxxx address such as 36001 or 306001`,
};

/** Zero-based address of an address as it is written; null where it is none of its kind. */
export function wireAddress(address: number, addressing: Addressing, kind: PlcArea): number | null {
  if (addressing === 'zero-based') return address;
  if (addressing === 'one-based') return address >= 1 ? address - 1 : null;
  const prefix = kind === 'holding' ? 4 : 3;
  for (const [size, count] of [
    [10_000, 9_999],
    [100_000, 65_536],
  ] as const) {
    const register = address - prefix * size;
    if (register >= 1 && register <= count) return register - 1;
  }
  return null;
}

/** The way back: how a zero-based address is written. */
export function writtenAddress(address: number, addressing: Addressing, kind: PlcArea): number {
  return address + { 'zero-based': 0, 'one-based': 1, '4xxxxx': kind === 'holding' ? 400_001 : 300_001 }[addressing];
}
