import type { Material } from '../material';
import type { MapField, RegisterMap } from './register-map';

const SILOS = Array.from('abcdefghijklm', (letter, index) => ({ tag: `silo_${letter}`, number: 101 + index }));
const LIQUIDS = [
  { tag: 'lq_tetes', number: 114 },
  { tag: 'lq_fml', number: 115 },
];

/** Three words per material from word 27 on: its id, then the value in steps of 0.01 kg. */
const materialFields = [...SILOS, ...LIQUIDS].map(({ tag, number }, index): MapField => ({
  material: tag,
  at: 28 + 3 * index,
  type: 'uint32',
  order: 'ABCD',
  scale: 0.01,
  unit: 'kg',
  idAt: 27 + 3 * index,
  id: number,
}));

/** The bundled map: a feed mill with 13 silos and two liquids, 77 words per slot, read area 6000, write area 7000. */
export const FEED_MILL_MAP: RegisterMap = {
  version: 1,
  addressing: 'zero-based',
  read: { function: 'holding', base: 6000, stride: 100 },
  write: { function: 'holding', base: 7000, stride: 100 },
  fields: [
    { field: 'batch_no', at: 0, type: 'uint16' },
    { field: 'mo_id', at: 1, type: 'ascii', words: 8 },
    { field: 'recipe', at: 9, type: 'ascii', words: 8 },
    { field: 'finished_goods', at: 17, type: 'ascii', words: 8 },
    { field: 'quantity', at: 25, type: 'uint32', order: 'ABCD', scale: 0.01, unit: 'kg' },
    ...materialFields,
    { field: 'status_manufacturing', at: 72, type: 'uint16' },
    { field: 'status_operation', at: 73, type: 'uint16' },
    { field: 'actual_weight', at: 74, type: 'uint32', order: 'ABCD', scale: 0.01, unit: 'kg' },
    { field: 'status_read_data', at: 76, type: 'uint16' },
  ],
};

const material = (tag: string, code: string, product: string): Material => ({ tag, code, product, manual: false, share: 0, max: 0 });

/** The materials of the bundled map, with the products that the simulators sell. */
export const FEED_MILL_MATERIALS: readonly Material[] = [
  ...SILOS.map(({ tag, number }) => material(tag, `silo${number}`, `SILO-${number}`)),
  ...LIQUIDS.map(({ tag, number }) => material(tag, `lq${number}`, `LQ${number}`)),
];
