import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { call, consumed, order, post, rpc, type Json } from '../support/odoo-simulator-client';

interface Recording {
  name: string;
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  http_status: number;
  content_type: string;
  response: Json;
  /** What was seen in the database after a step, instead of request and response. */
  seen: Json;
}

const RECORDED = new Map(
  (JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'fixtures', 'odoo-simulator', '17.json'), 'utf8')) as Recording[]).map((entry) => [
    entry.name,
    entry,
  ]),
);

/** Orders of the recordings whose moves are named in them: order -> first of its 15 moves. */
const FIRST_MOVES: Readonly<Record<number, number>> = { 26: 416, 29: 482, 30: 498, 37: 626, 38: 645, 40: 677, 80: 1476, 82: 1509 };
const OTHER_ORDERS = [1, 28, 31, 32, 33, 34, 36, 39, 81];

function recording(name: string): Recording {
  const found = RECORDED.get(name);
  assert.ok(found, `no recording ${name}`);
  return found;
}

describe('Odoo simulator: what a real Odoo 17 answered', () => {
  let sim: OdooSimulator;
  /** Recorded id -> id in the simulator. */
  const orders = new Map<number, number>();
  const moves = new Map<number, number>();

  before(async () => {
    sim = await startOdooSimulator({ port: 0, quantity: 2000, orders: 120 });
    const free = sim.orders().filter(({ product }) => product === 'FEED-A');
    for (const recorded of [...Object.keys(FIRST_MOVES).map(Number), ...OTHER_ORDERS]) {
      const taken = free.shift();
      assert.ok(taken);
      orders.set(recorded, taken.odoo_id);
      const first = FIRST_MOVES[recorded];
      if (first !== undefined) taken.moves.forEach(({ move_id }, index) => moves.set(first + index, move_id));
    }
  });
  after(() => sim.close());

  const inOrders = (id: number): number => orders.get(id) ?? id;
  const simulated = (recorded: number) => order(sim, inOrders(recorded));

  /** The recorded value with the simulator's ids, login and database, the noise of binary fractions taken off. */
  function translate(value: unknown, key = '', model = ''): unknown {
    if (Array.isArray(value)) {
      const list = value as unknown[];
      if (list[0] === 1 && typeof list[1] === 'number' && list.length === 3 && typeof list[2] === 'object')
        return [1, moves.get(list[1]) ?? list[1], list[2]];
      return list.map((entry) => translate(entry, key, model));
    }
    if (typeof value === 'number') {
      if (['ids', 'default_mrp_production_ids', 'mrp_production_id', 'mo_ids_to_backorder'].includes(key))
        return model === 'stock.move' ? (moves.get(value) ?? value) : inOrders(value);
      return Math.round(value * 1e6) / 1e6;
    }
    if (typeof value === 'string')
      return value
        .replace(/mrp\.production\((\d+),\)/, (_, id: string) => `mrp.production(${inOrders(Number(id))},)`)
        .replace('port 5499', 'port 5432');
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, name === 'debug' ? '' : translate(entry, name, model)]));
  }

  function translateBody(body: unknown): unknown {
    if (typeof body === 'string') return body;
    const text = JSON.stringify(body).replaceAll('"***"', '"demo"').replaceAll('feedmill17', 'demo').replaceAll('mo_connector', 'demo');
    const copy = JSON.parse(text) as { params?: { service?: string; args?: unknown[] } };
    const args = copy.params?.args;
    if (copy.params?.service === 'object' && args) {
      const model = String(args[3]);
      const [first, ...rest] = args[5] as unknown[];
      const isIds = Array.isArray(first) && first.every((id) => typeof id === 'number');
      args[5] = first === undefined ? [] : [isIds ? translate(first, 'ids', model) : first, ...rest.map((entry) => translate(entry))];
      args[6] = translate(args[6] ?? {});
    }
    return copy;
  }

  /** Sends the recorded request. */
  async function repeat(name: string): Promise<{ status: number; type: string; body: unknown; expected: Recording }> {
    const expected = recording(name);
    const { request } = expected;
    const response =
      request.method === 'GET'
        ? await fetch(`${sim.url}${request.path}`, { headers: { 'Content-Type': 'application/json' } })
        : await post(sim, translateBody(request.body), request.path, request.headers);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, body: type.includes('json') ? JSON.parse(text) : text, expected };
  }

  /** Sends the recorded request and expects the recorded answer, to the letter but for tracebacks. */
  async function same(...names: string[]): Promise<void> {
    for (const name of names) {
      const { status, body, expected } = await repeat(name);
      assert.equal(status, expected.http_status, name);
      assert.deepEqual(translate(body), translate(expected.response), name);
    }
  }

  const seen = (name: string): Json => recording(name).seen;
  const stockDelta = (name: string): Json => seen(name)['stock_delta'] as Json;

  /** Stock moved since that many effects, per product. */
  function moved(since: number): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const effect of sim.effects().slice(since)) {
      if (effect.kind === 'consume') sums[effect.product] = (sums[effect.product] ?? 0) - effect.quantity;
      if (effect.kind === 'produce') sums[effect.product] = (sums[effect.product] ?? 0) + effect.quantity;
    }
    return Object.fromEntries(Object.entries(sums).map(([product, sum]) => [product, Math.round(sum * 100) / 100]));
  }

  const shown = (recorded: number, count = 15): [number, number, boolean, string][] =>
    simulated(recorded)
      .moves.slice(0, count)
      .map(({ planned, quantity, picked, state }) => [planned, quantity, picked, state]);

  /** Writes what the recordings prepared without recording it: production and every component, as a share of the plan. */
  async function prepare(recorded: number, share: number, values: Json = {}): Promise<void> {
    const quantities = simulated(recorded).moves.map(({ move_id, planned }) => ({ move_id, quantity: planned * share }));
    await call(sim, 'mrp.production', 'write', [
      [inOrders(recorded)],
      { qty_producing: 2000 * share, move_raw_ids: consumed(quantities), ...values },
    ]);
  }

  describe('transport and errors', () => {
    it('answers version, login and login errors', () =>
      same(
        'version',
        'auth-ok',
        'auth-wrong-password',
        'auth-unknown-user',
        'auth-unknown-db',
        'call-wrong-password',
        'call-unknown-db',
        'health',
        'version-info',
      ));

    for (const name of ['malformed-json', 'get-jsonrpc', 'batch-array']) {
      it(`answers ${name} with the recorded text`, async () => {
        const { status, type, body, expected } = await repeat(name);
        assert.equal(status, expected.http_status);
        assert.match(type, /^text\/html/);
        assert.equal(body, expected.response['__raw__']);
      });
    }

    for (const name of ['wrong-content-type', 'no-such-path']) {
      it(`answers ${name} with a page`, async () => {
        const { status, type, body, expected } = await repeat(name);
        assert.equal(status, expected.http_status);
        assert.match(type, /^text\/html/);
        assert.match(String(body), /^<!doctype html>/);
      });
    }

    it('refuses what it does not have', () =>
      same(
        'missing-params',
        'digits',
        'wrong-field-in-fields',
        'wrong-field-in-domain',
        'wrong-field-in-order',
        'wrong-field-in-write',
        'wrong-model',
        'wrong-method',
        'private-method',
        'wrong-kwarg',
        'wrong-type-value',
      ));
  });

  describe('reading', () => {
    it('answers fields_get and product codes to the letter', () => same('fields_get', 'moves-fields_get', 'product-codes'));

    for (const name of ['search_read-confirmed-limit10-offset0', 'search_read-keyset-id-gt', 'moves-of-1-mo']) {
      it(`answers ${name} in the recorded shape`, async () => {
        const { body, expected } = await repeat(name);
        const shapes = (records: unknown): unknown[] => (records as Json[]).map(shape);
        const wanted = shapes(expected.response['result']);
        const got = shapes((body as Json)['result']);
        assert.equal(got.length, wanted.length);
        assert.deepEqual(got, wanted);
      });
    }
  });

  describe('a push (A)', () => {
    it('reserves, takes the write twice, moves no stock before done', async () => {
      assert.deepEqual(
        simulated(26).moves.map(({ planned, quantity, state }) => [planned, quantity, state]),
        (seen('A-before')['moves'] as unknown[][]).map(([, ...values]) => values),
      );
      await same('A1-write-qty_producing');
      assert.deepEqual({ state: simulated(26).state, moves: shown(26, 3) }, seen('A1-state-after'));
      for (const time of [1, 2]) {
        await same(`A3-write-all-moves-one-call-time-${time}`);
        const after = seen(`A3-state-${time}`);
        assert.deepEqual([simulated(26).state, shown(26)], [after['state'], after['moves']]);
      }
      assert.deepEqual(sim.effects(), []);
    });

    it('answers a wizard and does nothing without the context', async () => {
      await same('A4-mark_done-plain');
      assert.equal(simulated(26).state, seen('A4-state')['state']);
    });

    it('is done once, however often it is marked', async () => {
      const before = sim.effects().length;
      await same('A5-mark_done-context');
      assert.deepEqual(shown(26), seen('A5-after')['moves']);
      assert.deepEqual(moved(before), stockDelta('A5-after'));
      const effects = sim.effects().length;
      await same('A6-mark_done-again', 'A6b-mark_done-again-no-context');
      await same('A7-write-consumption-on-done-MO-same', 'A7b-full-push-again-on-done-MO');
      assert.equal(simulated(26).state, 'done');
      assert.equal(sim.effects().length, effects);
    });

    it('moves stock again when other values are written on a done order', async () => {
      const effects = sim.effects().length;
      await same('A8-write-consumption-on-done-MO-changed');
      assert.deepEqual(moved(effects), stockDelta('A8-after'));
      await same('A9-cancel-done-MO', 'A10-unlink-done-MO');
      assert.equal(simulated(26).state, 'done');
    });

    it('asks about a blocked consumption unless told to skip (B)', async () => {
      const quantities = simulated(28).moves.map(({ move_id }, index) => ({
        move_id,
        quantity: (seen('C2-after')['wanted'] as number[])[index] as number,
      }));
      await call(sim, 'mrp.production', 'write', [
        [inOrders(28)],
        { qty_producing: 2000, consumption: 'strict', move_raw_ids: consumed(quantities) },
      ]);
      await same('B4-strict-mark_done-plain', 'B5-strict-mark_done-skip_consumption');
      assert.equal(simulated(28).state, 'done');
    });
  });

  describe('the traps of a naive client (C)', () => {
    it('overwrites what was written when qty_producing is 0', async () => {
      await same('C1-trap-write-moves-only');
      assert.deepEqual(
        { mo: simulated(29).state, qty_producing: simulated(29).qty_producing, moves: shown(29, 4).map((move) => move.slice(0, 3)) },
        seen('C1-after'),
      );
      await same('C2-trap-mark_done');
      assert.equal(simulated(29).state, 'done');
      assert.deepEqual(
        shown(29).map(([, quantity]) => quantity),
        seen('C2-after')['got'],
      );
    });

    it('consumes nothing and produces all the same without picked', async () => {
      const effects = sim.effects().length;
      await same('C3-trap-quantity-without-picked', 'C4-mark_done');
      assert.deepEqual(
        { mo: simulated(30).state, moves: shown(30).map((move) => move.slice(1)), stock_delta: moved(effects) },
        seen('C4-after'),
      );
    });

    it('does everything as planned when nothing was written', async () => {
      await same('C5-mark_done-without-anything', 'C6-mark_done-without-anything-ctx');
      for (const id of [31, 32])
        assert.deepEqual({ mo: simulated(id).state, got: shown(id, 4).map(([, quantity]) => quantity) }, seen('C5-after'));
    });
  });

  describe('less and more than ordered (D)', () => {
    it('asks for a backorder, or closes short', async () => {
      await prepare(33, 0.75);
      assert.equal(simulated(33).state, seen('D0-partial-state')['state']);
      await same('D1-partial-mark_done-plain', 'D2-partial-skip_backorder');
      const { state, quantity, qty_produced } = simulated(33);
      assert.deepEqual([state, quantity, qty_produced], (seen('D2-after')['mo'] as unknown[][])[0]?.slice(1));
    });

    it('splits off a backorder and renames the original', async () => {
      const { mo_id, origin } = simulated(34);
      await prepare(34, 0.75);
      await same('D3-partial-mo_ids_to_backorder');
      const family = sim.orders().filter((entry) => entry.mo_id.startsWith(mo_id));
      assert.deepEqual(
        family.map((entry) => [entry.mo_id.slice(mo_id.length), entry.state, entry.quantity, entry.qty_produced]),
        (seen('D3-after')['mos'] as unknown[][]).map(([, name, state, quantity, produced]) => [
          String(name).slice(-4),
          state,
          quantity,
          produced,
        ]),
      );
      assert.deepEqual(
        family.map((entry) => entry.origin),
        [origin, origin],
      );
    });

    it('accepts more than ordered', async () => {
      await prepare(36, 1.1);
      await same('D4-over-production-mark_done');
      assert.deepEqual(
        [simulated(36).state, simulated(36).quantity, simulated(36).qty_produced],
        (seen('D4-after')['mo'] as unknown[][])[0]?.slice(1),
      );
      assert.deepEqual(
        shown(36, 4).map(([, quantity]) => quantity),
        seen('D4-after')['got'],
      );
    });
  });

  describe('amounts (E)', () => {
    it('rounds, and takes zero, less than zero and more than there is', async () => {
      await same('E1-qty-3-decimals');
      assert.equal(shown(37, 1)[0]?.[1], seen('E1-after')['got']);
      await same('E2-qty-zero');
      assert.deepEqual(
        shown(37, 3).map((move) => move.slice(1)),
        seen('E2-after')['got'],
      );
      await same('E3-qty-negative');
      assert.deepEqual(
        shown(37, 3).map((move) => move.slice(1, 3)),
        seen('E3-after')['got'],
      );
      await same('E3b-restore', 'E4-qty-more-than-stock');
      assert.deepEqual(
        shown(37, 4).map((move) => move.slice(1)),
        seen('E4-after')['got'],
      );
      await same('E4b-restore');
    });

    it('adds a component that is not in the recipe, and consumes 0 of what was not written', async () => {
      await same('E5-extra-component');
      const last = { ...(seen('E5-after')['last'] as Json), id: undefined, raw_material_production_id: undefined };
      const extra = simulated(37).moves.at(-1)?.move_id;
      const [read] = (await call(sim, 'stock.move', 'search_read', [[['id', '=', extra]]], { fields: Object.keys(last) })) as Json[];
      assert.deepEqual({ ...read, id: undefined, raw_material_production_id: undefined }, last);

      const effects = sim.effects().length;
      await same('E6-mark_done-with-zero-component');
      assert.deepEqual({ mo: simulated(37).state, got: shown(37, 16), stock_delta: moved(effects) }, seen('E6-after'));
    });
  });

  describe('cancelled and deleted (F)', () => {
    it('drops a cancelled order and keeps answering true', async () => {
      await same('F1-action_cancel', 'F2-action_cancel-again', 'F3-write-qty_producing-on-cancelled');
      assert.deepEqual({ state: simulated(38).state, qty_producing: simulated(38).qty_producing }, seen('F3-after'));
      await same('F4-write-move-on-cancelled', 'F4b-write-moves-via-mo-on-cancelled', 'F5-mark_done-cancelled');
      assert.equal(simulated(38).state, 'cancel');
      assert.ok(simulated(38).moves.every(({ state }) => state === 'cancel'));
      await prepare(39, 0.5);
      const effects = sim.effects().length;
      await same('F6-cancel-in-progress');
      assert.deepEqual(
        sim
          .effects()
          .slice(effects)
          .map(({ kind }) => kind),
        ['cancel'],
      );
    });

    it('answers reads of a deleted order with nothing and writes with an error', async () => {
      await sim.command({ action: 'delete', mo_id: simulated(40).mo_id });
      await same('F8-read-deleted', 'F9-write-deleted', 'F10-mark_done-deleted', 'F11-write-move-deleted', 'F12-exists');
      assert.deepEqual(await call(sim, 'mrp.production', 'search_read', [[['id', '=', inOrders(40)]]], { fields: ['id', 'state'] }), []);
    });
  });

  describe('careless clients (X, G)', () => {
    it('consumes nothing of the components that were not sent (X4)', async () => {
      const effects = sim.effects().length;
      await same('X4a-only-3-of-15-components-sent', 'X4b-mark_done');
      assert.deepEqual({ state: simulated(80).state, stock_delta: moved(effects) }, seen('X4c-after'));
    });

    it('writes the move of another order that is named in a command (X5)', async () => {
      await same('X5-move-of-another-MO-in-command');
      assert.equal(simulated(82).moves[0]?.quantity, seen('X5-after')['other_mo_move']);
      assert.equal(simulated(82).state, 'progress');
    });

    it('fails mark done of several orders for one that is missing (G6)', async () => {
      const open = simulated(81).odoo_id;
      const answer = await rpc(sim, 'mrp.production', 'button_mark_done', [[open, 99999999]]);
      assert.equal(
        ((answer['error'] as Json)['data'] as Json)['message'],
        'Record does not exist or has been deleted.\n(Record: mrp.production(99999999,), User: 6)',
      );
      assert.equal(simulated(81).state, 'confirmed');
    });
  });
});

/** Keys with the kinds of their values: "number", "string", "[number,string]". */
function shape(record: Json): Json {
  const kind = (value: unknown): string =>
    Array.isArray(value) ? `[${[...new Set((value as unknown[]).map(kind))].join(',')}]` : typeof value;
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, kind(value)]));
}
