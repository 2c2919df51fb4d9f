import { decodeNumber, encodeNumber } from '../../plc/codec';
import type { CompiledLineField, Mapping, SlotField } from '../../plc/mapping';
import type { PlcArea } from '../../plc/plc';
import type { LineFieldName, MapArea, SlotFieldName } from '../../plc/register-map';
import { createRegisters, type RegisterRange, type Registers } from './registers';

/** The registers of the PLC as its own program sees them: slots and tags instead of addresses. Quantities in map units. */
export interface Panel {
  readonly registers: Registers;
  readonly slots: number;
  /** The recipe that lies in the write area of a slot, not taken yet (flag 0); null when there is none or it is unreadable. */
  waitingRecipe(slot: number): { mo_id: string; planned: Record<string, number> } | null;
  /** The recipe shows in the read area with actuals, statuses and flag at 0, and the write slot is free again. */
  takeRecipe(slot: number): void;
  /** Null when the map has no status_read_data. */
  acknowledged(slot: number): boolean | null;
  /** The value that the words of this tag can show; null when it does not fit. */
  onScale(tag: string, value: number): number | null;
  showActuals(slot: number, actuals: Record<string, number>): void;
  showWeight(slot: number, weight: number): void;
  showState(slot: number, state: SlotState): void;
  /** What the read area shows. */
  shown(slot: number): { mo_id: string; materials: Record<string, number>; actual_weight: number };
  /** Sets what a started program shows: the version of its map. */
  start(): void;
  /** Counts the heartbeat up, where the map has one. */
  beat(): void;
}

export type SlotState = 'loaded' | 'running' | 'finished' | 'failed';

type Area = MapArea & { function: PlcArea };
type Place = Pick<SlotField, 'at' | 'coding'>;

/** For maps with one status word: the codes to use, best first; the map need not have them all. */
const STATUS_CHOICES: Record<SlotState, readonly string[]> = {
  loaded: ['loaded', 'idle'],
  running: ['running', 'loaded', 'idle'],
  finished: ['finished'],
  failed: ['failed'],
};

/** Registers at zero, laid out by the map of a line. */
export function createPanel(mapping: Mapping): Panel {
  const registers = createRegisters(rangesOf(mapping));
  const { length, slots, read: readArea } = mapping;
  const writeArea: Area | null = mapping.write && { function: 'holding', ...mapping.write };
  const materials = mapping.fields.filter((field) => field.isMaterial);
  const flag = mapping.field('status_read_data');
  const weight = mapping.field('actual_weight');

  const addressOf = (area: Area, slot: number, at: number): number => area.base + (slot - 1) * area.stride + at;
  const wordsOf = (area: Area, slot: number): number[] => registers.read(area.function, addressOf(area, slot, 0), length);
  const putWords = (area: Area, slot: number, at: number, words: readonly number[]): void =>
    registers.write(area.function, addressOf(area, slot, at), words);

  function put(area: Area, slot: number, { at, coding }: Place, value: number): void {
    const encoded = encodeNumber(coding, value);
    if (!encoded.ok) return;
    const [neighbours = 0] = registers.read(area.function, addressOf(area, slot, at), 1);
    const words = coding.type === 'bit' ? [(neighbours & ~(1 << coding.bit)) | (encoded.words[0] ?? 0)] : encoded.words;
    putWords(area, slot, at, words);
  }

  function show(slot: number, name: SlotFieldName, value: number): void {
    const field = mapping.field(name);
    if (field) put(readArea, slot, field, value);
  }

  function showState(slot: number, state: SlotState): void {
    if (state === 'finished') show(slot, 'status_manufacturing', 1);
    else show(slot, 'status_operation', state === 'failed' ? 1 : 0);
    const codes = Object.entries(mapping.field('status')?.values ?? {});
    const [code] = STATUS_CHOICES[state].flatMap((name) => codes.filter(([, codeName]) => codeName === name));
    if (code) show(slot, 'status', Number(code[0]));
  }

  function showLine(name: LineFieldName, next: (field: CompiledLineField, before: number) => number): void {
    const field = mapping.lineFields.find((lineField) => lineField.name === name);
    if (!field) return;
    const line = { function: readArea.function, base: 0, stride: 0 };
    put(line, 1, field, next(field, numberIn(registers.read(line.function, field.at, field.coding.words), { ...field, at: 0 }) ?? 0));
  }

  return {
    registers,
    slots,

    waitingRecipe(slot) {
      if (!writeArea) return null;
      const words = wordsOf(writeArea, slot);
      const mo_id = mapping.nameIn(words);
      const planned: Record<string, number> = {};
      if (!mo_id || (flag && numberIn(words, flag) !== 0)) return null;
      for (const material of materials) {
        const value = numberIn(words, material);
        if (value === null) return null;
        planned[material.name] = value;
      }
      return { mo_id, planned };
    },

    takeRecipe(slot) {
      if (!writeArea) return;
      putWords(readArea, slot, 0, wordsOf(writeArea, slot));
      for (const material of materials) {
        put(readArea, slot, material, 0);
        if (material.id) putWords(readArea, slot, material.id.at, [material.id.value]);
      }
      show(slot, 'actual_weight', 0);
      show(slot, 'status_manufacturing', 0);
      showState(slot, 'loaded');
      show(slot, 'status_read_data', 0);
      if (flag) put(writeArea, slot, flag, 1);
      else putWords(writeArea, slot, 0, Array<number>(length).fill(0));
    },

    acknowledged: (slot) => (flag ? numberIn(wordsOf(readArea, slot), flag) === 1 : null),

    onScale(tag, value) {
      const coding = materials.find((material) => material.name === tag)?.coding;
      const encoded = coding && encodeNumber(coding, value);
      return coding && encoded?.ok ? numberIn(encoded.words, { coding, at: 0 }) : null;
    },

    showActuals(slot, actuals) {
      for (const material of materials) put(readArea, slot, material, actuals[material.name] ?? 0);
    },
    showWeight: (slot, value) => show(slot, 'actual_weight', value),
    showState,

    shown(slot) {
      const words = wordsOf(readArea, slot);
      return {
        mo_id: mapping.nameIn(words) ?? '',
        materials: Object.fromEntries(materials.map((material) => [material.name, numberIn(words, material) ?? 0])),
        actual_weight: (weight && numberIn(words, weight)) ?? 0,
      };
    },

    start: () => showLine('map_version', ({ expect }) => expect ?? 0),
    beat: () => showLine('heartbeat', (_field, before) => (before + 1) % 10_000),
  };
}

/** Where the device has memory: both areas from the first slot to the last word of the last one, and the line's own fields. */
function rangesOf({ read, write, slots, length, lineFields }: Mapping): RegisterRange[] {
  const range = (area: PlcArea, { base, stride }: MapArea): RegisterRange => ({
    area,
    address: base,
    count: (slots - 1) * stride + length,
  });
  return [
    range(read.function, read),
    ...(write ? [range('holding', write)] : []),
    ...lineFields.map(({ name, at, coding }) => ({
      area: name === 'our_heartbeat' ? 'holding' : read.function,
      address: at,
      count: coding.words,
    })),
  ];
}

function numberIn(words: readonly number[], { coding, at }: Place): number | null {
  const decoded = decodeNumber(coding, words, at);
  return decoded.ok ? decoded.value : null;
}
