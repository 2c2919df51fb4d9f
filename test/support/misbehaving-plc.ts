import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** One request as the raw server sees it. */
export interface Asked {
  transaction: number;
  unit: number;
  code: number;
  address: number;
  count: number;
}

/** What a device does with a request. */
export type Behaviour = (socket: Socket, asked: Asked) => void;

/** The word that a device of the tests holds at an address. */
export const wordAt = (address: number): number => (address * 7 + 3) & 0xffff;

/** An answer as it travels, with what is to be wrong in its head. */
export function frame(transaction: number, pdu: Buffer, { protocol = 0, unit = 1, length = pdu.length + 1 } = {}): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(protocol, 2);
  head.writeUInt16BE(length, 4);
  head.writeUInt8(unit, 6);
  return Buffer.concat([head, pdu]);
}

/** The right answer to a request. */
export function pdu({ code, address, count }: Asked, byteCount = 2 * count): Buffer {
  if (code === 16) {
    const echo = Buffer.alloc(5);
    echo.writeUInt8(16, 0);
    echo.writeUInt16BE(address, 1);
    echo.writeUInt16BE(count, 3);
    return echo;
  }
  const answer = Buffer.alloc(2 + 2 * count);
  answer.writeUInt8(code, 0);
  answer.writeUInt8(byteCount & 0xff, 1);
  for (let index = 0; index < count; index += 1) answer.writeUInt16BE(wordAt(address + index), 2 + 2 * index);
  return answer;
}

export const right: Behaviour = (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked)));

/** What devices were seen to do, with the code of the error that each has to end in. */
export const FAULTS: Record<string, { behave: Behaviour; code: string }> = {
  silence: { behave: () => undefined, code: 'PLC_TIMEOUT' },
  'wrong transaction id': { behave: (socket, asked) => void socket.write(frame(asked.transaction + 1, pdu(asked))), code: 'PLC_ANSWER' },
  'transaction id of 256 requests ago': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction + 256, pdu(asked))),
    code: 'PLC_ANSWER',
  },
  'wrong unit': { behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked), { unit: 2 })), code: 'PLC_ANSWER' },
  'foreign protocol id': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked), { protocol: 7 })),
    code: 'PLC_ANSWER',
  },
  garbage: { behave: (socket) => void socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), code: 'PLC_ANSWER' },
  'length too small': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked), { length: 5 })),
    code: 'PLC_ANSWER',
  },
  'length too big': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked), { length: 60000 })),
    code: 'PLC_ANSWER',
  },
  'length 0': { behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked), { length: 0 })), code: 'PLC_ANSWER' },
  'partial frame': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked)).subarray(0, 12)),
    code: 'PLC_TIMEOUT',
  },
  'two bytes': { behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked)).subarray(0, 2)), code: 'PLC_TIMEOUT' },
  reset: { behave: (socket) => void socket.resetAndDestroy(), code: 'PLC_UNREACHABLE' },
  FIN: { behave: (socket) => void socket.end(), code: 'PLC_UNREACHABLE' },
  'FIN in the middle of a frame': {
    behave: (socket, asked) => void socket.end(frame(asked.transaction, pdu(asked)).subarray(0, 12)),
    code: 'PLC_UNREACHABLE',
  },
  'byte count 0': { behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked, 0))), code: 'PLC_ANSWER' },
  'byte count odd': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked, 2 * asked.count - 1))),
    code: 'PLC_ANSWER',
  },
  'byte count too big': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu(asked, 2 * asked.count + 2))),
    code: 'PLC_ANSWER',
  },
  'one word too few': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu({ ...asked, count: asked.count - 1 }))),
    code: 'PLC_ANSWER',
  },
  'one word too many': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu({ ...asked, count: asked.count + 1 }))),
    code: 'PLC_ANSWER',
  },
  'other function code': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, pdu({ ...asked, code: 4 }))),
    code: 'PLC_ANSWER',
  },
  'exception of another function': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, Buffer.from([0x90, 2]))),
    code: 'PLC_ANSWER',
  },
  'exception without its code': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, Buffer.from([0x83]))),
    code: 'PLC_ANSWER',
  },
  'exception from another unit': {
    behave: (socket, asked) => void socket.write(frame(asked.transaction, Buffer.from([0x83, 2]), { unit: 9 })),
    code: 'PLC_ANSWER',
  },
};

/** A device that treats each whole request as it is told; it has yet to listen. */
export function createModbusDevice(behave: Behaviour): Server {
  return createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 6 && received.length >= 6 + received.readUInt16BE(4)) {
        const request = received.subarray(0, 6 + received.readUInt16BE(4));
        received = received.subarray(request.length);
        behave(socket, {
          transaction: request.readUInt16BE(0),
          unit: request.readUInt8(6),
          code: request.readUInt8(7),
          address: request.readUInt16BE(8),
          count: request.readUInt16BE(10),
        });
      }
    });
  });
}
