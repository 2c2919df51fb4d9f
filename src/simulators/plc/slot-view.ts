import type { Mapping } from '../../plc/mapping';
import type { PlcArea } from '../../plc/plc';
import type { Faults } from './faults';
import type { Registers } from './registers';
import { SLOT_FAULTS } from './slot-faults';

/** The registers as a client sees them: the memory, with what a fault makes of the slots. */
export interface SlotView {
  read(area: PlcArea, address: number, count: number): number[];
  /** Called once a cycle, before anything changes. */
  remember(): void;
}

export function createSlotView({ mapping, registers, faults }: { mapping: Mapping; registers: Registers; faults: Faults }): SlotView {
  const { length, slots } = mapping;
  const area = mapping.read.function;
  const strikes = new Map<number, number>();
  const wordsOf = (slot: number): number[] => registers.read(area, mapping.slotAddress('read', slot), length);
  let before: number[][] = [];

  function spoil(slot: number): number[] | null {
    const words = wordsOf(slot);
    if (mapping.nameIn(words) === '') return null;
    const strike = faults.atSlot(slot);
    if (!strike) return null;
    const count = strikes.get(slot) ?? 0;
    strikes.set(slot, count + 1);
    return SLOT_FAULTS[strike.fault]({ mapping, words, before: before[slot - 1] ?? words, strikes: count });
  }

  return {
    read(asked, address, count) {
      const words = registers.read(asked, address, count);
      if (asked !== area) return words;
      for (let slot = 1; slot <= slots; slot += 1) {
        const start = mapping.slotAddress('read', slot);
        if (start + length <= address || start >= address + count) continue;
        spoil(slot)?.forEach((word, at) => {
          const index = start + at - address;
          if (index >= 0 && index < count) words[index] = word;
        });
      }
      return words;
    },
    remember() {
      before = Array.from({ length: slots }, (_, index) => wordsOf(index + 1));
    },
  };
}
