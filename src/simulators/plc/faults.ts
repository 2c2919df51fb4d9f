import type { Clock } from '../../clock';
import { EXCEPTIONS, exceptionFrame } from './frames';

/** Where a fault strikes: when a client connects, or when a request has arrived. */
export type FaultPoint = 'connection' | 'request';

interface FaultKind {
  strikes: FaultPoint;
  /** Answer to the request that is struck, null for silence. `serve` carries the request out and gives the right answer. */
  answer(frame: Buffer, serve: () => Promise<Buffer>, exception: number): Promise<Buffer | null>;
}

/** What the device can do wrong. A fault is one entry here; the rest of the simulator stays as it is. */
export const FAULTS = {
  /** Open connections are reset, new ones too: the device is off the network. */
  down: { strikes: 'connection', answer: () => Promise.resolve(null) },
  /** Connections are accepted, requests never answered and never carried out: the program hangs. */
  mute: { strikes: 'request', answer: () => Promise.resolve(null) },
  /** Requests are refused with a Modbus exception and not carried out. */
  exception: { strikes: 'request', answer: (frame, _serve, exception) => Promise.resolve(exceptionFrame(frame, exception)) },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

export interface FaultOrder {
  fault: FaultName;
  /** How many connections or requests it strikes; null = no such end. */
  times: number | null;
  /** How long it lasts in real time; null = no such end. */
  seconds: number | null;
  /** Code of the fault "exception". */
  exception: number;
}

export interface Faults {
  set(order: FaultOrder): void;
  clear(): void;
  /** The fault that strikes now, which counts as one of its `times`; null when there is none. */
  strike(point: FaultPoint): { answer(frame: Buffer, serve: () => Promise<Buffer>): Promise<Buffer | null> } | null;
  active(): FaultName | null;
}

export const DEFAULT_EXCEPTION = EXCEPTIONS.deviceFailure;

/** At most one fault at a time: a new one takes the place of the old one. */
export function createFaults(clock: Clock): Faults {
  let current: (FaultOrder & { since: number }) | null = null;

  const active = (): FaultOrder | null => {
    if (current?.times === 0) current = null;
    if (current && current.seconds !== null && clock.now().getTime() - current.since >= current.seconds * 1000) current = null;
    return current;
  };

  return {
    set: (order) => {
      current = { ...order, since: clock.now().getTime() };
    },
    clear: () => {
      current = null;
    },
    strike: (point) => {
      const order = active();
      if (!order || FAULTS[order.fault].strikes !== point) return null;
      if (order.times !== null) order.times -= 1;
      return { answer: (frame, serve) => FAULTS[order.fault].answer(frame, serve, order.exception) };
    },
    active: () => active()?.fault ?? null,
  };
}
