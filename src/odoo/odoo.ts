/**
 * What the tasks need from an Odoo, whichever protocol it speaks. Quantities are in the unit named beside them.
 * Every call may throw a SmartMoError with an ODOO_ code; its `class` says what the caller may do.
 */
export interface Odoo {
  /** Seconds, as set in the dialog: one call (a change gets twice that), and the bounds of the wait after a failure. */
  readonly times: { timeout: number; retryMin: number; retryMax: number };
  /** Version, user and rights; fills the caches of names and digits. */
  probe(signal?: AbortSignal): Promise<OdooProbe>;
  /** Whether the user may change MOs and their components; null when this Odoo does not say. */
  mayChange(signal?: AbortSignal): Promise<boolean | null>;
  /**
   * Confirmed MOs by planned start, then id, with all their components (cancelled moves left out).
   * @param page.seen ids already looked at in this run, left out
   * @param page.domain further domain terms, ANDed
   */
  listConfirmed(page: { limit: number; seen: readonly number[]; domain: readonly unknown[] }, signal?: AbortSignal): Promise<OdooOrder[]>;
  /** State of these MOs in one call. An id that does not come back is gone (or hidden by a record rule). */
  readStates(ids: readonly number[], signal?: AbortSignal): Promise<Map<number, OdooState>>;
  /** One MO with what its moves show as consumed, or null when it does not come back. Two calls. */
  readOrder(id: number, signal?: AbortSignal): Promise<OdooRecord | null>;
  /** ONE atomic write: qty_producing and the consumption of all moves (absolute values, picked). */
  push(payload: PushPayload, signal?: AbortSignal): Promise<void>;
  /** button_mark_done. Its answer proves nothing (odoo.md B0): read back. */
  markDone(id: number, options: { strictConsumption: boolean }, signal?: AbortSignal): Promise<void>;
  /** action_cancel; cancelling a cancelled MO is a success. Read back. */
  cancel(id: number, signal?: AbortSignal): Promise<void>;
  /** Adds a short note to the chatter of the MO. */
  note(id: number, text: string, signal?: AbortSignal): Promise<void>;
  /** What is known from the last calls, without a call. */
  state(): LinkState;
  close(): void;
}

export interface LinkState {
  state: 'ok' | 'down' | 'unknown';
  since: Date | null;
  error: string | null;
}

export interface OdooProbe {
  /** "17.0" */
  version: string;
  major: number;
  uid: number;
  confirmed: number;
  protocol: 'jsonrpc' | 'json2' | 'scada';
}

export type OdooMoState = 'draft' | 'confirmed' | 'progress' | 'to_close' | 'done' | 'cancel';

export interface OdooState {
  odoo_id: number;
  mo_id: string;
  state: OdooMoState;
  quantity: number;
}

export interface OdooOrder extends OdooState {
  product_id: number;
  /** Name for people, without the internal reference. */
  product: string;
  product_code: string;
  uom: string;
  /** "none", "lot" or "serial" */
  tracking: string;
  components: OdooComponent[];
}

export interface OdooComponent {
  move_id: number;
  product_id: number;
  product: string;
  product_code: string;
  tracking: string;
  planned: number;
  uom: string;
  /** Decimals that Odoo keeps of a quantity of this move. */
  digits: number;
}

export interface OdooRecord extends OdooState {
  qty_producing: number;
  qty_produced: number;
  /** Consumption as shown now; a move that is not picked or is cancelled counts as 0. */
  moves: { move_id: number; product_id: number; state: string; quantity: number }[];
}

/** Frozen in the row before anything is sent, and never changed (invariant I8). */
export interface PushPayload {
  mo_id: string;
  odoo_id: number;
  /** qty_producing, in the unit of the order. */
  qty: number;
  moves: { move_id: number; product_id: number; quantity: number }[];
  markDone: boolean;
}
