import { functionCode } from './modbus-request';
import type { ModbusRequest } from './modbus-request';

/**
 * Watches the bytes of a connection before the Modbus library sees them. The library takes a foreign protocol id, a stale
 * reply or a wrong byte count for an answer; here everything that is not exactly the one answer asked for is a fault, and
 * the connection is given up.
 */
export interface FrameGuard {
  /** A request goes out; its answer, and nothing else, may come in. */
  expect(request: ModbusRequest): void;
  /** @returns what is wrong with the bytes received so far, or null */
  feed(chunk: Buffer): string | null;
}

export type Framing = 'tcp' | 'rtu';

/** A number of the frame, by its place behind the header of Modbus TCP. */
interface Check {
  what: string;
  at: number;
  size: 1 | 2;
}

/** In the order in which they are looked at. */
const HEADER: readonly Check[] = [
  { what: 'transaction', at: -6, size: 2 },
  { what: 'protocol', at: -4, size: 2 },
  { what: 'length', at: -2, size: 2 },
];
const ANSWER: readonly Check[] = [
  { what: 'unit', at: 0, size: 1 },
  { what: 'function', at: 1, size: 1 },
];
const READ: readonly Check[] = [...ANSWER, { what: 'byte count', at: 2, size: 1 }];
const WRITE: readonly Check[] = [...ANSWER, { what: 'address', at: 2, size: 2 }, { what: 'word count', at: 4, size: 2 }];

/** Frame lengths without the header of Modbus TCP and without the checksum of RTU. */
const EXCEPTION_LENGTH = 3;
const WRITE_LENGTH = 6;
/** Of a read without its words. */
const READ_LENGTH = 3;

export function createFrameGuard(framing: Framing, unit: number): FrameGuard {
  const start = framing === 'tcp' ? 6 : 0;
  const tail = framing === 'tcp' ? 0 : 2;
  /** What the answer has to begin with; `fixed` bytes of it count. */
  const right = Buffer.alloc(start + WRITE_LENGTH);
  let fixed = 0;
  let length = 0;
  let checks: readonly Check[] | null = null;
  let received: Buffer = right.subarray(0, 0);
  let transaction = 0;

  function expect(request: ModbusRequest): void {
    // modbus-serial numbers its requests 1 to 255, 0, 1 ... on each new connection.
    transaction = (transaction + 1) % 256;
    const isRead = request.kind === 'read';
    const body = isRead ? READ_LENGTH + 2 * request.count : WRITE_LENGTH;
    if (framing === 'tcp') {
      right.writeUInt16BE(transaction, 0);
      right.writeUInt16BE(body, 4);
    }
    right.writeUInt8(unit, start);
    right.writeUInt8(functionCode(request), start + 1);
    if (isRead) right.writeUInt8(2 * request.count, start + 2);
    else {
      right.writeUInt16BE(request.address, start + 2);
      right.writeUInt16BE(request.words.length, start + 4);
    }
    fixed = start + (isRead ? READ_LENGTH : WRITE_LENGTH);
    length = start + body + tail;
    checks = isRead ? READ : WRITE;
    received = received.subarray(0, 0);
  }

  function feed(chunk: Buffer): string | null {
    if (!checks) return `sent ${chunk.length} bytes that were not asked for`;
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const isRight = received.length === length && received.compare(right, 0, fixed, 0, fixed) === 0;
    return isRight ? null : faultOf(checks);
  }

  /** What is wrong with the beginning of an answer, or with an exception. */
  function faultOf(expected: readonly Check[]): string | null {
    const code = right.readUInt8(start + 1);
    const isException = received.length > start + 1 && received[start + 1] === (code | 0x80);
    const whole = isException ? start + EXCEPTION_LENGTH + tail : length;
    for (const { what, at, size } of framing === 'tcp' ? [...HEADER, ...expected] : expected) {
      // What follows the function code of an exception is not an answer, but the code of the exception.
      if (received.length < start + at + size || (isException && at > 1)) break;
      const found = received.readUIntBE(start + at, size);
      const wanted = right.readUIntBE(start + at, size);
      const ofException = what === 'length' ? EXCEPTION_LENGTH : what === 'function' ? code | 0x80 : wanted;
      if (found !== wanted && found !== ofException) return `answered with ${what} ${found} instead of ${wanted}`;
    }
    if (framing === 'tcp' && received.length > start + 1 && received.readUInt16BE(4) !== whole - start) {
      return `answered with length ${received.readUInt16BE(4)} instead of ${whole - start}`;
    }
    return received.length > whole ? `sent ${received.length - whole} bytes more than its answer` : null;
  }

  return { expect, feed };
}
