import { closest } from '../closest';
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

/** What was probably meant by a type that there is not: "did you mean float32?"; null where nothing is near. */
export function typeHint(name: string): string | null {
  const characters = /^(?:w?string|text|char|ascii)\D*(\d+)\D*$/i.exec(name)?.[1];
  if (characters !== undefined) return `a text of ${characters} characters is ascii with words ${Math.ceil(Number(characters) / 2)}`;
  const near = OTHER_NAMES.get(name.toLowerCase()) ?? closest(name, [...NUMBER_TYPES, 'ascii']);
  return near === null ? null : `did you mean ${near}?`;
}
