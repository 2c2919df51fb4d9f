import type { Protocol } from './transport';

/**
 * What the tasks need from an Odoo, whichever protocol it speaks. Quantities are in the unit named beside them.
 * Every call may throw a SmartMoError with an ODOO_ code; its `class` says what the caller may do.
 */
export interface Odoo {
  /** Seconds, as set in the dialog: one call (a change gets twice that), and the bounds of the wait after a failure. */
  readonly times: { timeout: number; retryMin: number; retryMax: number };
  /**
   * Seconds that must pass after a change with an unknown outcome before it goes again: `quietTime` over the routes of the
   * plant module, 0 over stock Odoo, where a late repetition has no second effect. Asks the server at most once, for its
   * protocol; never throws: while nobody knows, it is `quietTime`.
   */
  quietSeconds(signal?: AbortSignal): Promise<number>;
  /** Version, user and rights. */
  probe(signal?: AbortSignal): Promise<OdooProbe>;
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
  /**
   * ONE write: the finished quantity and the consumption of all moves, absolute values; atomic over stock Odoo.
   * @param shown the MO as read just before
   */
  push(payload: PushPayload, shown: OdooRecord, signal?: AbortSignal): Promise<void>;
  /**
   * Marks the MO done. The answer of Odoo proves nothing (odoo.md B0): read back.
   * @returns whether Odoo was let block a consumption that differs: the plant module has no way to be told so
   */
  markDone(payload: PushPayload, options: { strictConsumption: boolean }, signal?: AbortSignal): Promise<boolean>;
  /** Cancels the MO; cancelling a cancelled MO is a success. Read back. */
  cancel(id: number, signal?: AbortSignal): Promise<void>;
  /** Adds a short note to the chatter of the MO. */
  note(id: number, text: string, signal?: AbortSignal): Promise<void>;
  /** What is known from the last calls, without a call. */
  state(): LinkState;
  /** The last time this process found another version of Odoo than before; null: never. */
  upgrade(): Upgrade | null;
  close(): void;
}

export interface Upgrade {
  /** "17.0" */
  from: string;
  to: string;
  at: Date;
}

export interface LinkState {
  state: 'ok' | 'down' | 'unknown';
  since: Date | null;
  error: string | null;
  /** When it last answered this process; null or missing: never, or nobody keeps it. */
  answeredAt?: Date | null;
}

export interface OdooProbe {
  /** "17.0" */
  version: string;
  major: number;
  uid: number;
  confirmed: number;
  protocol: Protocol;
  /** Whether the user may change MOs and their components; null when this Odoo does not say. */
  mayChange: boolean | null;
  /** What works for now but should be put right: sentences with a remedy. */
  warnings: string[];
}

export interface OdooState {
  odoo_id: number;
  mo_id: string;
  /** draft, confirmed, progress, to_close, done, cancel; modules add states of their own. */
  state: string;
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
  /** Equipment code, "" where the component has none; null: stock Odoo knows no equipment, the product decides. */
  equipment: string | null;
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
  /** The same consumption by equipment code, in kg (what is no weight in the unit of its move), for the routes of the plant module. */
  equipment: Record<string, number>;
  markDone: boolean;
}
