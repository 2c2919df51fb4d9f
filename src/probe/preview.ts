import { SmartMoError } from '../errors';
import { decodeNumber, decodeText, WORD_ORDERS, type WordOrder } from '../plc/codec';
import { checkMap } from '../plc/map';
import { type CompiledLineField, compileField, compileLineField, compileMapping, readField, type SlotField } from '../plc/mapping';
import { notations } from '../plc/notations';
import { planRequests, type Span } from '../plc/plan';
import type { Plc, PlcArea } from '../plc/plc';
import type { SlotReading } from '../plc/slot';
import type { LineProbe } from './line';
import { runProbe } from './probe';
import { quantityIn, shownValue } from './slot';

/** One field of the map as the PLC shows it now. */
export interface FieldPreview {
  list: 'fields' | 'lineFields';
  field: string;
  /** In all notations. */
  address: string;
  type: string;
  /** null: the PLC refused them. */
  words: number[] | null;
  value: string;
  /** unjudged: the slot is empty, or the map has mistakes and only the words can be trusted. */
  quality: 'good' | 'bad' | 'unjudged';
  /** Why it is bad. */
  reason: string | null;
  /** The value in each word order, for a text with its characters as they are and swapped; null for a bit. */
  orders: Partial<Record<WordOrder, string>> | null;
}

export interface SlotPreview {
  ok: boolean;
  text: string;
  fields: FieldPreview[];
}

/**
 * Reads one slot of the read area with the map of a dialog, also with a map that has mistakes: every entry that can be read is
 * shown, so that the mistake can be found. Words that the PLC refuses do not keep the others from being read.
 */
export async function previewSlot(line: Pick<LineProbe, 'settings' | 'map' | 'plc'>, slot: number): Promise<SlotPreview> {
  let fields: FieldPreview[] = [];
  const { ok, text } = await runProbe(async ({ signal }) => {
    const { problems, sound } = checkMap(line.map, line.settings);
    if (!sound) throw new SmartMoError('MAP_INVALID', problems.map((problem) => problem.text).join('; '));
    if (!(slot >= 1 && slot <= line.settings.slots)) {
      throw new SmartMoError('INPUT_INVALID', `the line has slots 1 to ${line.settings.slots}, not ${slot}; choose another one`);
    }
    const plc = line.plc();
    if (!plc) throw new SmartMoError('CONFIG_MISSING', 'the line has no PLC; choose one, deploy, then look again');

    const start = sound.read.base + (slot - 1) * sound.read.stride;
    const inSlot = sound.fields.map((field) => compileField(field, 0));
    const ofLine = (sound.lineFields ?? []).map(compileLineField);
    const area = sound.read.function;
    const slotWords = await readWords(
      plc,
      area,
      inSlot.flatMap((field) => spansAt(field, start)),
      signal,
    );
    const read = ofLine.filter((field) => field.name !== 'our_heartbeat');
    const lineWords = await readWords(
      plc,
      area,
      read.flatMap((field) => spansAt(field, 0)),
      signal,
    );
    const written = await readWords(
      plc,
      'holding',
      ofLine.filter((field) => !read.includes(field)).flatMap((field) => spansAt(field, 0)),
      signal,
    );

    const mapping = problems.length === 0 ? compileMapping({ map: sound, ...line.settings }) : null;
    const whole = mapping && slotWords.take(start, mapping.length, true);
    const reading = mapping && whole && mapping.decodeSlot(slot, whole, () => quantityIn(mapping, whole));
    fields = [
      ...inSlot.map((field) => previewOf('fields', field, field, area, start, slotWords, reading ?? null)),
      ...ofLine.map((field) => {
        const from = read.includes(field) ? lineWords : written;
        return previewOf('lineFields', field, null, read.includes(field) ? area : 'holding', 0, from, null);
      }),
    ];
    if (!reading)
      return `slot ${slot}: words as the PLC has them; ${problems.length > 0 ? 'the map has mistakes, so nothing is judged' : 'some were refused, so nothing is judged'}`;
    if (reading.empty) return `slot ${slot} is empty: its words are shown, none is judged`;
    return `slot ${slot} shows ${reading.mo_id || 'no name'}: ${reading.bad.length === 0 ? 'all good' : `${reading.bad.length} bad`}`;
  });
  return { ok, text, fields };
}

/** The words that were read, by address. */
interface WordsRead {
  /** @param gaps words of no field count as 0; else null where one is missing */
  take(from: number, count: number, gaps?: boolean): number[] | null;
  /** What the PLC said to the request that this address was in. */
  refusal(at: number): string | null;
}

function spansAt(field: Pick<SlotField, 'at' | 'coding'> & { id?: SlotField['id'] }, start: number): Span[] {
  const value = { from: start + field.at, words: field.coding.words };
  return field.id ? [value, { from: start + field.id.at, words: 1 }] : [value];
}

async function readWords(plc: Plc, area: PlcArea, spans: readonly Span[], signal: AbortSignal): Promise<WordsRead> {
  const words = new Map<number, number>();
  const refused = new Map<number, string>();
  for (const { from, words: count } of planRequests(
    spans.filter((span) => span.words > 0),
    plc.planning,
  )) {
    try {
      (await plc.read(area, from, count, signal)).forEach((word, index) => words.set(from + index, word));
    } catch (error) {
      if (!(error instanceof SmartMoError && error.code === 'PLC_EXCEPTION' && error.class === 'permanent')) throw error;
      for (let at = from; at < from + count; at += 1) refused.set(at, error.message);
    }
  }
  return {
    take(from, count, gaps = false) {
      const part = Array.from({ length: count }, (_, index) => words.get(from + index));
      if (gaps ? refused.size > 0 : part.includes(undefined)) return null;
      return part.map((word) => word ?? 0);
    },
    refusal: (at) => refused.get(at) ?? null,
  };
}

function previewOf(
  list: FieldPreview['list'],
  { name, at, coding }: SlotField | CompiledLineField,
  field: SlotField | null,
  area: PlcArea,
  start: number,
  from: WordsRead,
  reading: SlotReading | null,
): FieldPreview {
  const words = from.take(start + at, coding.words);
  const bit = coding.type === 'bit' ? ` bit ${coding.bit}` : '';
  const shown = { list, field: name, address: `${notations(area, start + at)}${bit}`, type: coding.type, words };
  if (!words) return { ...shown, value: '', quality: 'bad', reason: from.refusal(start + at), orders: null };
  const complaint = reading?.bad.find((bad) => bad.field === name)?.text ?? null;
  const decoded = field ? readField({ ...field, at: 0 }, words) : decodeNumber(coding, words);
  const reason = complaint ?? (decoded.ok ? null : decoded.reason);
  return {
    ...shown,
    value: decoded.ok ? (field ? shownValue(field, decoded.value) : String(decoded.value)) : '',
    quality: reason !== null ? 'bad' : reading && !reading.empty ? 'good' : 'unjudged',
    reason,
    orders: ordersOf(coding, words),
  };
}

function ordersOf(coding: SlotField['coding'], words: readonly number[]): FieldPreview['orders'] {
  if (coding.type === 'bit') return null;
  if (coding.type === 'ascii') {
    const text = (byteSwap: boolean): string => {
      const decoded = decodeText({ ...coding, byteSwap }, words);
      return decoded.ok ? `"${decoded.value}"` : 'not a text';
    };
    return { ABCD: text(false), BADC: text(true) };
  }
  return Object.fromEntries(
    WORD_ORDERS.map((order) => {
      const decoded = decodeNumber({ ...coding, order }, words);
      return [order, decoded.ok ? String(decoded.value) : 'no number'];
    }),
  );
}
