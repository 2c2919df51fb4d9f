import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { call, consumed, post, type Json } from './odoo-simulator-client';

/** One step of a recording. The fixtures leave out `search_view` of actions, a Python text that nobody reads. */
export interface Recording {
  name: string;
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  http_status: number;
  response: Json;
  /** What was seen in the database after a step, instead of request and response. */
  seen: Json;
}

/** Steps by which an order of the recordings is found: the step was called on it. */
const STEPS = {
  pushed: 'A1-write-qty_producing',
  strict: 'B4-strict-mark_done-plain',
  unproduced: 'C1-trap-write-moves-only',
  unpicked: 'C3-trap-quantity-without-picked',
  untouched: 'C5-mark_done-without-anything',
  untouchedToo: 'C6-mark_done-without-anything-ctx',
  short: 'D1-partial-mark_done-plain',
  split: 'D3-partial-mo_ids_to_backorder',
  more: 'D4-over-production-mark_done',
  amounts: 'E1-qty-3-decimals',
  cancelled: 'F1-action_cancel',
  cancelledLate: 'F6-cancel-in-progress',
  deleted: 'F9-write-deleted',
  few: 'X4a-only-3-of-15-components-sent',
  named: 'X5-move-of-another-MO-in-command',
  overJson2: 'J11-write',
} as const;
export type Role = keyof typeof STEPS;

export interface Replay {
  readonly sim: OdooSimulator;
  /** Recorded ids of the ten orders that were marked done in one call, one of them cancelled. */
  readonly batch: readonly number[];
  recorded(name: string): Recording | undefined;
  seen(name: string): Json;
  /** Sends the recorded request as it fits the simulator. */
  repeat(name: string): Promise<{ status: number; body: unknown; expected: Recording; cookie: string | null }>;
  /** Sends the recorded requests and expects the recorded answers, to the letter but for tracebacks. */
  same(...names: string[]): Promise<void>;
  /** The same after a command that makes the server answer so. */
  sameUnder(fault: string, name: string): Promise<void>;
  /** Names an order of the simulator by the id it has in the recordings. */
  knowAs(recorded: number, odooId: number): void;
  /** Recorded id of the order that a step was called on. */
  called(name: string): number;
  /** Id in the simulator of an order of the recordings. */
  id(order: Role | number): number;
  /** `[planned, consumption as that version shows it, picked or null, state]` of the first components. */
  moves(order: Role | number, count?: number): Promise<[number, number, boolean | null, string][]>;
  /** Values of the order as that version shows them. */
  read(order: Role | number, ...fields: string[]): Promise<unknown[]>;
  /** Stock moved since that many effects, per product. */
  moved(since: number): Record<string, number>;
  /** Writes what the recordings prepared without recording it: production and every component, as a share of the plan. */
  prepare(order: Role | number, share: number, values?: Json): Promise<void>;
}

/** A simulator of that version in which the orders of the recordings have their counterparts. */
export async function startReplay(version: string): Promise<Replay> {
  const recordings = recordingsOf(version);
  const sim = await startOdooSimulator({ port: 0, version, quantity: 2000, orders: 160 });
  const old = Number(version) < 17;
  const field = old ? 'quantity_done' : 'quantity';
  /** Recorded id -> id in the simulator. */
  const orders = new Map<number, number>();
  const moves = new Map<number, number>();
  let cookie: string | null = null;

  function recording(name: string): Recording {
    const found = recordings.get(name);
    assert.ok(found, `no recording ${name} of Odoo ${version}`);
    return found;
  }

  pairUp();

  function pairUp(): void {
    const free = sim.orders().filter(({ product }) => product === 'FEED-A');
    const firstMoves = movesNamed(recordings);
    const roles = Object.values(STEPS).flatMap((step) => (recordings.has(step) ? idsOf(recording(step))[0] : undefined) ?? []);
    for (const recorded of new Set([1, ...roles, ...idsOf(recording('G5-mark_done-10-one-cancelled')), ...firstMoves.keys()])) {
      const taken = free.shift();
      assert.ok(taken, 'the simulator has too few orders');
      orders.set(recorded, taken.odoo_id);
      const first = firstMoves.get(recorded);
      if (first !== undefined) taken.moves.forEach(({ move_id }, index) => moves.set(first + index, move_id));
    }
  }

  const ofOrder = (id: number): number => orders.get(id) ?? id;

  /** The recorded value with the simulator's ids, login and database. */
  function translate(value: unknown, key = '', model = ''): unknown {
    if (Array.isArray(value)) {
      const list = value as unknown[];
      if (list[0] === 1 && typeof list[1] === 'number' && list.length === 3 && typeof list[2] === 'object')
        return [1, moves.get(list[1]) ?? list[1], list[2]];
      // Here the first number is the command.
      if (key === 'default_mo_ids') return (list as number[][]).map(([command, id]) => [command, ofOrder(Number(id))]);
      return list.map((entry) => translate(entry, key, model));
    }
    if (typeof value === 'number') return translateNumber(value, key, model);
    if (typeof value === 'string')
      return value
        .replace(/mrp\.production\((\d+),\)/, (_, id: string) => `mrp.production(${ofOrder(Number(id))},)`)
        .replace(/stock\.move\((\d+),\)/, (_, id: string) => `stock.move(${moves.get(Number(id)) ?? id},)`)
        .replace(/User: \d+/, 'User: 6')
        .replace(/feedmill\d\d/, 'demo')
        .replace('port 5499', 'port 5432');
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, translate(entry, name, model)]));
  }

  function translateNumber(value: number, key: string, model: string): number {
    if (key === 'uid') return 6;
    // kg has another id in the newest database.
    if (['product_uom_id', 'product_uom', 'uom_id'].includes(key) && version === '19') return value === 16 ? 12 : value;
    if (key === 'ids' && model === 'stock.move') return moves.get(value) ?? value;
    if (/^(ids|default_mrp_production_ids|mrp_production_id|mo_ids_to_backorder|button_mark_done_production_ids|res_id)$/.test(key))
      return ofOrder(value);
    return value;
  }

  /** The recorded request with the simulator's secrets and ids. */
  function translateBody(name: string, body: unknown): unknown {
    if (typeof body !== 'object' || body === null) return body;
    const secret = name.includes('api-key') ? 'demo-key' : 'demo';
    const text = JSON.stringify(body)
      .replaceAll('"***"', `"${secret}"`)
      .replaceAll(/feedmill\d\d/g, 'demo')
      .replaceAll('mo_connector', 'demo');
    const copy = JSON.parse(text) as { params?: { service?: string; args?: unknown[] } };
    const args = copy.params?.args;
    if (copy.params?.service === 'object' && args) {
      args[1] = args[1] === 'abc' ? args[1] : 6;
      const model = String(args[3]);
      const [first, ...rest] = args[5] as unknown[];
      const isIds = Array.isArray(first) && first.every((id) => typeof id === 'number');
      args[5] = first === undefined ? [] : [isIds ? translate(first, 'ids', model) : first, ...rest.map((entry) => translate(entry))];
      args[6] = translate(args[6] ?? {});
      return copy;
    }
    return 'params' in copy ? copy : translate(copy);
  }

  function headersOf(name: string, { headers }: Recording['request']): Record<string, string> {
    const key = name.includes('password-as-bearer') ? 'demo' : 'demo-key';
    const own = Object.entries(headers).map(
      ([header, text]) => [header, text.replace('***', key).replace(/feedmill\d\d/, 'demo')] as const,
    );
    return { ...(cookie && /^W/.test(name) && !/no-cookie/.test(name) ? { Cookie: cookie } : {}), ...Object.fromEntries(own) };
  }

  const replay: Replay = {
    sim,
    batch: idsOf(recording('G5-mark_done-10-one-cancelled')),
    recorded: (name) => recordings.get(name),
    seen: (name) => recording(name).seen,
    async repeat(name) {
      const expected = recording(name);
      const { request } = expected;
      const headers = headersOf(name, request);
      const response =
        request.method === 'GET'
          ? await fetch(`${sim.url}${request.path}`, { headers: { 'Content-Type': 'application/json', ...headers } })
          : await post(sim, translateBody(name, request.body), request.path, headers);
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').includes('json');
      const body = isJson ? (JSON.parse(text) as unknown) : { __raw__: text.startsWith('<!doctype html>') ? PAGE : text };
      cookie = /session_id=[^;]+/.exec(response.headers.get('set-cookie') ?? '')?.[0] ?? cookie;
      return { status: response.status, body, expected, cookie };
    },
    async same(...names) {
      for (const name of names) {
        const { status, body, expected } = await replay.repeat(name);
        assert.equal(status, expected.http_status, name);
        assert.deepEqual(comparable(body), comparable(translate(loginOf(name, expected.response))), name);
      }
    },
    async sameUnder(fault, name) {
      await sim.command({ action: 'fault', fault });
      await replay.same(name);
    },
    knowAs: (recorded, odooId) => void orders.set(recorded, odooId),
    called: (name) => idsOf(recording(name))[0] ?? 0,
    id: (order) => ofOrder(typeof order === 'number' ? order : replay.called(STEPS[order])),
    async moves(order, count = 15) {
      const [ids] = await replay.read(order, 'move_raw_ids');
      const fields = ['product_uom_qty', field, 'state', ...(old ? [] : ['picked'])];
      const found = (await call(sim, 'stock.move', 'read', [(ids as number[]).slice(0, count)], { fields })) as Json[];
      return found.map((move) => [Number(move['product_uom_qty']), Number(move[field]), pickedOf(move), String(move['state'])]);
    },
    async read(order, ...fields) {
      const [found] = (await call(sim, 'mrp.production', 'read', [[replay.id(order)]], { fields })) as Json[];
      assert.ok(found, `no order ${order}`);
      return fields.map((name) => found[name]);
    },
    moved(since) {
      const sums: Record<string, number> = {};
      for (const effect of sim.effects().slice(since)) {
        if (effect.kind === 'consume') sums[effect.product] = (sums[effect.product] ?? 0) - effect.quantity;
        if (effect.kind === 'produce') sums[effect.product] = (sums[effect.product] ?? 0) + effect.quantity;
      }
      return Object.fromEntries(Object.entries(sums).map(([product, sum]) => [product, Math.round(sum * 100) / 100]));
    },
    async prepare(order, share, values = {}) {
      const view = sim.orders().find(({ odoo_id }) => odoo_id === replay.id(order));
      assert.ok(view);
      const quantities = view.moves.map(({ move_id, planned }) => ({ move_id, quantity: planned * share }));
      await call(sim, 'mrp.production', 'write', [
        [view.odoo_id],
        { qty_producing: 2000 * share, move_raw_ids: consumed(quantities, version), ...values },
      ]);
    },
  };
  return replay;
}

/** Without traceback and the noise of binary fractions; ids of actions and views are those of an installation. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'number') return Math.round(value * 1e6) / 1e6;
  if (typeof value !== 'object' || value === null) return value;
  const shown = { ...value } as Json;
  if ('debug' in shown) shown['debug'] = '';
  if (shown['type'] === 'ir.actions.act_window') Object.assign(shown, { id: 0, view_id: 0, views: [] });
  return Object.fromEntries(Object.entries(shown).map(([name, entry]) => [name, comparable(entry)]));
}

const PAGE = '<!doctype html>(page left out)';

function pickedOf(move: Json): boolean | null {
  return typeof move['picked'] === 'boolean' ? move['picked'] : null;
}

/** The user's id is that of a database: 5 in the newest. */
function loginOf(name: string, response: Json): Json {
  return name.startsWith('auth-') && typeof response['result'] === 'number' ? { ...response, result: 6 } : response;
}

/** The recordings of that version by name. */
export function recordingsOf(version: string): Map<string, Recording> {
  const text = fs.readFileSync(path.join(__dirname, '..', 'fixtures', 'odoo-simulator', `${version}.json`), 'utf8');
  return new Map((JSON.parse(text) as Recording[]).map((entry) => [entry.name, entry]));
}

/** Ids that a recorded request was called on. */
function idsOf({ request }: Recording): number[] {
  const body = request.body as { ids?: number[]; params?: { args?: unknown[] } } | null;
  const first = body?.ids ?? (body?.params?.args?.[5] as unknown[] | undefined)?.[0];
  return Array.isArray(first) ? (first as unknown[]).filter((id): id is number => typeof id === 'number') : [];
}

/** Order -> its first move, for the orders whose moves are named in a request. */
function movesNamed(recordings: ReadonlyMap<string, Recording>): Map<number, number> {
  const first = new Map<number, number>();
  const note = (order: number | undefined, move: unknown): void => {
    if (order !== undefined && typeof move === 'number') first.set(order, Math.min(move, first.get(order) ?? move));
  };
  const owner = (step: string): number | undefined => {
    const found = recordings.get(step);
    return found && idsOf(found)[0];
  };
  for (const [name, entry] of recordings) {
    if (!('request' in entry) || /^T/.test(name)) continue;
    const commands = /"move_raw_ids":\[\[1,(\d+)/.exec(JSON.stringify(entry.request.body));
    if (commands && !name.startsWith('X5')) note(idsOf(entry)[0], Number(commands[1]));
  }
  note(owner(STEPS.cancelled), owner('F4-write-move-on-cancelled'));
  note(owner(STEPS.deleted), owner('F11-write-move-deleted'));
  const other = recordings.get('X5-after')?.seen['raw_material_production_id'] as [number, string] | undefined;
  note(other?.[0], Number(/\[\[1,(\d+)/.exec(JSON.stringify(recordings.get(STEPS.named)?.request.body))?.[1]));
  return first;
}
