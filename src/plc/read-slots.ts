import { setImmediate as nextTurn } from 'node:timers/promises';
import { SmartMoError, throwIfClosed } from '../errors';
import { type Decoded, decodeNumber } from './codec';
import type { OrderQuantity } from './decode-slot';
import type { CompiledLineField, Mapping } from './mapping';
import { endOf, planRequests, planSlot, spansOf } from './plan';
import type { SlotPlan, Span } from './plan';
import type { Plc, PlcArea } from './plc';
import type { LineFieldName } from './register-map';
import type { SlotReading } from './slot';

export interface ReadOptions {
  /** Default: all slots of the line. */
  slots?: readonly number[];
  /** Quantity of a queued MO, in `mapping.quantityUnit`. */
  orderQuantity: OrderQuantity;
  signal?: AbortSignal;
  /** Called before a slot that is read by itself, for the status of the node. */
  onSlot?: (slot: number) => void;
  /** Mode "fewest": what each slot showed at the read before; this read puts its own there. Default: nothing is known of them. */
  before?: Map<number, SlotReading>;
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
 * @throws SmartMoError PLC_UNREACHABLE, PLC_TIMEOUT, PLC_ANSWER, PLC_EXCEPTION; MAP_VERSION when the PLC has another map;
 * PLC_STOPPED when its heartbeat is no number
 */
export async function readSlots(plc: Plc, mapping: Mapping, options: ReadOptions): Promise<SlotsRead> {
  const { signal, orderQuantity, onSlot, before = new Map<number, SlotReading>() } = options;
  const slots = options.slots ?? Array.from({ length: mapping.slots }, (_, index) => index + 1);
  const counter = countRequests(plc);
  const line = await readLine(counter.plc, mapping, signal);
  const readings: SlotReading[] = [];
  const plan = planOf(plc, mapping, 'read');
  const ask = (slot: number): Promise<SlotWords> => {
    onSlot?.(slot);
    return readSlotWords(counter.plc, mapping, 'read', slot, signal, plan);
  };
  const judge = (slot: number, { words, torn }: SlotWords): SlotReading => {
    const reading = mapping.decodeSlot(slot, words, orderQuantity);
    if (torn !== null) reading.bad.push(tornValue(slot, torn));
    return reading;
  };
  if (plc.planning.mode === 'fewest') {
    for (const { reading, isWhole } of await readTogether(counter.plc, mapping, slots, orderQuantity, signal)) {
      const { slot } = reading;
      const isSure = isWhole || !countsAtOnce(before.get(slot), reading);
      readings.push(isSure ? reading : judge(slot, await ask(slot)));
    }
    for (const reading of readings) before.set(reading.slot, reading);
  } else await oneAhead(slots, ask, (slot, words) => readings.push(judge(slot, words)));
  return { readings, requests: counter.requests(), line };
}

/** All slots in the fewest requests; `isWhole`: one request brought all words of the slot, so they are of one moment. */
async function readTogether(
  plc: Plc,
  mapping: Mapping,
  slots: readonly number[],
  orderQuantity: OrderQuantity,
  signal: AbortSignal | undefined,
): Promise<{ reading: SlotReading; isWhole: boolean }[]> {
  const spans = mapping.fields.flatMap(spansOf);
  const starts = slots.map((slot) => ({ slot, start: mapping.slotAddress('read', slot) }));
  const blocks = starts.flatMap(({ start }) => spans.map(({ from, words }) => ({ from: start + from, words })));
  const requests = planRequests(blocks, plc.planning);
  const found = await readSpans(plc, mapping.read.function, requests, signal);
  const first = Math.min(...spans.map(({ from }) => from));
  return starts.map(({ slot, start }) => ({
    reading: mapping.decodeSlot(
      slot,
      Array.from({ length: mapping.length }, (_, at) => found.get(start + at) ?? 0),
      orderQuantity,
    ),
    isWhole: requests.some((request) => request.from <= start + first && endOf(request) >= start + mapping.length),
  }));
}

/**
 * Whether a slot that was read in two requests says what counts at once: that a batch failed, or that a value is bad. It may be the
 * end of one batch beside the beginning of the next, and is looked at again. What a batch weighed is overwritten by the next read,
 * and a finish counts when two reads agree, so these cost no request more.
 */
function countsAtOnce(before: SlotReading | undefined, now: SlotReading): boolean {
  const was = before?.mo_id === now.mo_id ? before : undefined;
  return (now.failed && was?.failed !== true) || (now.bad.length > 0 && (was?.bad ?? []).length === 0);
}

/** What a slot has to say is looked at while the PLC works on the request for the next one. */
async function oneAhead(
  slots: readonly number[],
  ask: (slot: number) => Promise<SlotWords>,
  look: (slot: number, words: SlotWords) => void,
): Promise<void> {
  const [first] = slots;
  let asked = first === undefined ? null : ask(first);
  for (const [index, slot] of slots.entries()) {
    const words = await asked;
    const next = slots[index + 1];
    asked = next === undefined ? null : ask(next);
    // Whoever cannot be looked at ends the run before anybody waits for this answer.
    asked?.catch(() => undefined);
    // Only now the request goes out.
    if (asked) await nextTurn();
    if (words) look(slot, words);
  }
}

/** The words of a slot and what changed while they were read. */
interface SlotWords {
  words: number[];
  torn: number | null;
}

/**
 * The words of one slot, `mapping.length` of them, 0 where the map uses none. `torn` is the address of a status word that kept
 * changing between the parts of a slot that is too long for one request, else null. `plan`: for whoever reads slot after slot.
 */
export async function readSlotWords(
  plc: Plc,
  mapping: Mapping,
  area: 'read' | 'write',
  slot: number,
  signal?: AbortSignal,
  plan: SlotPlan = planOf(plc, mapping, area),
): Promise<SlotWords> {
  const start = mapping.slotAddress(area, slot);
  const kind = area === 'read' ? mapping.read.function : 'holding';
  const read = async (spans: readonly Span[]): Promise<number[]> => {
    const words = Array<number>(mapping.length).fill(0);
    for (const { from, words: count } of spans) {
      if (signal) throwIfClosed(signal);
      const part = await plc.read(kind, start + from, count, signal);
      if (count === mapping.length) return part;
      part.forEach((word, index) => (words[from + index] = word));
    }
    return words;
  };
  for (let tries = 1; ; tries += 1) {
    const before = plan.before.length > 0 ? await read(plan.before) : null;
    const words = await read(plan.parts);
    const after = plan.after.length > 0 ? await read(plan.after) : words;
    const changed = before && plan.status.flatMap(addresses).find((at) => before[at] !== words[at] || before[at] !== after[at]);
    if (changed == null || tries === MAX_TRIES) return { words, torn: changed == null ? null : start + changed };
  }
}

/** A slot of the write area is written over its gaps, so it can be read over them too. */
function planOf({ planning }: Plc, mapping: Mapping, area: 'read' | 'write'): SlotPlan {
  const { mode, maxWords, maxGap } = planning;
  return planSlot(mapping.fields, maxWords, area === 'read' && mode === 'fewest' ? maxGap : undefined);
}

function addresses({ from, words }: Span): number[] {
  return Array.from({ length: words }, (_, index) => from + index);
}

/** A word of the whole line as the PLC shows it. */
export interface LineWord {
  field: CompiledLineField;
  raw: number[];
  decoded: Decoded<number>;
}

/** The words of the whole line that the PLC writes, in the order of the map; our_heartbeat is not among them. */
export async function readLineWords(plc: Plc, mapping: Mapping, signal?: AbortSignal): Promise<LineWord[]> {
  const fields = mapping.lineFields.filter((field) => field.name !== 'our_heartbeat');
  const requests = planRequests(
    fields.map((field) => ({ from: field.at, words: field.coding.words })),
    plc.planning,
  );
  const words = await readSpans(plc, mapping.read.function, requests, signal);
  return fields.map((field) => {
    const raw = Array.from({ length: field.coding.words }, (_, index) => words.get(field.at + index) ?? 0);
    return { field, raw, decoded: decodeNumber(field.coding, raw) };
  });
}

async function readLine(plc: Plc, mapping: Mapping, signal?: AbortSignal): Promise<LineValues> {
  const words = await readLineWords(plc, mapping, signal);
  const word = (name: LineFieldName): LineWord | undefined => words.find(({ field }) => field.name === name);
  const [version, beat, mode] = [word('map_version'), word('heartbeat'), word('mode')];
  // First: with another map the other words mean something else.
  if (version && !(version.decoded.ok && version.decoded.value === version.field.expect)) {
    const { field } = version;
    throw new SmartMoError(
      'MAP_VERSION',
      `the PLC shows version ${shown(version)} of its register map at ${field.at}, this line was set up for ${field.expect}. Compare the map with the PLC program, then set "expect" of map_version.`,
      { value: shown(version) },
    );
  }
  if (beat && !beat.decoded.ok) {
    throw new SmartMoError(
      'PLC_STOPPED',
      `the heartbeat at ${beat.field.at} cannot be read: ${beat.decoded.reason}. Nobody knows whether the program of the PLC runs, so nothing is stored; compare the type of heartbeat in the register map with the PLC program`,
      { class: 'transient', value: shown(beat) },
    );
  }
  return {
    heartbeat: beat?.decoded.ok ? beat.decoded.value : null,
    heartbeatSeconds: beat?.field.heartbeatSeconds ?? null,
    mode: mode ? (mode.field.values?.[shown(mode)] ?? (mode.field.values ? `unknown code ${shown(mode)}` : shown(mode))) : null,
  };
}

function shown({ raw, decoded }: LineWord): string {
  return decoded.ok ? String(decoded.value) : raw.join(', ');
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
