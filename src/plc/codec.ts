import { round } from '../units';

export const NUMBER_TYPES = ['bit', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64', 'bcd16', 'bcd32'] as const;
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;

export type ValueType = (typeof NUMBER_TYPES)[number] | 'ascii';
/** ABCD: high word first, high byte first. CDAB: low word first. BADC: bytes of each word swapped. DCBA: both. */
export type WordOrder = (typeof WORD_ORDERS)[number];

/** How one value lies in its words. */
export interface Coding {
  type: ValueType;
  /** Number of words. */
  words: number;
  order: WordOrder;
  /** Value = number in the words x scale. */
  scale: number;
  /** Texts only: the first character is in the low byte. */
  byteSwap: boolean;
  /** Bits only: 0 = the lowest bit of the word. */
  bit: number;
}

export type Decoded<T> = { ok: true; value: T } | { ok: false; reason: string };
export type Encoded = { ok: true; words: number[] } | { ok: false; reason: string };

const WIDTHS: Record<Exclude<ValueType, 'ascii'>, number> = {
  bit: 1,
  uint16: 1,
  int16: 1,
  uint32: 2,
  int32: 2,
  float32: 2,
  float64: 4,
  bcd16: 1,
  bcd32: 2,
};

/** Words a value of this type takes; a text brings its own number. */
export function wordsOf(type: ValueType, textWords = 0): number {
  return type === 'ascii' ? textWords : WIDTHS[type];
}

const RANGES: Partial<Record<ValueType, readonly [number, number]>> = {
  bit: [0, 1],
  uint16: [0, 0xffff],
  int16: [-0x8000, 0x7fff],
  uint32: [0, 0xffffffff],
  int32: [-0x80000000, 0x7fffffff],
  bcd16: [0, 9999],
  bcd32: [0, 99999999],
};

/**
 * The number in `words` from index `at` on, scaled. Never guesses: NaN, infinity, a BCD digit above 9 and a missing word
 * are not numbers. Scaled values are rounded to their decimal, not truncated (truncating loses a cent on 6 % of the values).
 */
export function decodeNumber(coding: Coding, words: readonly number[], at = 0): Decoded<number> {
  if (words.length < at + coding.words) return bad('words are missing');
  // Most maps need no turning: nothing is copied then.
  const raw =
    coding.order === 'ABCD' ? rawNumber(coding, words, at) : rawNumber(coding, highWordFirst(wordsAt(coding, words, at), coding.order), 0);
  if (raw === null) return bad(`words ${shown(highWordFirst(wordsAt(coding, words, at), coding.order))} are not BCD`);
  if (!Number.isFinite(raw)) return bad(`${raw} is no number`);
  return { ok: true, value: scaled(raw, coding.scale) };
}

/** Whole numbers in steps of a tenth, a hundredth ...: a division is the nearest double at once, and far quicker than digits. */
function scaled(raw: number, scale: number): number {
  if (scale === 1) return raw;
  const steps = Math.round(1 / scale);
  return Number.isInteger(raw) && 1 / steps === scale ? raw / steps : decimal(raw * scale);
}

/** The words of a number. Refuses what the type cannot hold; a value between two steps of the scale goes to the nearer one. */
export function encodeNumber(coding: Coding, value: number): Encoded {
  if (!Number.isFinite(value)) return bad(`${value} is no number`);
  const exact = coding.scale === 1 ? value : decimal(value / coding.scale);
  const range = RANGES[coding.type];
  const raw = range ? round(exact, 0) : exact;
  if (range && (raw < range[0] || raw > range[1])) {
    return bad(
      `${value} does not fit into ${coding.type} x ${coding.scale} (${decimal(range[0] * coding.scale)} to ${decimal(range[1] * coding.scale)})`,
    );
  }
  if (coding.type === 'float32' && !Number.isFinite(Math.fround(raw))) return bad(`${value} does not fit into float32`);
  return { ok: true, words: [...highWordFirst(rawWords(coding, raw), coding.order)] };
}

/** The text without its padding (spaces, and zeros at the end). A zero or control byte inside, or a byte above 126, is not a text. */
export function decodeText(coding: Coding, words: readonly number[], at = 0): Decoded<string> {
  if (words.length < at + coding.words) return bad('words are missing');
  let text = '';
  for (const word of wordsAt(coding, words, at)) {
    const [high, low] = [word >> 8, word & 0xff];
    text += coding.byteSwap ? String.fromCharCode(low, high) : String.fromCharCode(high, low);
  }
  return cleanText(text);
}

/** The rules of decodeText for a text that came as one. */
export function cleanText(padded: string): Decoded<string> {
  const text = padded.replace(/[\0 ]+$/, '').replace(/^ +/, '');
  return /^[ -~]*$/.test(text) ? { ok: true, value: text } : bad(`${JSON.stringify(text)} has characters that cannot be printed`);
}

/** The words of a text, padded with zeros. Refuses a text that is too long or not printable ASCII. */
export function encodeText(coding: Coding, text: string): Encoded {
  const room = coding.words * 2;
  if (!/^[ -~]*$/.test(text)) return bad(`${JSON.stringify(text)} has characters outside printable ASCII`);
  if (text.length > room) return bad(`"${text}" has ${text.length} characters, the map has room for ${room}`);
  const bytes = Buffer.alloc(room);
  bytes.write(text, 'latin1');
  const read = coding.byteSwap ? bytes.readUInt16LE.bind(bytes) : bytes.readUInt16BE.bind(bytes);
  return { ok: true, words: Array.from({ length: coding.words }, (_, index) => read(index * 2)) };
}

function bad(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

/** Frees a product or quotient from the noise of binary fractions: 15 digits are what a double surely holds. */
function decimal(value: number): number {
  return Number(value.toPrecision(15));
}

function shown(words: readonly number[]): string {
  return `[${words.join(', ')}]`;
}

/** Turns the order of the device into "high word first, high byte first", and back again: it is its own inverse. */
function highWordFirst(words: readonly number[], order: WordOrder): readonly number[] {
  if (order === 'ABCD') return words;
  const turned = order === 'CDAB' || order === 'DCBA' ? [...words].reverse() : [...words];
  return order === 'BADC' || order === 'DCBA' ? turned.map((word) => ((word & 0xff) << 8) | (word >> 8)) : turned;
}

function wordsAt(coding: Coding, words: readonly number[], at: number): number[] {
  return words.slice(at, at + coding.words);
}

function rawNumber(coding: Coding, words: readonly number[], at: number): number | null {
  const first = words[at] ?? 0;
  const second = words[at + 1] ?? 0;
  switch (coding.type) {
    case 'bit':
      return (first >> coding.bit) & 1;
    case 'uint16':
      return first;
    case 'int16':
      return (first << 16) >> 16;
    case 'uint32':
      return ((first << 16) | second) >>> 0;
    case 'int32':
      return (first << 16) | second;
    case 'float32':
      return shortestFloat32(bytesOf(wordsAt(coding, words, at)).readFloatBE());
    case 'float64':
      return bytesOf(wordsAt(coding, words, at)).readDoubleBE() + 0;
    case 'bcd16':
    case 'bcd32': {
      const digits = bytesOf(wordsAt(coding, words, at)).toString('hex');
      return /^\d+$/.test(digits) ? Number(digits) : null;
    }
    case 'ascii':
      throw new TypeError('a text is no number');
  }
}

function bytesOf(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 2);
  words.forEach((word, index) => bytes.writeUInt16BE(word, index * 2));
  return bytes;
}

function rawWords(coding: Coding, raw: number): number[] {
  const bytes = Buffer.alloc(coding.words * 2);
  switch (coding.type) {
    case 'bit':
      bytes.writeUInt16BE(raw << coding.bit);
      break;
    case 'uint16':
      bytes.writeUInt16BE(raw);
      break;
    case 'int16':
      bytes.writeInt16BE(raw);
      break;
    case 'uint32':
      bytes.writeUInt32BE(raw);
      break;
    case 'int32':
      bytes.writeInt32BE(raw);
      break;
    case 'float32':
      bytes.writeFloatBE(raw);
      break;
    case 'float64':
      bytes.writeDoubleBE(raw);
      break;
    case 'bcd16':
    case 'bcd32':
      bytes.write(String(raw).padStart(coding.words * 4, '0'), 'hex');
      break;
    case 'ascii':
      throw new TypeError('a text is no number');
  }
  return Array.from({ length: coding.words }, (_, index) => bytes.readUInt16BE(index * 2));
}

/** The shortest decimal that is this float32: 570.1, where the bare conversion to a double says 570.0999755859375. */
function shortestFloat32(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short + 0;
  }
  return Number(value.toPrecision(9)) + 0;
}
