import { type Mapping } from '../../src/plc/mapping';

/** Words of one slot as a PLC shows a batch that runs: name, weights so far (each material another one, about `kg`), no status set. */
export function runningSlot(mapping: Mapping, slot: number, moId: string, kg: number): { address: number; words: number[] } {
  const materials = Object.fromEntries(mapping.tags.map((tag, index) => [tag, kg + index * 3.37 + slot * 0.11]));
  const { body } = mapping.encodeRecipe({
    batch_no: slot,
    mo_id: moId,
    recipe: 'Feed A',
    finished_goods: 'Feed A',
    quantity: 1000,
    materials,
  });
  const words = [...body.words, 0].slice(0, mapping.length);
  return { address: mapping.slotAddress('read', slot), words };
}
