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

interface Check {
  what: string;
  at: number;
  size: 1 | 2;
  expected: readonly number[];
}

/** Frame lengths without the header of Modbus TCP and without the checksum of RTU. */
const EXCEPTION_LENGTH = 3;
const WRITE_LENGTH = 6;

export function createFrameGuard(framing: Framing, unit: number): FrameGuard {
  let received = Buffer.alloc(0);
  let checks: Check[] | null = null;
  let lengths = { answer: 0, exception: 0 };
  let code = 0;
  let transaction = 0;
  const start = framing === 'tcp' ? 6 : 0;
  const tail = framing === 'tcp' ? 0 : 2;

  function expect(request: ModbusRequest): void {
    code = functionCode(request);
    // modbus-serial numbers its requests 1 to 255, 0, 1 ... on each new connection.
    transaction = (transaction + 1) % 256;
    const body = request.kind === 'read' ? 3 + 2 * request.count : WRITE_LENGTH;
    lengths = { answer: start + body + tail, exception: start + EXCEPTION_LENGTH + tail };
    received = Buffer.alloc(0);
    checks = [
      ...(framing === 'tcp'
        ? ([
            { what: 'transaction', at: 0, size: 2, expected: [transaction] },
            { what: 'protocol', at: 2, size: 2, expected: [0] },
            { what: 'length', at: 4, size: 2, expected: [body, EXCEPTION_LENGTH] },
          ] as const)
        : []),
      { what: 'unit', at: start, size: 1, expected: [unit] },
      { what: 'function', at: start + 1, size: 1, expected: [code, code | 0x80] },
    ];
    if (request.kind === 'read') checks.push({ what: 'byte count', at: start + 2, size: 1, expected: [2 * request.count] });
    else {
      checks.push({ what: 'address', at: start + 2, size: 2, expected: [request.address] });
      checks.push({ what: 'word count', at: start + 4, size: 2, expected: [request.words.length] });
    }
  }

  function feed(chunk: Buffer): string | null {
    if (!checks) return `sent ${chunk.length} bytes that were not asked for`;
    received = Buffer.concat([received, chunk]);
    const isException = received.length > start + 1 && received[start + 1] === (code | 0x80);
    const length = isException ? lengths.exception : lengths.answer;
    for (const { what, at, size, expected } of checks) {
      // What follows the function code of an exception is not an answer, but the code of the exception.
      if (received.length < at + size || (isException && at > start + 1)) break;
      const found = received.readUIntBE(at, size);
      if (!expected.includes(found)) return `answered with ${what} ${found} instead of ${expected[0]}`;
    }
    if (framing === 'tcp' && received.length > start + 1 && received.readUInt16BE(4) !== length - start) {
      return `answered with length ${received.readUInt16BE(4)} instead of ${length - start}`;
    }
    return received.length > length ? `sent ${received.length - length} bytes more than its answer` : null;
  }

  return { expect, feed };
}
