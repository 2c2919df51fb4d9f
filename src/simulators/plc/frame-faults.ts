import { exceptionFrame } from './frames';

/** One request as a fault sees it: what came in, and what can be done to the connection. */
export interface Exchange {
  readonly frame: Buffer;
  /** Carries the request out; the right answer. */
  serve(): Promise<Buffer>;
  send(bytes: Buffer): void;
  /** Closes the connection in order. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
  wait(seconds: number): Promise<void>;
}

interface FrameOrder {
  exception: number;
  /** Seconds: how late an answer is, or how long it drips; null = as the fault likes. */
  delay: number | null;
}

type Act = (exchange: Exchange, order: FrameOrder) => Promise<void> | void;

const LATE = 5;
const DRIP = 1;
/** Places in the header of Modbus TCP, and of the byte count behind it. */
const TRANSACTION = 0;
const PROTOCOL = 2;
const LENGTH = 4;
const UNIT = 6;
const CODE = 7;
const BYTE_COUNT = 8;
const WRITES = [6, 16];

/** The right answer, carried out, with one thing changed. */
const spoilt =
  (change: (answer: Buffer) => Buffer): Act =>
  async ({ serve, send }) =>
    send(change(Buffer.from(await serve())));

const withWord = (at: number, change: (word: number) => number): Act =>
  spoilt((answer) => {
    answer.writeUInt16BE(change(answer.readUInt16BE(at)) & 0xffff, at);
    return answer;
  });

/** The echo of a write has no byte count: there its address is wrong. */
const withByteCount = (change: (count: number) => number): Act =>
  spoilt((answer) => {
    answer.writeUInt8(
      WRITES.includes(answer.readUInt8(CODE)) ? answer.readUInt8(BYTE_COUNT) ^ 1 : change(answer.readUInt8(BYTE_COUNT)) & 0xff,
      BYTE_COUNT,
    );
    return answer;
  });

/** What can be wrong with the answer to one request. All but `mute` and `exception` carry it out first. */
export const FRAME_FAULTS = {
  mute: () => undefined,
  exception: ({ frame, send }, { exception }) => send(exceptionFrame(frame, exception)),
  silence: async ({ serve }) => {
    await serve();
  },
  'wrong-transaction-id': withWord(TRANSACTION, (id) => id + 1),
  'foreign-protocol-id': withWord(PROTOCOL, (id) => id + 7),
  'wrong-unit': spoilt((answer) => {
    answer.writeUInt8((answer.readUInt8(UNIT) + 1) & 0xff, UNIT);
    return answer;
  }),
  garbage: spoilt(() => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
  'length-too-big': withWord(LENGTH, (length) => length + 7),
  'partial-frame': spoilt((answer) => answer.subarray(0, Math.ceil(answer.length / 2))),
  reset: async ({ serve, reset }) => {
    await serve();
    reset();
  },
  fin: async ({ serve, end }) => {
    await serve();
    end();
  },
  'byte-count-0': withByteCount(() => 0),
  'byte-count-odd': withByteCount((count) => count - 1),
  'byte-count-too-big': withByteCount((count) => count + 2),
  late: async ({ serve, send, wait }, { delay }) => {
    const answer = await serve();
    await wait(delay ?? LATE);
    send(answer);
  },
  dripping: async ({ serve, send, wait }, { delay }) => {
    const answer = await serve();
    for (const byte of answer) {
      await wait((delay ?? DRIP) / answer.length);
      send(Buffer.from([byte]));
    }
  },
} as const satisfies Record<string, Act>;

export type FrameFault = keyof typeof FRAME_FAULTS;

export function isFrameFault(name: string): name is FrameFault {
  return Object.hasOwn(FRAME_FAULTS, name);
}
