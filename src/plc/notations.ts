import type { PlcArea } from './plc';

/**
 * A zero-based address in the ways PLC programmers write it: "6028 = 46029 = 406029". The five-digit form ends at word
 * 9999 of an area.
 */
export function notations(area: PlcArea, address: number): string {
  const prefix = area === 'holding' ? 4 : 3;
  const short = address < 9_999 ? [prefix * 10_000 + address + 1] : [];
  return [address, ...short, prefix * 100_000 + address + 1].join(' = ');
}
