import { isObject } from './map-shape';
import { typeNamed } from './type-names';

/** Every key an entry of a map may have, in the order of the columns. */
export const ENTRY_KEYS = [
  'field',
  'material',
  'at',
  'type',
  'words',
  'order',
  'scale',
  'unit',
  'idAt',
  'id',
  'bit',
  'byteSwap',
  'values',
  'expect',
  'heartbeatSeconds',
] as const;

const NUMBERS: readonly string[] = ['at', 'words', 'scale', 'idAt', 'id', 'bit', 'expect', 'heartbeatSeconds', 'base', 'stride'];

/**
 * A cell as the value of its key. What cannot be read stays the text it is, so that the check of the shape can name it.
 * @param decimalComma in tables that are not separated by commas "0,01" is a number
 */
export function cellValue(key: string, cell: string, decimalComma: boolean): unknown {
  if (NUMBERS.includes(key)) {
    const text = decimalComma ? cell.replace(',', '.') : cell;
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : cell;
  }
  if (key === 'byteSwap') return /^(true|yes|1)$/i.test(cell) ? true : /^(false|no|0)$/i.test(cell) ? false : cell;
  if (key === 'type') return typeNamed(cell);
  if (key === 'order') return cell.toUpperCase();
  return key === 'values' ? codesIn(cell) : cell;
}

/** `{"0": "idle"}`, or `0 = idle; 3 = finished` as a person writes it. */
function codesIn(cell: string): unknown {
  try {
    const parsed: unknown = JSON.parse(cell);
    if (isObject(parsed)) return parsed;
  } catch {
    // Not JSON: the other way of writing it.
  }
  const codes = cell.split(/[;,\n]/).map((part) => /^\s*(-?\d+)\s*[=:]\s*(.+?)\s*$/.exec(part));
  return codes.every((code) => code !== null) ? Object.fromEntries(codes.map(([, code, name]) => [code, name])) : cell;
}

/** A value of a map as a cell. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
