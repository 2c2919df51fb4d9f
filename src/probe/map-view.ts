import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../plc/feed-mill';
import { slotLength } from '../plc/lint';
import { type MapProblem, nameOf } from '../plc/map-problem';
import { checkMap } from '../plc/map';
import { looseMap } from '../plc/map-shape';
import { formatJson, formatTable, type PastedMap, readMapText } from '../plc/map-text';
import { compileField } from '../plc/mapping';
import { MAX_READ } from '../plc/modbus-request';
import { notations } from '../plc/notations';
import { partsNote } from '../plc/plan';
import { say, type Text } from '../sentence';
import { ADDRESSINGS, LINE_FIELDS, type LineShape, type RegisterMap, SLOT_FIELDS } from '../plc/register-map';
import { NUMBER_TYPES, WORD_ORDERS } from '../plc/codec';

/** What the dialog shows of a map: the mistakes the runtime would find, each address, and the texts to copy. */
export interface MapView {
  ok: boolean;
  /** One sentence. */
  text: Text;
  problems: MapProblem[];
  /** What the fields of the dialog offer. */
  known: {
    fields: readonly string[];
    lineFields: readonly string[];
    types: readonly string[];
    orders: readonly string[];
    addressings: readonly string[];
  };
  /** Address of each entry in all notations, by its place in the lists of the map; "" where it cannot be said. */
  addresses: { fields: string[]; lineFields: string[] };
  /** The map with one line for each field; null when the text is not JSON. */
  json: string | null;
  csv: string;
  /** For the clipboard of a spreadsheet. */
  tsv: string;
}

/** The map of a dialog, empty = the bundled one. */
export function viewMap(text: string, line: LineShape): MapView {
  const { problems, sound } = checkMap(text, line);
  const map = text.trim() === '' ? FEED_MILL_MAP : parsed(text);
  const found = problems.length;
  const kind = text.trim() === '' ? say`Empty: the bundled feed mill is used` : say`The map fits`;
  return {
    ok: found === 0,
    text:
      found === 0 && sound
        ? say`${kind}: ${line.slots} slots of ${slotLength(sound)} words, read from ${notations(sound.read.function, sound.read.base)}.${noteOf(sound)}`
        : found === 1
          ? say`1 mistake in the map: the line does not start with it.`
          : say`${found} mistakes in the map: the line does not start with it.`,
    problems,
    known: {
      fields: SLOT_FIELDS,
      lineFields: LINE_FIELDS,
      types: [...NUMBER_TYPES, 'ascii'],
      orders: WORD_ORDERS,
      addressings: ADDRESSINGS,
    },
    addresses: addressesOf(map, sound),
    json: map === undefined ? null : formatJson(map),
    csv: formatTable(map, ','),
    tsv: formatTable(map, '\t'),
  };
}

/** What is no mistake, but has consequences. */
function noteOf(map: RegisterMap): Text {
  const fields = map.fields.map((field) => compileField(field, 0));
  const note = partsNote(fields, MAX_READ);
  return note === null ? '' : say` Note: ${note}.`;
}

/** A pasted text as it would become the map, for a person to confirm. */
export interface PasteView {
  ok: boolean;
  text: Text;
  kind: PastedMap['kind'];
  understood: Text[];
  /** Those of the pasted text, then those of the map that comes out. */
  problems: MapProblem[];
  /** What "use it" puts in the place of the map; null when nothing could be made of the text. */
  json: string | null;
}

const KINDS = { table: say`table`, 'address list': say`address list` };

/** @param present the JSON text in the dialog, for what the pasted text leaves out */
export function viewPaste(text: string, present: string, line: LineShape): PasteView {
  const { kind, map, understood, problems: own, source } = readMapText(text, present.trim() === '' ? FEED_MILL_MAP : parsed(present));
  const problems = [...own, ...(map ? checkMap(JSON.stringify(map), line, source).problems : [])];
  const count = problems.length === 0 ? say`no mistakes` : problems.length === 1 ? say`1 mistake` : say`${problems.length} mistakes`;
  const size = map ? say` with ${looseMap(map).fields.length} fields` : '';
  return {
    ok: problems.length === 0,
    text: say`Understood as ${kind === 'JSON' ? kind : KINDS[kind]}${size}: ${count}.`,
    kind,
    understood,
    problems,
    json: map && formatJson(map),
  };
}

/** The bundled feed mill as the dialog inserts it. */
export function bundledMap(): { ok: true; text: Text; json: string; materials: typeof FEED_MILL_MATERIALS } {
  return { ok: true, text: say`the bundled feed mill`, json: formatJson(FEED_MILL_MAP), materials: FEED_MILL_MATERIALS };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The entries of the sound part stand in the same order, so each is met on the way through all of them. */
function addressesOf(map: unknown, sound: RegisterMap | null): MapView['addresses'] {
  const loose = looseMap(map);
  const shown = (entries: readonly object[], places: readonly { name: string; address: string }[]): string[] => {
    let next = 0;
    return entries.map((entry) => {
      const place = places[next];
      if (place?.name !== nameOf(entry)) return '';
      next += 1;
      return place.address;
    });
  };
  const area = sound?.read.function ?? 'holding';
  const base = sound?.read.base ?? 0;
  return {
    fields: shown(
      loose.fields,
      (sound?.fields ?? []).map((field) => ({ name: nameOf(field), address: notations(area, base + field.at) })),
    ),
    lineFields: shown(
      loose.lineFields,
      (sound?.lineFields ?? []).map((field) => ({
        name: nameOf(field),
        address: notations(field.field === 'our_heartbeat' ? 'holding' : area, field.at),
      })),
    ),
  };
}
