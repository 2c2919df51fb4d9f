import type { PlcArea } from '../../plc/plc';

/** A stretch of registers that the device has. Zero-based address of its first word. */
export interface RegisterRange {
  area: PlcArea;
  address: number;
  count: number;
}

/** The memory of the simulated PLC: 16-bit words, only where the register map has an area. */
export interface Registers {
  /** False when any of these words lies outside the ranges; the server answers "illegal address" then. */
  covers(area: PlcArea, address: number, count: number): boolean;
  read(area: PlcArea, address: number, count: number): number[];
  write(area: PlcArea, address: number, words: readonly number[]): void;
  /** All words, one array per range, for the state file. */
  dump(): number[][];
  /** Puts a dump back; what it does not hold becomes 0. */
  load(contents: readonly (readonly number[])[]): void;
}

const TABLE_SIZE = 65536;

/** Registers at zero in the given ranges. Ranges may touch or overlap: a request across two of them is answered. */
export function createRegisters(ranges: readonly RegisterRange[]): Registers {
  const words = { holding: new Uint16Array(TABLE_SIZE), input: new Uint16Array(TABLE_SIZE) };
  const present = { holding: new Uint8Array(TABLE_SIZE), input: new Uint8Array(TABLE_SIZE) };
  for (const { area, address, count } of ranges) present[area].fill(1, address, address + count);

  const read = (area: PlcArea, address: number, count: number): number[] => Array.from(words[area].subarray(address, address + count));

  return {
    covers: (area, address, count) =>
      address >= 0 && address + count <= TABLE_SIZE && present[area].subarray(address, address + count).every((is) => is === 1),
    read,
    write: (area, address, values) => words[area].set(values, address),
    dump: () => ranges.map(({ area, address, count }) => read(area, address, count)),
    load: (contents) =>
      ranges.forEach(({ area, address, count }, index) => {
        words[area].fill(0, address, address + count);
        words[area].set((contents[index] ?? []).slice(0, count), address);
      }),
  };
}
