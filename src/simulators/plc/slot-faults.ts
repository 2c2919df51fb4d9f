import { decodeNumber, encodeNumber } from '../../plc/codec';
import type { Mapping, SlotField } from '../../plc/mapping';

/** A slot of the read area that is being read and shows a batch. */
interface Picture {
  mapping: Mapping;
  /** Its words; a fault gives back others. */
  words: readonly number[];
  /** Its words one cycle of the PLC ago. */
  before: readonly number[];
  /** How often this slot was struck before. */
  strikes: number;
}

type Spoil = (picture: Picture) => number[];

/** Bit pattern that is NaN in a float of two or four words, and no BCD; in whole numbers it is far above any weight. */
const NAN = [[0xffff], [0x7fc0, 0], [], [0x7ff8, 0, 0, 0]];
const STRANGER = 'WH/MO/STRANGER';
const BEYOND_ASCII = 0xe9;

const measured = ({ mapping }: Picture): SlotField[] =>
  mapping.fields.filter(({ isMaterial, name }) => isMaterial || name === 'actual_weight');
const inTwoWords = (picture: Picture): SlotField[] => measured(picture).filter(({ coding }) => coding.words > 1);
const turned = (words: readonly number[], { coding }: SlotField): number[] =>
  coding.order === 'CDAB' || coding.order === 'DCBA' ? [...words].reverse() : [...words];

function withWords(
  picture: Picture,
  fields: readonly SlotField[],
  change: (field: SlotField, words: number[]) => readonly number[],
): number[] {
  const words = [...picture.words];
  for (const field of fields) {
    const { at, coding } = field;
    change(field, words.slice(at, at + coding.words)).forEach((word, index) => (words[at + index] = word));
  }
  return words;
}

/** Each value, where its words can hold the new one. */
function withValues(picture: Picture, fields: readonly SlotField[], change: (value: number) => number): number[] {
  return withWords(picture, fields, ({ coding }, words) => {
    const value = decodeNumber(coding, words);
    const encoded = value.ok ? encodeNumber(coding, change(value.value)) : value;
    return encoded.ok ? encoded.words : words;
  });
}

function withName(picture: Picture, change: (bytes: Buffer, text: string) => void): number[] {
  const name = picture.mapping.field('mo_id');
  return withWords(picture, name ? [name] : [], ({ coding }, words) => {
    const bytes = Buffer.alloc(words.length * 2);
    words.forEach((word, index) => bytes.writeUInt16BE(word, index * 2));
    if (coding.byteSwap) bytes.swap16();
    change(bytes, picture.mapping.nameIn(picture.words) ?? '');
    if (coding.byteSwap) bytes.swap16();
    return words.map((_, index) => bytes.readUInt16BE(index * 2));
  });
}

function sayFinished(picture: Picture): number[] {
  const { mapping } = picture;
  const [code] = Object.entries(mapping.field('status')?.values ?? {}).find(([, name]) => name === 'finished') ?? [];
  const flag = mapping.field('status_manufacturing');
  const status = mapping.field('status');
  const said = withValues(picture, flag ? [flag] : [], () => 1);
  return status && code !== undefined ? withValues({ ...picture, words: said }, [status], () => Number(code)) : said;
}

/**
 * What a slot can show that is not so. Nothing of it is in the memory of the PLC: it is the picture that is wrong, as on a
 * line that is read at a bad moment, or with a map that is not that of the PLC.
 */
export const SLOT_FAULTS = {
  /** The first half of the words is one cycle old, the second, with the statuses, is new. */
  'torn-slot': ({ words, before }) => words.map((word, at) => (at < words.length / 2 ? (before[at] ?? word) : word)),
  /** The high word of every weight is one cycle old. */
  'torn-value': (picture) =>
    withWords(picture, inTwoWords(picture), (field, words) => {
      const old = turned(picture.before.slice(field.at, field.at + words.length), field);
      const [, ...low] = turned(words, field);
      return turned([old[0] ?? 0, ...low], field);
    }),
  /** The finished bit, while the batch still runs and has no weight. */
  'finished-before-weight': (picture) => sayFinished(picture),
  /** The weight creeps: no two readings in a row agree. */
  'creeping-weight': (picture) => {
    const weight = picture.mapping.field('actual_weight');
    return withValues(picture, weight ? [weight] : [], (value) => Math.max(0, value - 0.5 - (picture.strikes % 7)));
  },
  'swapped-words': (picture) => withWords(picture, inTwoWords(picture), (_, words) => [...words].reverse()),
  nan: (picture) => withWords(picture, measured(picture), (field, words) => turned(NAN[words.length - 1] ?? words, field)),
  /** Every other reading shows half of what was weighed. */
  'counter-back': (picture) => withValues(picture, measured(picture), (value) => (picture.strikes % 2 === 0 ? value / 2 : value)),
  'unknown-mo': (picture) =>
    withName(picture, (bytes) => {
      bytes.fill(0).write(STRANGER, 'latin1');
    }),
  /** Blanks around the name, as far as there is room: not wrong, and must be read all the same. */
  'padded-name': (picture) =>
    withName(picture, (bytes, text) => {
      bytes.fill(' ').write(text, bytes.length > text.length ? 1 : 0, 'latin1');
    }),
  'non-ascii-name': (picture) => withName(picture, (bytes) => void bytes.writeUInt8(BEYOND_ASCII, 0)),
} as const satisfies Record<string, Spoil>;

export type SlotFault = keyof typeof SLOT_FAULTS;

export function isSlotFault(name: string): name is SlotFault {
  return Object.hasOwn(SLOT_FAULTS, name);
}
