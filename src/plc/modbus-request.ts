import { SmartMoError } from '../errors';
import { say, type Sentence } from '../sentence';
import type { PlcArea } from './plc';

export type ModbusRequest =
  { kind: 'read'; area: PlcArea; address: number; count: number } | { kind: 'write'; address: number; words: readonly number[] };

/** The protocol's limits: 250 bytes of registers in an answer, 246 in a request. */
export const MAX_READ = 125;
const MAX_WRITE = 123;

/** What Modbus says with its exception codes, and what to look at. */
const EXCEPTIONS: Record<number, Sentence> = {
  1: say`illegal function; the device does not offer this kind of register`,
  2: say`illegal data address; compare the register map with the PLC program`,
  3: say`illegal data value; lower the Longest request of the PLC, some devices refuse long requests`,
  4: say`device failure; look at the PLC`,
  5: say`acknowledge, it needs longer; try again later`,
  6: say`device busy; try again later`,
  7: say`negative acknowledge; look at the PLC`,
  8: say`memory parity error; look at the PLC`,
  10: say`gateway path unavailable; check the unit number and the gateway`,
  11: say`no answer from the device behind the gateway; check the unit number and the device`,
};
/** These do not go away by themselves. */
const LASTING: readonly number[] = [1, 2, 3];

export function functionCode(request: ModbusRequest): number {
  if (request.kind === 'write') return 16;
  return request.area === 'holding' ? 3 : 4;
}

/** "the read of 77 words at 6000" */
export function nameOf(request: ModbusRequest): Sentence {
  return request.kind === 'read'
    ? say`the read of ${request.count} words at ${request.address}`
    : say`the write of ${request.words.length} words at ${request.address}`;
}

/** @throws SmartMoError INPUT_INVALID for a request that Modbus cannot carry: a mistake of the caller */
export function checkRequest(request: ModbusRequest): void {
  const count = request.kind === 'read' ? request.count : request.words.length;
  const most = request.kind === 'read' ? MAX_READ : MAX_WRITE;
  const isPlace = Number.isInteger(request.address) && request.address >= 0 && request.address + count <= 0x10000;
  const areWords = request.kind === 'read' || request.words.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffff);
  if (Number.isInteger(count) && count >= 1 && count <= most && isPlace && areWords) return;
  throw new SmartMoError(
    'INPUT_INVALID',
    `${String(nameOf(request))} is no Modbus request: 1 to ${most} words of 0 to 65535 at addresses 0 to 65535`,
    { class: 'bug' },
  );
}

export function exceptionError(place: string, request: ModbusRequest, exception: number): SmartMoError {
  const meaning = EXCEPTIONS[exception] ?? say`a code that Modbus does not define`;
  return new SmartMoError('PLC_EXCEPTION', say`${place} refused ${nameOf(request)} with exception ${exception}: ${meaning}`, {
    class: LASTING.includes(exception) ? 'permanent' : 'transient',
    value: exception,
  });
}
