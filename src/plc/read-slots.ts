import { SmartMoError, throwIfClosed } from '../errors';
import { decodeNumber } from './codec';
import type { OrderQuantity } from './decode-slot';
import type { Mapping } from './mapping';
import { planRequests, planSlot, spansOf } from './plan';
import type { Span } from './plan';
import type { Plc, PlcArea } from './plc';
import type { SlotReading } from './slot';

export interface ReadOptions {
  /** Default: all slots of the line. */
  slots?: readonly number[];
  /** Quantity of a queued MO, in `mapping.quantityUnit`. */
  orderQuantity: OrderQuantity;
  signal?: AbortSignal;
  /** Called before each slot (mode "slot"), for the status of the node. */
  onSlot?: (slot: number) => void;
}

export interface SlotsRead {
  readings: SlotReading[];
  /** Requests that were sent. */
  requests: number;
  line: LineValues;
}

/** Values of the whole line; null where the map has none. */
export interface LineValues {
  heartbeat: number | null;
  heartbeatSeconds: number | null;
  /** Name of the code, or "unknown code 7". */
  mode: string | null;
}

/** A slot that does not fit into one request is read again that often when its status changed between the parts. */
const MAX_TRIES = 3;

/**
 * Reads the line and its slots. Any failure of the link ends the run; what is wrong with the values of a slot is in its reading.
 * @throws SmartMoError PLC_UNREACHABLE, PLC_TIMEOUT, PLC_ANSWER, PLC_EXCEPTION; MAP_VERSION when the PLC has another map
 */
export async function readSlots(plc: Plc, mapping: Mapping, options: ReadOptions): Promise<SlotsRead> {
  const { signal, orderQuantity, onSlot } = options;
  const slots = options.slots ?? Array.from({ length: mapping.slots }, (_, index) => index + 1);
  const counter = countRequests(plc);
  const line = await readLine(counter.plc, mapping, signal);
  const readings: SlotReading[] = [];
  if (plc.planning.mode === 'fewest') {
    const starts = slots.map((slot) => mapping.slotAddress('read', slot));
    const blocks = starts.flatMap((start) =>
      mapping.fields.flatMap(spansOf).map((span) => ({ from: start + span.from, words: span.words })),
    );
    const words = await readSpans(counter.plc, mapping.read.function, planRequests(blocks, plc.planning), signal);
    slots.forEach((slot, index) => {
      const start = starts[index] ?? 0;
      const part = Array.from({ length: mapping.length }, (_, at) => words.get(start + at) ?? 0);
      readings.push(mapping.decodeSlot(slot, part, orderQuantity));
    });
  } else {
    for (const slot of slots) {
      onSlot?.(slot);
      const { words, torn } = await readSlotWords(counter.plc, mapping, 'read', slot, signal);
      const reading = mapping.decodeSlot(slot, words, orderQuantity);
      if (torn !== null) reading.bad.push(tornValue(slot, torn));
      readings.push(reading);
    }
  }
  return { readings, requests: counter.requests(), line };
}

/**
 * The words of one slot, `mapping.length` of them. `torn` is the address of the status words when they kept changing between
 * the parts of a slot that is too long for one request, else null.
 */
export async function readSlotWords(
  plc: Plc,
  mapping: Mapping,
  area: 'read' | 'write',
  slot: number,
  signal?: AbortSignal,
): Promise<{ words: number[]; torn: number | null }> {
  const start = mapping.slotAddress(area, slot);
  const kind = area === 'read' ? mapping.read.function : 'holding';
  const { guard, parts } = planSlot(mapping.fields, mapping.length, plc.planning.maxWords);
  const [only] = parts;
  if (!guard && only && parts.length === 1) {
    if (signal) throwIfClosed(signal);
    return { words: await plc.read(kind, start + only.from, only.words, signal), torn: null };
  }
  const move = (span: Span): Span => ({ from: start + span.from, words: span.words });
  for (let tries = 1; ; tries += 1) {
    const before = guard && (await plc.read(kind, start + guard.from, guard.words, signal));
    const found = await readSpans(plc, kind, parts.map(move), signal);
    const words = Array.from({ length: mapping.length }, (_, at) => found.get(start + at) ?? 0);
    const isWhole = !guard || !before || before.every((word, index) => word === words[guard.from + index]);
    if (isWhole) return { words, torn: null };
    if (tries === MAX_TRIES) return { words, torn: start + guard.from };
  }
}

async function readLine(plc: Plc, mapping: Mapping, signal?: AbortSignal): Promise<LineValues> {
  const fields = mapping.lineFields.filter((field) => field.name !== 'our_heartbeat');
  const requests = planRequests(
    fields.map((field) => ({ from: field.at, words: field.coding.words })),
    plc.planning,
  );
  const words = await readSpans(plc, mapping.read.function, requests, signal);
  const line: LineValues = { heartbeat: null, heartbeatSeconds: null, mode: null };
  for (const field of fields) {
    const raw = Array.from({ length: field.coding.words }, (_, index) => words.get(field.at + index) ?? 0);
    const decoded = decodeNumber(field.coding, raw);
    const value = decoded.ok ? decoded.value : null;
    if (field.name === 'map_version' && value !== field.expect) {
      throw new SmartMoError(
        'MAP_VERSION',
        `the PLC shows version ${value ?? raw.join(', ')} of its register map at ${field.at}, this line was set up for ${field.expect}. Compare the map with the PLC program, then set "expect" of map_version.`,
        { value },
      );
    }
    if (field.name === 'heartbeat') Object.assign(line, { heartbeat: value, heartbeatSeconds: field.heartbeatSeconds });
    if (field.name === 'mode')
      line.mode = field.values?.[String(value)] ?? (field.values ? `unknown code ${value ?? raw.join(', ')}` : String(value));
  }
  return line;
}

async function readSpans(plc: Plc, area: PlcArea, spans: readonly Span[], signal?: AbortSignal): Promise<Map<number, number>> {
  const words = new Map<number, number>();
  for (const span of spans) {
    if (signal) throwIfClosed(signal);
    const part = await plc.read(area, span.from, span.words, signal);
    part.forEach((word, index) => words.set(span.from + index, word));
  }
  return words;
}

function countRequests(plc: Plc): { plc: Plc; requests: () => number } {
  let sent = 0;
  const read: Plc['read'] = (...request) => {
    sent += 1;
    return plc.read(...request);
  };
  return { plc: { ...plc, read }, requests: () => sent };
}

function tornValue(slot: number, address: number): SlotReading['bad'][number] {
  const text = `slot ${slot}: the status at ${address} changed while the slot was read in parts, ${MAX_TRIES} times; the next run reads it again`;
  return { code: 'bad-value', field: 'status_manufacturing', address, text, value: 'changing' };
}
