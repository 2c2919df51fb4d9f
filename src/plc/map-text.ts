import { listed, say, type Sentence, type Text } from '../sentence';
import { isAddressList, readAddressList } from './address-list';
import { type MapProblem, mapProblem, type MapSource } from './map-problem';
import { wireAddress, writtenAddress } from './map';
import { cellText, cellValue, ENTRY_KEYS } from './map-cells';
import { isObject, looseMap } from './map-shape';
import type { PlcArea } from './plc';
import { ADDRESSINGS, type Addressing } from './register-map';
import { columnKey, type Delimiter, readTable, type Table, writeTable } from './table';

/** What was made of a pasted text. It is shown to a person before it takes the place of the map. */
export interface PastedMap {
  kind: 'JSON' | 'table' | 'address list';
  /** The map as JSON, with the mistakes that it may have; null when nothing could be made of the text. */
  map: Record<string, unknown> | null;
  /** Sentences to confirm: where the slots begin, how far they are apart, what was left out. */
  understood: Text[];
  /** Mistakes of the text itself; those of the map that comes out are found by checkMap. */
  problems: MapProblem[];
  /** Where the entries of the map stand in the text; what stood in the map before stands in no row of it. */
  source: MapSource;
}

const AREA_KEYS = ['function', 'base', 'stride', 'addressing'] as const;
const COLUMNS = ['area', ...ENTRY_KEYS, ...AREA_KEYS] as const;

/**
 * Reads a map from what a person pastes: JSON, a table whose first row names the keys, or the PLC programmer's own list of
 * absolute addresses (address-list.ts).
 * @param present the map in the dialog: its areas and the words of the whole line stay where the text has none
 */
export function readMapText(text: string, present: unknown): PastedMap {
  const content = text.replace(/^\uFEFF/, '');
  if (/^\s*[[{]/.test(content)) return readJson(content);
  const table = readTable(content);
  const pasted: PastedMap = isAddressList(table.header) ? { kind: 'address list', ...readAddressList(table) } : readKeys(table, present);
  return keepLineFields(pasted, present);
}

/** A text without words of the whole line does not take away the heartbeat; what cannot stay is named. */
function keepLineFields(pasted: PastedMap, present: unknown): PastedMap {
  const { map, understood } = pasted;
  const before = looseMap(present);
  if (map === null || 'lineFields' in map || before.lineFields.length === 0) return pasted;
  const kindOf = (of: unknown, field: unknown): PlcArea =>
    field !== 'our_heartbeat' && isObject(of) && of['function'] === 'input' ? 'input' : 'holding';
  const isAddressing = (value: unknown): value is Addressing => ADDRESSINGS.some((known) => known === value);
  const [from, to] = [before.addressing, map['addressing']];
  const words = before.lineFields.map((entry) => {
    const { field, at } = entry;
    const kind = kindOf(before.read, field);
    const name = cellText(field) || say`a word without a name`;
    if (kind !== kindOf(map['read'], field)) return { name, entry: null };
    if (from === to) return { name, entry };
    const wire = isAddressing(from) && typeof at === 'number' ? wireAddress(at, from, kind) : null;
    return { name, entry: wire === null || !isAddressing(to) ? null : { ...entry, at: writtenAddress(wire, to, kind) } };
  });
  const kept = words.flatMap(({ name, entry }) => (entry ? [{ name, entry }] : []));
  const names = (of: readonly { name: Text }[]): Text => listed(of.map(({ name }) => name));
  const lost = words.filter(({ entry }) => entry === null);
  const told = [
    ...(kept.length > 0 ? [say`the text has no words of the whole line, so those of the map stay: ${names(kept)}`] : []),
    ...(lost.length > 0 ? [say`words of the whole line that cannot stay in this area or numbering: ${names(lost)}; add them again`] : []),
  ];
  const lineFields = kept.map(({ entry }) => entry);
  const { fields, ...rest } = map;
  return {
    ...pasted,
    map: { ...rest, ...(lineFields.length > 0 && { lineFields }), fields },
    understood: [...understood, ...told],
    // They stand in no row of the text.
    source: { ...pasted.source, rowShown: (list, row) => (list === 'lineFields' ? null : pasted.source.rowShown(list, row)) },
  };
}

/** The map as JSON text with one line for each field. */
export function formatJson(map: unknown): string {
  if (!isObject(map)) return JSON.stringify(map);
  const value = (entry: unknown): string =>
    Array.isArray(entry) ? `[\n${entry.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]` : JSON.stringify(entry);
  const lines = Object.entries(map).map(([key, entry]) => `  ${JSON.stringify(key)}: ${value(entry)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

/** The map as a table that readMapText takes back: a row for each area, then the words of the line, then the fields of a slot. */
export function formatTable(map: unknown, delimiter: Delimiter): string {
  const { fields, lineFields, addressing, ...rest } = { ...looseMap(map) };
  const areas = (['read', 'write'] as const).flatMap((area) => {
    const found: unknown = (rest as Record<string, unknown>)[area];
    return isObject(found) ? [{ ...found, area, ...(area === 'read' && { addressing }) }] : [];
  });
  const entries: Record<string, unknown>[] = [...areas, ...lineFields.map((field) => ({ ...field, area: 'line' })), ...fields];
  const columns = COLUMNS.filter((column) => entries.some((entry) => entry[column] !== undefined));
  return writeTable([columns, ...entries.map((entry) => columns.map((column) => cellText(entry[column])))], delimiter);
}

function readJson(text: string): PastedMap {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed))
      return { kind: 'JSON', map: parsed, understood: [], problems: [], source: { rowShown: (_, row) => row, inJson: true } };
    return failed('JSON', say`is a JSON list; a map is an object with read, write and fields`);
  } catch (error) {
    return failed('JSON', say`is not JSON: ${error instanceof Error ? error.message : String(error)}; correct it and paste it again`);
  }
}

/** A table whose columns are the keys of the map. */
function readKeys({ header, rows, delimiter }: Table, present: unknown): PastedMap {
  const keys = header.map((title) => COLUMNS.find((key) => columnKey(key) === columnKey(title)) ?? null);
  if (!keys.includes('at') || rows.length === 0) {
    return failed(
      'table',
      say`begins with the row "${header.join(' ').slice(0, 60)}"; the first row must name the columns: field, material, at, type ..., or name, slot and address`,
    );
  }
  const problems = header.flatMap((title, index) =>
    keys[index] === null && title !== ''
      ? [mapProblem('the table', null, null, say`has the unknown column "${title}"; known are ${COLUMNS.join(', ')}`)]
      : [],
  );
  const entries = rows.map(({ row, cells }) => {
    const entry: Record<string, unknown> = {};
    keys.forEach((key, index) => {
      const cell = cells[index] ?? '';
      if (key !== null && cell !== '') entry[key] = cellValue(key, cell, delimiter !== ',');
    });
    return { row, area: cellText(entry['area'] ?? 'slot').toLowerCase(), entry: without(entry, 'area') };
  });
  for (const { row, area } of entries) {
    if (!['read', 'write', 'line', 'slot'].includes(area))
      problems.push(
        mapProblem('area', row, null, say`is "${area}"; it must be read, write, line, or slot or nothing for a field of a slot`),
      );
  }
  const of = (area: string): typeof entries => entries.filter((one) => one.area === area);
  const list = (area: string): Record<string, unknown>[] => of(area).map(({ entry }) => entry);
  const [read] = list('read');
  const [write] = list('write');
  const kept = looseMap(present) as unknown as Record<string, unknown>;
  const { addressing = read ? 'zero-based' : kept['addressing'], ...readArea } = read ?? {};
  const lineFields = list('line');
  const areas =
    read || write
      ? { read: readArea, ...(write && { write }) }
      : { read: kept['read'], ...(isObject(kept['write']) && { write: kept['write'] }) };
  const count = list('slot').length;
  const understood = [
    lineFields.length > 0
      ? say`${count} fields of a slot and ${lineFields.length} words of the whole line`
      : say`${count} fields of a slot`,
  ];
  if (!read && !write) understood.push(say`the table has no rows for the areas, so they stay as they are: ${shownAreas(areas)}`);
  return {
    kind: 'table',
    map: { version: 1, addressing, ...areas, ...(lineFields.length > 0 && { lineFields }), fields: list('slot') },
    understood,
    problems,
    source: { rowShown: (name, row) => of(name === 'fields' ? 'slot' : 'line')[row - 1]?.row ?? null },
  };
}

function shownAreas(areas: Record<string, unknown>): Text {
  const shown = Object.entries(areas).flatMap(([name, area]) =>
    isObject(area)
      ? [say`${name} ${cellText(area['function'])} from ${cellText(area['base'])}, ${cellText(area['stride'])} words from slot to slot`]
      : [],
  );
  return shown.length > 0 ? listed(shown, '; ') : say`there are none`;
}

function without(entry: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key));
}

const NO_ROWS: MapSource = { rowShown: () => null };

function failed(kind: PastedMap['kind'], what: Sentence): PastedMap {
  return { kind, map: null, understood: [], problems: [mapProblem('the pasted text', null, null, what)], source: NO_ROWS };
}
