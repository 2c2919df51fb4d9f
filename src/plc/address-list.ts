import { say, Sentence, type Text } from '../sentence';
import { writtenAddress } from './map';
import { cellValue } from './map-cells';
import { type MapProblem, mapProblem } from './map-problem';
import type { PastedMap } from './map-text';
import { notations } from './notations';
import type { PlcArea } from './plc';
import { type Addressing, SLOT_FIELDS } from './register-map';
import { type Complain, fieldsOf, type Layout, mostFrequent, type Named, type Place, positions, specsOf, strideOf } from './slot-template';
import { columnKey, type Table } from './table';

const ADDRESS: readonly string[] = ['address', 'addr', 'adr', 'register', 'modbus', 'modbusaddress', 'plcaddress'];
const NAME: readonly string[] = ['field', 'material', 'name', 'tag', 'variable', 'symbol', 'signal'];
const SLOT: readonly string[] = ['slot', 'batch', 'slotno', 'batchslot'];
const AREA: readonly string[] = ['area', 'direction'];
const SPEC: readonly string[] = ['type', 'words', 'order', 'scale', 'unit', 'byteswap', 'values', 'id'];
/** A column of addresses of one slot: "slot 2". */
const SLOT_COLUMN = /^(?:slot|batch)(\d+)$/;
/** A name that carries its slot: "Slot 2 silo_a", "BATCH[2].silo_a". */
const SLOT_IN_NAME = /^(?:slot|batch|s|b)?[\s_#[(]*(\d+)[\s\])]*[\s._:/-]+(.+)$/i;

/** Whether the first row of a table is that of an address list and not that of a map (which has a column "at"). */
export function isAddressList(header: readonly string[]): boolean {
  const columns = header.map(columnKey);
  return !columns.includes('at') && columns.some((column) => ADDRESS.includes(column) || SLOT_COLUMN.test(column));
}

/**
 * Works a slot template out of the absolute addresses of two or more slots. The distance that most fields agree on is the
 * stride; whoever disagrees is named with the address that would fit.
 */
export function readAddressList(table: Table): Omit<PastedMap, 'kind'> {
  const problems: MapProblem[] = [];
  const understood: Text[] = [];
  const complain: Complain = (...problem) => void problems.push(mapProblem(...problem));
  const { rows, places, addressing, readFunction } = placesIn(table, complain, understood);
  const read = places.filter(({ area }) => area === 'read');
  const write = places.filter(({ area }) => area === 'write');
  if (read.length === 0 && problems.length === 0)
    complain('the list', null, null, say`has no address of the read area; add the rows that the PLC writes`);
  if (rows.length === 0) return { map: null, understood, problems, source: { rowShown: () => null } };
  const layout: Layout = new Map();
  const stride = read.length > 0 ? strideOf(read, 'read', complain) : null;
  let base: number | null = null;
  let writeArea: Record<string, unknown> | null = null;
  // One slot tells where its fields lie in it, though not where the next slot begins.
  if (stride !== null || isOneSlot(read)) {
    const inRead = positions(read, stride ?? 0, complain);
    const start = Math.min(...[...inRead.values()].map(({ at }) => at));
    for (const [name, { at, first }] of inRead) layout.set(name, { at: at - start, first });
    if (stride !== null) {
      base = writtenAddress(start, addressing, readFunction);
      understood.push(areaText('read', readFunction, start, stride, read));
      writeArea = write.length === 0 ? null : writeAreaOf(write, layout, addressing, complain, understood);
      if (write.length === 0)
        understood.push(
          say`there is no write area in the list, so no recipe can be written; add one below if the PLC takes its recipes from here`,
        );
    }
  }
  // What has no place stays in the map, so that the rest of its row is checked; where it should be is told already.
  const misplaced = new Set(['read', ...rows.map(({ name }) => name).filter((name) => !layout.has(name))]);
  for (const [name, { row, spec }] of specsOf(rows, complain)) {
    const { at = null, first = { row, bit: null } } = layout.get(name) ?? {};
    layout.set(name, { at, first: { ...first, spec } });
  }
  const fields = fieldsOf(layout);
  const map = {
    version: 1,
    addressing,
    read: { function: readFunction, ...(base !== null && { base, stride }) },
    ...(writeArea && { write: writeArea }),
    fields: fields.map(({ field }) => field),
  };
  return { map, understood, problems, source: { rowShown: (_, row) => fields[row - 1]?.row ?? null, misplaced } };
}

function isOneSlot(places: readonly Place[]): boolean {
  return new Set(places.map(({ slot }) => slot)).size === 1;
}

/** The write area, and the fields that only it has put into the layout. */
function writeAreaOf(
  places: readonly Place[],
  layout: Layout,
  addressing: Addressing,
  complain: Complain,
  understood: Text[],
): Record<string, unknown> | null {
  const stride = strideOf(places, 'write', complain);
  if (stride === null) return null;
  const inWrite = positions(places, stride, complain);
  const shared = [...inWrite].flatMap(([name, { at }]) => (layout.has(name) ? [at - (layout.get(name)?.at ?? 0)] : []));
  const base = mostFrequent(shared) ?? Math.min(...[...inWrite.values()].map(({ at }) => at));
  for (const [name, { at, first }] of inWrite) {
    const inSlot = layout.get(name)?.at;
    if (inSlot === undefined) layout.set(name, { at: at - base, first });
    else if (inSlot !== null && at - base !== inSlot) {
      complain(
        name,
        first.row,
        first.address,
        say`is word ${at - base} of a slot in the write area and word ${inSlot} in the read area; both areas need the same layout`,
      );
    }
  }
  understood.push(areaText('write', 'holding', base, stride, places));
  return { function: 'holding', base: writtenAddress(base, addressing, 'holding'), stride };
}

function areaText(name: string, kind: PlcArea, base: number, stride: number, places: readonly Place[]): Sentence {
  const slots = [...new Set(places.map(({ slot }) => slot))].sort((a, b) => a - b);
  return say`${name === 'read' ? say`read area` : say`write area`}: slot 1 begins at ${notations(kind, base)}, ${stride} words from slot to slot (${places.length} addresses, slots ${slots.join(', ')})`;
}

/** Every address of the list with its field and slot. */
function placesIn(
  { header, rows, delimiter }: Table,
  complain: Complain,
  understood: Text[],
): { rows: Named[]; places: Place[]; addressing: Addressing; readFunction: PlcArea } {
  const columns = header.map(columnKey);
  const column = (names: readonly string[]): number => columns.findIndex((key) => names.includes(key));
  const [nameAt, slotAt, areaAt, addressAt] = [NAME, SLOT, AREA, ADDRESS].map(column) as [number, number, number, number];
  const slotColumns = columns.flatMap((key, index) => (SLOT_COLUMN.test(key) ? [{ index, slot: Number(SLOT_COLUMN.exec(key)?.[1]) }] : []));
  const used = new Set([
    nameAt,
    slotAt,
    areaAt,
    addressAt,
    ...slotColumns.map(({ index }) => index),
    ...columns.flatMap((key, index) => (SPEC.includes(key) ? [index] : [])),
  ]);
  const unused = header.filter((title, index) => !used.has(index) && title !== '');
  if (unused.length > 0) understood.push(say`not used: column ${unused.join(', ')}`);
  if (nameAt < 0) {
    complain('the list', 1, null, say`has no column that names the field; call it "field" (found: ${header.join(', ')})`);
    return { rows: [], places: [], addressing: 'zero-based', readFunction: 'holding' };
  }

  const found = rows.flatMap(({ row, cells }) => {
    const cell = (index: number): string => cells[index] ?? '';
    const carried = slotAt < 0 && slotColumns.length === 0 ? SLOT_IN_NAME.exec(cell(nameAt)) : null;
    const name = fieldName(carried?.[2] ?? cell(nameAt));
    const area: Place['area'] = /^w/i.test(cell(areaAt)) ? 'write' : 'read';
    const spec: Record<string, unknown> = {};
    columns.forEach((key, index) => {
      const known = key === 'byteswap' ? 'byteSwap' : key;
      if (SPEC.includes(key) && cell(index) !== '') spec[known] = cellValue(known, cell(index), delimiter !== ',');
    });
    const entry = (slotText: string, text: string): Named & { area: Place['area']; slotText: string; text: string } => ({
      row,
      name,
      area,
      spec,
      slotText,
      text: text.replaceAll(' ', ''),
    });
    if (slotColumns.length > 0) {
      const filled = slotColumns.filter(({ index }) => cell(index) !== '');
      return (filled.length > 0 ? filled : slotColumns.slice(0, 1)).map(({ index, slot }) => entry(String(slot), cell(index)));
    }
    return [entry(carried?.[1] ?? cell(slotAt), cell(addressAt))];
  });

  const all = found.map(({ text }) => text);
  const textsOf = (wanted: Place['area']): string[] => found.flatMap(({ area, text }) => (area === wanted ? [text] : []));
  const numberings = { read: numberingOf(textsOf('read'), all), write: numberingOf(textsOf('write'), all) };
  const { read, write } = numberings;
  const [ofRead, ofWrite] = [textsOf('read')[0], textsOf('write')[0]];
  for (const area of ['read', 'write'] as const) if (numberings[area].mix) complain(area, null, null, numberings[area].mix);
  if (ofRead !== undefined) understood.push(read.text);
  if (ofWrite !== undefined && write.sign !== read.sign) understood.push(write.text);
  if (ofWrite !== undefined && write.sign === '3')
    complain('write', null, null, say`has input registers (${ofWrite}), which cannot be written; give the holding registers (4xxxx)`);
  if (ofRead !== undefined && ofWrite !== undefined && (read.sign === null) !== (write.sign === null))
    complain(
      'write',
      null,
      null,
      say`is counted in another way (${ofWrite}) than the read area (${ofRead}); write all as 46029, or all as D6028`,
    );
  const places = found.flatMap(({ slotText, text, ...rest }): Place[] => {
    const { name, row } = rest;
    const slot = Number(/\d+/.exec(slotText)?.[0]);
    if (name === '') complain('the list', row, null, say`has no name in this row; name the field, or take the row out`);
    else if (!(slot >= 1)) complain(name, row, null, say`has no slot ("${slotText}"); fill in its number, from 1`);
    else {
      const place = numberings[rest.area].read(text);
      if (!(place instanceof Sentence)) return [{ ...rest, ...place, slot, text }];
      complain(name, row, null, say`in slot ${slot} has the address "${text}"; ${place}`);
    }
    return [];
  });
  return {
    rows: found.filter(({ name }) => name !== ''),
    places,
    addressing: read.sign === null ? 'zero-based' : '4xxxxx',
    readFunction: read.sign === '3' ? 'input' : 'holding',
  };
}

interface Numbering {
  /** First digit of Modicon numbers: "3" input registers, "4" holding registers; null where the number is the word. */
  sign: '3' | '4' | null;
  /** How the addresses were taken, for a person. */
  text: Sentence;
  /** What is wrong where 3xxxx and 4xxxx stand side by side. */
  mix: Sentence | null;
  read(text: string): { address: number; bit: number | null } | Sentence;
}

const SHAPE = /^(%?[A-Z]*)(\d+)(?:\.([0-9A-F]{1,2}))?$/i;

/**
 * One way of counting for an area: Modicon only where every address can be one, else the number as it stands.
 * @param all the addresses of both areas, which share one way of writing (the letters in front)
 */
function numberingOf(texts: readonly string[], all: readonly string[]): Numbering {
  const parts = texts.map((text) => SHAPE.exec(text));
  const digits = parts.flatMap((part) => (part?.[1] === '' ? [part[2] ?? ''] : []));
  const modicon = (signs: string): boolean =>
    digits.length > 0 && digits.every((text) => new RegExp(`^[${signs}](\\d{4}|\\d{5})$`).test(text) && !/^.0+$/.test(text));
  const sign = modicon('4') ? '4' : modicon('3') ? '3' : null;
  const sample = all.find((text) => SHAPE.test(text));
  const first = SHAPE.exec(sample ?? '')?.[1]?.toUpperCase() ?? '';
  const expected = say`write one address in the way of the others, such as ${sample ?? 'D6028, 46029, 406029 or %MW6028'}`;
  const numberOf = (digit: string): string | undefined => digits.find((text) => text.startsWith(digit));
  return {
    sign,
    text:
      sign !== null
        ? say`${digits[0] ?? ''} is taken for ${sign === '4' ? 'holding' : 'input'} register ${Number(digits[0]?.slice(1)) - 1}, counted from 0`
        : say`${first}${parts.find((part) => part)?.[2] ?? ''} is taken for the word of that number, counted from 0`,
    mix:
      sign === null && modicon('34')
        ? say`has input registers (${numberOf('3') ?? ''}) beside holding registers (${numberOf('4') ?? ''}); an area is of one kind: take one of them out, or write D${numberOf('3') ?? ''} if these are plain words`
        : null,
    read(text) {
      const part = SHAPE.exec(text);
      if (!part || part[1]?.toUpperCase() !== first) return expected;
      const number = Number(part[2]);
      const address = sign === null ? number : Number(part[2]?.slice(1)) - 1;
      if (address > 65_535) return say`it is past the last address 65535; correct it`;
      const bit = part[3] === undefined ? null : parseBit(part[3]);
      return bit !== null && bit > 15 ? say`a word has the bits 0 to 15; correct it` : { address, bit };
    },
  };
}

/** "12" and "C" are the same bit. */
function parseBit(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : parseInt(text, 16);
}

/** The names of the map where they are meant; everything else is a material. */
function fieldName(text: string): string {
  const name = text.trim().replace(/[\s-]+/g, '_');
  return SLOT_FIELDS.find((field) => field === name.toLowerCase()) ?? name;
}
