/** What one slot of the PLC shows, decoded. Numbers are in the unit of their map entry. */
export interface SlotReading {
  /** 1-based. */
  slot: number;
  /** Nobody's slot: no MO name in it. Nothing else of it is judged. */
  empty: boolean;
  /** MO name without padding, "" when empty or unreadable. */
  mo_id: string;
  finished: boolean;
  failed: boolean;
  /** Finished or not: some actual is above zero, or the status says running. */
  running: boolean;
  /** status_read_data of the read area; null when the map has none. */
  acknowledged: boolean | null;
  actual_weight: number | null;
  /** Actual per PLC tag; only good values. */
  materials: Record<string, number>;
  /** Values that cannot be trusted. One of them is enough to leave the row untouched. */
  bad: BadValue[];
}

/** Nobody's slot. */
export function emptySlot(slot: number): SlotReading {
  return {
    slot,
    empty: true,
    mo_id: '',
    finished: false,
    failed: false,
    running: false,
    acknowledged: null,
    actual_weight: null,
    materials: {},
    bad: [],
  };
}

export type BadCode = 'bad-value' | 'wrong-id' | 'wrong-slot';

export interface BadValue {
  code: BadCode;
  /** "silo_a" or "mo_id" */
  field: string;
  /** Zero-based address of the first word; null for a value that came in a message. */
  address: number | null;
  /** One sentence for people: field, address, value, what was expected. */
  text: string;
  value: string;
}

/** What the writer puts into a slot. Quantities are in the unit of their map entry. */
export interface Recipe {
  batch_no: number;
  mo_id: string;
  recipe: string;
  finished_goods: string;
  quantity: number;
  /** Planned per PLC tag; a tag that is not named is 0. */
  materials: Record<string, number>;
}
