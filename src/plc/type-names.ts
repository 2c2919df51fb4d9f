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

/** What was probably meant by a type that there is not: "perhaps float32 is meant"; null where nothing is near. uint8 is not uint16. */
export function typeHint(name: string): string | null {
  const characters = /^(?:w?string|text|char|ascii)\D*(\d+)\D*$/i.exec(name)?.[1];
  if (characters !== undefined) return `a text of ${characters} characters is ascii with words ${Math.ceil(Number(characters) / 2)}`;
  const digits = (text: string): string => text.replace(/\D/g, '');
  const alike = [...NUMBER_TYPES, 'ascii'].filter((type) => digits(type) === digits(name));
  const near = OTHER_NAMES.get(name.toLowerCase()) ?? closest(name, alike);
  return near === null ? null : `perhaps ${near} is meant`;
}
