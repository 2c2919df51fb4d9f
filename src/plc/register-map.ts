import type { Material } from '../material';
import type { ValueType, WordOrder } from './codec';
import type { PlcArea } from './plc';

/**
 * The register map of a line: one template describes a slot, the areas say where slots start. This is the shape of the
 * JSON text in mo-line; `at` of `fields` counts from the start of a slot, `base` and `at` of `lineFields` are addresses.
 */
export interface RegisterMap {
  version: 1;
  addressing: Addressing;
  read: MapArea & { function: PlcArea };
  /** Left out by a line that only reads. */
  write?: MapArea & { function: 'holding' };
  lineFields?: LineField[];
  fields: MapField[];
}

export const ADDRESSINGS = ['zero-based', 'one-based', '4xxxxx'] as const;
export type Addressing = (typeof ADDRESSINGS)[number];

export interface MapArea {
  /** Address of the first word of slot 1. */
  base: number;
  /** Words from the start of one slot to the start of the next. */
  stride: number;
}

export interface ValueSpec {
  at: number;
  type: ValueType;
  /** Texts: number of words, two characters each. */
  words?: number;
  /** Default ABCD. */
  order?: WordOrder;
  /** Default 1. */
  scale?: number;
  byteSwap?: boolean;
  /** Type bit: 0-15, 0 is the lowest. */
  bit?: number;
  /** Names of codes: {"0": "idle", "3": "finished"}. */
  values?: Record<string, string>;
}

/** One value of a slot: exactly one of `field` and `material`. */
export interface MapField extends ValueSpec {
  field?: SlotFieldName;
  /** Tag of a material of the line. */
  material?: string;
  /** Default "kg". */
  unit?: string;
  /** Word that must hold `id`, counted from the start of the slot. */
  idAt?: number;
  id?: number;
}

/** One value of the whole line. */
export interface LineField extends ValueSpec {
  field: LineFieldName;
  /** map_version: the number the PLC must show. */
  expect?: number;
  /** heartbeat: seconds after which an unchanged value means that the PLC program stands. Default 60. */
  heartbeatSeconds?: number;
}

export const SLOT_FIELDS = [
  'batch_no',
  'mo_id',
  'recipe',
  'finished_goods',
  'quantity',
  'status_manufacturing',
  'status_operation',
  'status',
  'actual_weight',
  'status_read_data',
] as const;
/** Those that are texts. */
export const TEXT_FIELDS: readonly string[] = ['mo_id', 'recipe', 'finished_goods'];
export const LINE_FIELDS = ['heartbeat', 'map_version', 'mode', 'our_heartbeat'] as const;
/** Names that the codes of a `status` word stand for. */
export const STATUS_NAMES = ['idle', 'loaded', 'running', 'finished', 'failed'] as const;

export type SlotFieldName = (typeof SLOT_FIELDS)[number];
export type LineFieldName = (typeof LINE_FIELDS)[number];

/** What the map is checked against. */
export interface LineShape {
  slots: number;
  materials: readonly Material[];
}
