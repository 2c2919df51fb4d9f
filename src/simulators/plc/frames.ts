import type { PlcArea } from '../../plc/plc';

/** Bytes before the function code: transaction id, protocol id, length, unit (Modbus TCP, MBAP header). */
const HEADER = 7;
/** Modbus allows 254; a write that is only too long gets its exception instead of being taken for garbage. */
const LONGEST = 262;
const MAX_READ = 125;
const MAX_WRITE = 123;

/** Exception codes of the Modbus application protocol that this server answers with. */
export const EXCEPTIONS = { illegalFunction: 1, illegalAddress: 2, illegalValue: 3, deviceFailure: 4, busy: 6 } as const;

/** What a request may do with the device; both throw {@link ModbusRefusal}. */
export interface ModbusDevice {
  read(area: PlcArea, address: number, count: number): number[];
  write(address: number, words: readonly number[]): void;
}

/** Becomes an exception answer with this code. */
export class ModbusRefusal extends Error {
  constructor(readonly exception: number) {
    super(`Modbus exception ${exception}`);
  }
}

/**
 * Cuts the whole frames off the front of a byte stream.
 * @returns the frames and what is left over; null when the bytes are not Modbus TCP
 */
export function splitFrames(bytes: Buffer): { frames: Buffer[]; rest: Buffer } | null {
  const frames: Buffer[] = [];
  let rest = bytes;
  while (rest.length >= HEADER) {
    const length = rest.readUInt16BE(4);
    if (rest.readUInt16BE(2) !== 0 || length < 2 || length > LONGEST) return null;
    if (rest.length < 6 + length) break;
    frames.push(rest.subarray(0, 6 + length));
    rest = rest.subarray(6 + length);
  }
  return { frames, rest };
}

/** The answer to one request frame: FC3, FC4, FC6 and FC16, anything else is exception 1. */
export function answerFrame(frame: Buffer, device: ModbusDevice): Buffer {
  try {
    return withHeader(frame, answerPdu(frame.subarray(HEADER), device));
  } catch (error) {
    return exceptionFrame(frame, error instanceof ModbusRefusal ? error.exception : EXCEPTIONS.deviceFailure);
  }
}

/** The answer that refuses a request with this exception code. */
export function exceptionFrame(frame: Buffer, exception: number): Buffer {
  return withHeader(frame, Buffer.from([frame.readUInt8(HEADER) | 0x80, exception]));
}

/** Unit identifier a frame is addressed to. */
export function unitOf(frame: Buffer): number {
  return frame.readUInt8(HEADER - 1);
}

function answerPdu(pdu: Buffer, device: ModbusDevice): Buffer {
  const code = pdu.readUInt8(0);
  switch (code) {
    case 3:
    case 4: {
      expectLength(pdu, 5);
      const count = pdu.readUInt16BE(3);
      if (count < 1 || count > MAX_READ) throw new ModbusRefusal(EXCEPTIONS.illegalValue);
      const words = device.read(code === 3 ? 'holding' : 'input', pdu.readUInt16BE(1), count);
      const answer = Buffer.alloc(2 + 2 * count);
      answer.writeUInt8(code, 0);
      answer.writeUInt8(2 * count, 1);
      words.forEach((word, index) => answer.writeUInt16BE(word, 2 + 2 * index));
      return answer;
    }
    case 6:
      expectLength(pdu, 5);
      device.write(pdu.readUInt16BE(1), [pdu.readUInt16BE(3)]);
      return pdu;
    case 16: {
      if (pdu.length < 6) throw new ModbusRefusal(EXCEPTIONS.illegalValue);
      const count = pdu.readUInt16BE(3);
      if (count < 1 || count > MAX_WRITE || pdu.readUInt8(5) !== 2 * count) throw new ModbusRefusal(EXCEPTIONS.illegalValue);
      expectLength(pdu, 6 + 2 * count);
      device.write(
        pdu.readUInt16BE(1),
        Array.from({ length: count }, (_, index) => pdu.readUInt16BE(6 + 2 * index)),
      );
      return pdu.subarray(0, 5);
    }
    default:
      throw new ModbusRefusal(EXCEPTIONS.illegalFunction);
  }
}

function expectLength(pdu: Buffer, length: number): void {
  if (pdu.length !== length) throw new ModbusRefusal(EXCEPTIONS.illegalValue);
}

function withHeader(request: Buffer, pdu: Buffer): Buffer {
  const answer = Buffer.concat([request.subarray(0, HEADER), pdu]);
  answer.writeUInt16BE(pdu.length + 1, 4);
  return answer;
}
