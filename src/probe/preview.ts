import { SmartMoError } from '../errors';
import { type Decoded, decodeNumber, decodeText, WORD_ORDERS, type WordOrder } from '../plc/codec';
import { checkMap } from '../plc/map';
import { type CompiledLineField, compileField, compileLineField, compileMapping, type SlotField } from '../plc/mapping';
import { endOf, planRequests, type Span, spansOf } from '../plc/plan';
import type { Plc, PlcArea } from '../plc/plc';
import type { SlotReading } from '../plc/slot';
import { listed, say, type Text } from '../sentence';
import type { LineProbe } from './line';
import { runProbe } from './probe';
import { addressOf, quantityIn, shownValue } from './slot';

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
  reason: Text | null;
  /** The value in each other word order, as far as it is another one; of a text BADC has the characters of each word swapped. */
  orders: Partial<Record<WordOrder, Text>>;
}

export interface SlotPreview {
  ok: boolean;
  text: Text;
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
    if (!sound)
      throw new SmartMoError(
        'MAP_INVALID',
        listed(
          problems.map(({ text }) => text),
          '; ',
        ),
      );
    if (!(slot >= 1 && slot <= line.settings.slots)) {
      throw new SmartMoError('INPUT_INVALID', say`the line has slots 1 to ${line.settings.slots}, not ${slot}; choose another one`);
    }
    const plc = line.plc();
    if (!plc) throw new SmartMoError('CONFIG_MISSING', say`the line has no PLC; choose one, deploy, then look again`);

    const start = sound.read.base + (slot - 1) * sound.read.stride;
    const inSlot = sound.fields.map((field) => compileField(field, 0));
    const ofLine = (sound.lineFields ?? []).map(compileLineField);
    const area = sound.read.function;
    const read = ofLine.filter((field) => field.name !== 'our_heartbeat');
    const look = (
      kind: PlcArea,
      from: number,
      wanted: readonly (SlotField | CompiledLineField)[],
      limits = plc.planning,
    ): Promise<WordsRead> =>
      readWords(
        plc,
        kind,
        wanted.flatMap((field) => spansAt(field, from)),
        limits,
        signal,
      );
    // As a run reads it: a slot that is one request is read over all its gaps.
    const { mode, maxWords } = plc.planning;
    const slotWords = await look(area, start, inSlot, mode === 'slot' ? { ...plc.planning, maxGap: maxWords } : plc.planning);
    const lineWords = await look(area, 0, read);
    const written = await look(
      'holding',
      0,
      ofLine.filter((field) => !read.includes(field)),
    );

    const mapping = problems.length === 0 ? compileMapping({ map: sound, ...line.settings }) : null;
    const whole = mapping && slotWords.take(start, mapping.length, true);
    const reading = mapping && whole && mapping.decodeSlot(slot, whole, () => quantityIn(mapping, whole));
    fields = [
      ...inSlot.map((field) => previewOf('fields', field, area, start, slotWords, reading ?? null)),
      ...ofLine.map((field) =>
        read.includes(field)
          ? previewOf('lineFields', field, area, 0, lineWords, null)
          : previewOf('lineFields', field, 'holding', 0, written, null),
      ),
    ];
    const refused = [slotWords, lineWords, written].find(({ refusal }) => refusal !== null)?.refusal ?? null;
    const seen = say`slot ${slot} ${whatIsSeen(problems.length > 0, reading)}`;
    // Here fields are asked one by one when the PLC refuses; a run does not do that.
    return refused === null ? seen : say`${seen}; a run would end with PLC_EXCEPTION: ${refused}`;
  });
  return { ok, text, fields };
}

function whatIsSeen(hasMistakes: boolean, reading: SlotReading | null): Text {
  if (hasMistakes) return say`is shown as the PLC has it; the map has mistakes, so nothing is judged`;
  if (!reading) return say`is shown as the PLC has it; it refuses some of the words, so nothing is judged`;
  if (reading.empty) return say`is empty: its words are shown, none is judged`;
  return say`shows ${reading.mo_id || say`no name`}: ${reading.bad.length === 0 ? say`all good` : say`${reading.bad.length} bad`}`;
}

/** The words that were read, by address. */
interface WordsRead {
  /** @param gaps words of no field count as 0; else null where one is missing */
  take(from: number, count: number, gaps?: boolean): number[] | null;
  /** What the PLC said to the words of a field; null where it gave them. */
  refusalOf(at: number): Text | null;
  /** What it said to the first request that it refused, which may have had words of no field in it; null when it took all. */
  refusal: Text | null;
}

/** Requests that a preview may send beyond those of a run, to find out which words a PLC refuses. */
const MORE_REQUESTS = 40;

function spansAt(field: SlotField | CompiledLineField, start: number): Span[] {
  return spansOf({ id: null, ...field }).map(({ from, words }) => ({ from: start + from, words }));
}

async function readWords(
  plc: Plc,
  area: PlcArea,
  spans: readonly Span[],
  limits: Plc['planning'],
  signal: AbortSignal,
): Promise<WordsRead> {
  const words = new Map<number, number>();
  const refused = new Map<number, Text>();
  let refusal: Text | null = null;
  let more = MORE_REQUESTS;

  /** Halves what is refused until the fields are found that it is about. */
  async function read(wanted: readonly Span[]): Promise<void> {
    const from = Math.min(...wanted.map((span) => span.from));
    const count = Math.max(...wanted.map(endOf)) - from;
    try {
      (await plc.read(area, from, count, signal)).forEach((word, index) => words.set(from + index, word));
    } catch (error) {
      if (!(error instanceof SmartMoError && error.code === 'PLC_EXCEPTION' && error.class === 'permanent')) throw error;
      refusal ??= error.sentence;
      if (wanted.length > 1 && more >= 2) {
        more -= 2;
        const half = Math.ceil(wanted.length / 2);
        await read(wanted.slice(0, half));
        await read(wanted.slice(half));
      } else for (const span of wanted) for (let at = span.from; at < endOf(span); at += 1) refused.set(at, error.sentence);
    }
  }

  const sorted = spans.filter((span) => span.words > 0).sort((a, b) => a.from - b.from);
  for (const request of planRequests(sorted, limits)) {
    await read(sorted.filter((span) => span.from >= request.from && endOf(span) <= endOf(request)));
  }
  return {
    take(from, count, gaps = false) {
      const part = Array.from({ length: count }, (_, index) => words.get(from + index));
      if (gaps ? refused.size > 0 : part.includes(undefined)) return null;
      return part.map((word) => word ?? 0);
    },
    refusalOf: (at) => refused.get(at) ?? null,
    refusal,
  };
}

function previewOf(
  list: FieldPreview['list'],
  field: SlotField | CompiledLineField,
  area: PlcArea,
  start: number,
  from: WordsRead,
  reading: SlotReading | null,
): FieldPreview {
  const { name, at, coding } = field;
  const words = from.take(start + at, coding.words);
  const shown = { list, field: name, address: addressOf(area, start + at, coding), type: coding.type, words };
  if (!words) return { ...shown, value: '', quality: 'bad', reason: from.refusalOf(start + at), orders: {} };
  const complaint = reading?.bad.find((bad) => bad.field === name)?.text ?? null;
  const decoded: Decoded<number | string> = coding.type === 'ascii' ? decodeText(coding, words) : decodeNumber(coding, words);
  const reason = complaint ?? (decoded.ok ? null : decoded.reason);
  return {
    ...shown,
    value: decoded.ok ? shownValue(field, decoded.value) : '',
    quality: reason !== null ? 'bad' : reading && !reading.empty ? 'good' : 'unjudged',
    reason,
    orders: ordersOf(coding, words),
  };
}

function ordersOf(coding: SlotField['coding'], words: readonly number[]): FieldPreview['orders'] {
  const isText = coding.type === 'ascii';
  const inOrder = (order: WordOrder): Text => {
    const decoded = isText ? decodeText({ ...coding, byteSwap: order === 'BADC' }, words) : decodeNumber({ ...coding, order }, words);
    return decoded.ok ? (isText ? `"${decoded.value}"` : String(decoded.value)) : isText ? say`no text` : say`no number`;
  };
  const own = inOrder(!isText ? coding.order : coding.byteSwap ? 'BADC' : 'ABCD');
  // In one word, and in a text, only the bytes can stand the other way round.
  const others = coding.type === 'bit' ? [] : isText || coding.words === 1 ? (['ABCD', 'BADC'] as const) : WORD_ORDERS;
  return Object.fromEntries(others.map((order) => [order, inOrder(order)] as const).filter(([, value]) => String(value) !== String(own)));
}
