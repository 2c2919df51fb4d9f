import { initialProducts, type Product } from './catalogue';

/** A manufacturing order (mrp.production). Quantities in kg, times as Odoo writes them: UTC, to the second, no zone. */
export interface Order {
  readonly id: number;
  readonly name: string;
  readonly state: 'draft' | 'confirmed' | 'progress' | 'to_close' | 'done' | 'cancel';
  readonly product_id: number;
  readonly uom_id: number;
  readonly quantity: number;
  readonly qty_producing: number;
  readonly qty_produced: number;
  readonly consumption: 'flexible' | 'warning' | 'strict';
  readonly origin: string;
  readonly bom_id: number;
  readonly move_ids: readonly number[];
  readonly planned_start: string;
  /** Planned end until the order is done, then the real one. */
  readonly end: string;
  readonly write_date: string;
  /** Highest suffix given to it and its backorders, 0 = never split. */
  readonly split: number;
  readonly notes: readonly string[];
  /** The finished product has its lot number. */
  readonly lot: boolean;
}

/** A component of an order (stock.move). */
export interface Move {
  readonly id: number;
  /** null when the order was deleted: Odoo up to 18 leaves the cancelled moves behind. */
  readonly order_id: number | null;
  readonly product_id: number;
  readonly uom_id: number;
  readonly bom_line_id: number | null;
  readonly planned: number;
  /** Reserved quantity until `picked`, consumed quantity then; what each version shows of it is in fields.ts. */
  readonly quantity: number;
  readonly picked: boolean;
  readonly state: 'confirmed' | 'partially_available' | 'assigned' | 'done' | 'cancel';
}

/** What really happened to stock, and every order that ended: the evidence that nothing was lost or doubled. */
export type Effect = { at: string; mo_id: string; odoo_id: number } & (
  { kind: 'consume' | 'produce'; product: string; quantity: number } | { kind: 'done' | 'cancel' }
);

/** The database of the simulator. Records are never changed in place: {@link fork} and replace them. */
export interface Tables {
  readonly next: { order: number; number: number; move: number; message: number };
  readonly orders: Map<number, Order>;
  readonly moves: Map<number, Move>;
  readonly products: Map<number, Product>;
  readonly effects: Effect[];
}

/** The tables as they are written to the state file. */
export interface SavedTables {
  format: 1;
  next: Tables['next'];
  orders: Order[];
  moves: Move[];
  products: Product[];
  effects: Effect[];
  /** Version it was configured for and the one it was upgraded to; absent in files of older releases. */
  version?: { configured: string; running: string };
}

/** A freshly installed database: products, no orders. Moves start where a seeded Odoo starts them. */
export function emptyTables(): Tables {
  return {
    next: { order: 1, number: 1, move: 16, message: 1 },
    orders: new Map(),
    moves: new Map(),
    products: new Map(initialProducts().map((product) => [product.id, product])),
    effects: [],
  };
}

/** A copy to work on: a transaction that fails is dropped, one that succeeds takes the place of the original. */
export function fork(tables: Tables): Tables {
  return {
    next: { ...tables.next },
    orders: new Map(tables.orders),
    moves: new Map(tables.moves),
    products: new Map(tables.products),
    effects: [...tables.effects],
  };
}

export function toSaved(tables: Tables, version: SavedTables['version'] & object): SavedTables {
  return {
    format: 1,
    version,
    next: tables.next,
    orders: [...tables.orders.values()],
    moves: [...tables.moves.values()],
    products: [...tables.products.values()],
    effects: tables.effects,
  };
}

export function fromSaved(saved: SavedTables): Tables {
  const byId = <R extends { id: number }>(records: R[]): Map<number, R> => new Map(records.map((record) => [record.id, record]));
  return { next: saved.next, orders: byId(saved.orders), moves: byId(saved.moves), products: byId(saved.products), effects: saved.effects };
}

export function movesOf(tables: Tables, order: Order): Move[] {
  return order.move_ids.flatMap((id) => tables.moves.get(id) ?? []);
}

export function productOf(tables: Tables, id: number): Product {
  const product = tables.products.get(id);
  if (!product) throw new Error(`the simulator's product ${id} does not exist`);
  return product;
}

/** "[SILO-101] Silo 101 ingredient", as Odoo shows a product in a many2one. */
export function productLabel(product: Product): string {
  return product.code === '' ? product.name : `[${product.code}] ${product.name}`;
}

/** "2026-11-21 17:52:33" */
export function odooTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

export function fromOdooTime(text: string): Date {
  return new Date(`${text.replace(' ', 'T')}Z`);
}

/** Forgets the oldest ended orders beyond `keep`, with their moves and effects: a demo that runs for weeks must not fill the disk. */
export function forgetOldest(tables: Tables, keep: number): void {
  const ended = [...tables.orders.values()].filter((order) => order.state === 'done' || order.state === 'cancel');
  const old = ended.slice(0, Math.max(0, ended.length - keep));
  if (old.length === 0) return;
  const forgotten = new Set(old.map((order) => order.id));
  for (const order of old) {
    for (const id of order.move_ids) tables.moves.delete(id);
    tables.orders.delete(order.id);
  }
  const kept = tables.effects.filter((effect) => !forgotten.has(effect.odoo_id));
  tables.effects.splice(0, tables.effects.length, ...kept);
}
