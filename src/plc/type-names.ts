import { closest } from '../closest';
import { say, type Sentence } from '../sentence';
import { NUMBER_TYPES, type ValueType } from './codec';

/** Names that PLC programs (IEC 61131-3) and other tools have for our types. */
const OTHER_NAMES: ReadonlyMap<string, ValueType> = new Map([
  ['bool', 'bit'],
  ['word', 'uint16'],
  ['uint', 'uint16'],
  ['ushort', 'uint16'],
  ['int', 'int16'],
  ['short', 'int16'],
  ['dword', 'uint32'],
  ['udint', 'uint32'],
  ['ulong', 'uint32'],
  ['dint', 'int32'],
  ['long', 'int32'],
  ['real', 'float32'],
  ['float', 'float32'],
  ['single', 'float32'],
  ['lreal', 'float64'],
  ['double', 'float64'],
  ['string', 'ascii'],
  ['text', 'ascii'],
]);

/** The type that a name of another system stands for; the name itself, in small letters, where it stands for none. */
export function typeNamed(name: string): string {
  return OTHER_NAMES.get(name.toLowerCase()) ?? name.toLowerCase();
}

/** Numbers of 8 bits: the map knows whole words and single bits. */
const BYTES: ReadonlyMap<string, ValueType> = new Map([
  ...['byte', 'usint', 'uint8', 'uchar', 'u8'].map((name) => [name, 'uint16'] as const),
  ...['sint', 'int8', 'i8'].map((name) => [name, 'int16'] as const),
]);

/** Numbers of 64 bits in PLC programs: a name that looks alike (INT for LINT) would be another number. */
const OF_ANOTHER_SIZE: ReadonlySet<string> = new Set(['lint', 'ulint', 'lword']);

/** What may be written for a type, in any system: "float32", "float", "real32". */
const SPELLINGS: ReadonlyMap<string, ValueType> = new Map([
  ...[...OTHER_NAMES].map(([name, type]) => [name + digitsOf(type), type] as const),
  ...OTHER_NAMES,
  ...[...NUMBER_TYPES, 'ascii' as const].map((type) => [type, type] as const),
]);

/** What was probably meant by a type that there is not: "perhaps float32 is meant"; null where nothing is near. int8 is not int16. */
export function typeHint(name: string): Sentence | null {
  const characters = /^(?:w?string|text|char|ascii)\D*(\d+)\D*$/i.exec(name)?.[1];
  if (characters !== undefined) return say`a text of ${characters} characters is ascii with words ${Math.ceil(Number(characters) / 2)}`;
  const byte = BYTES.get(name.toLowerCase());
  if (byte !== undefined)
    return say`a byte that has a word to itself is ${byte}, a single bit is bit; where two bytes share a word, let the PLC give each a word of its own`;
  if (OF_ANOTHER_SIZE.has(name.toLowerCase())) return null;
  const alike = [...SPELLINGS.keys()].filter((spelling) => digitsOf(spelling) === digitsOf(name));
  const near = SPELLINGS.get(closest(name, alike) ?? '');
  return near === undefined ? null : say`perhaps ${near} is meant`;
}

function digitsOf(name: string): string {
  return name.replace(/\D/g, '');
}
