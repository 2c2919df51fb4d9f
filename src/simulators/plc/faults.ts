import type { Clock } from '../../clock';
import { FRAME_FAULTS, type FrameFault, isFrameFault } from './frame-faults';
import { EXCEPTIONS } from './frames';
import { oneOf, seededNoise } from './noise';
import { isSlotFault, SLOT_FAULTS, type SlotFault } from './slot-faults';

/** The device as a whole. */
const DEVICE_FAULTS = [
  /** Nobody listens: connections are refused. */
  'refused',
  /** Open connections are reset, new ones too: the device is off the network. */
  'down',
  /** A second connection is reset while the first one is open. */
  'one-client',
  /** The device answers, its program stands still. */
  'heartbeat-stopped',
] as const;

type DeviceFault = (typeof DEVICE_FAULTS)[number];

/** Frames and slots go wrong by turns; the seed of the order says which and when. */
const RANDOM = 'random';
/** Part of the requests, and of the slots read, that "random" strikes. */
const RANDOM_SHARE = 0.25;

export type FaultName = DeviceFault | FrameFault | SlotFault | typeof RANDOM;

/** Everything the device can do wrong (quality.md, PLC faults). */
export const FAULTS: readonly FaultName[] = [
  ...DEVICE_FAULTS,
  ...(Object.keys(FRAME_FAULTS) as FrameFault[]),
  ...(Object.keys(SLOT_FAULTS) as SlotFault[]),
  RANDOM,
];

export interface FaultOrder {
  fault: FaultName;
  /** How many connections, requests or slots it strikes; null = no such end. */
  times: number | null;
  /** How long it lasts in real time; null = no such end. */
  seconds: number | null;
  /** Code of the fault "exception". */
  exception: number;
  /** Seconds, of "late" and "dripping". */
  delay: number | null;
  /** The only slot that is struck; null = all of them. */
  slot: number | null;
  /** Of the fault "random". */
  seed: number;
}

/** How a fault strikes this time. */
export interface Strike<Name extends FaultName> {
  fault: Name;
  exception: number;
  delay: number | null;
}

export interface Faults {
  set(order: FaultOrder): void;
  clear(): void;
  /** Whether that fault of the device is on, without counting. */
  isOn(fault: DeviceFault): boolean;
  /** A client connects while `open` others are connected. @returns false when it is to be reset */
  accepts(open: number): boolean;
  /** What strikes the request that has arrived; null when it is served well. */
  atRequest(): Strike<FrameFault> | null;
  /** What strikes a slot that is read and shows a batch. */
  atSlot(slot: number): Strike<SlotFault> | null;
  /** What is on, in words: "fault mute, 55 s left"; "" when nothing is. */
  summary(): string;
}

export const DEFAULT_EXCEPTION = EXCEPTIONS.deviceFailure;

/** At most one fault at a time: a new one takes the place of the old one. */
export function createFaults(clock: Clock): Faults {
  let current: (FaultOrder & { until: number; random: () => number }) | null = null;

  const active = (): typeof current => {
    if (current && (current.times === 0 || clock.now().getTime() >= current.until)) current = null;
    return current;
  };

  /** The fault of this kind that strikes now, which counts as one of its `times`. */
  function strike<Name extends FaultName>(isKind: (name: string) => name is Name): Strike<Name> | null {
    const order = active();
    if (!order) return null;
    const { random } = order;
    const name = order.fault !== RANDOM ? order.fault : random() < RANDOM_SHARE ? oneOf(FAULTS.filter(isKind), random()) : undefined;
    if (name === undefined || !isKind(name)) return null;
    if (order.times !== null) order.times -= 1;
    const exception = order.fault === RANDOM ? 1 + Math.floor(random() * 11) : order.exception;
    return { fault: name, exception, delay: order.delay };
  }

  const isConnectionFault = (name: string): name is 'down' | 'one-client' => name === 'down' || name === 'one-client';

  return {
    set: (order) => {
      const until = order.seconds === null ? Infinity : clock.now().getTime() + order.seconds * 1000;
      current = { ...order, until, random: seededNoise(order.seed) };
    },
    clear: () => {
      current = null;
    },
    isOn: (fault) => active()?.fault === fault,
    accepts(open) {
      const fault = active()?.fault;
      if (fault === undefined || !isConnectionFault(fault) || (fault === 'one-client' && open === 0)) return true;
      return strike(isConnectionFault) === null;
    },
    atRequest: () => strike(isFrameFault),
    atSlot: (slot) => {
      const only = active()?.slot ?? null;
      return only === null || only === slot ? strike(isSlotFault) : null;
    },
    summary() {
      const order = active();
      if (!order) return '';
      const left = Number.isFinite(order.until) ? `, ${Math.ceil((order.until - clock.now().getTime()) / 1000)} s left` : '';
      return `fault ${order.fault}${left}${order.times === null ? '' : `, ${order.times} left`}`;
    },
  };
}
