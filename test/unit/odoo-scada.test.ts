import assert from 'node:assert/strict';
import { pushBatch } from '../../src/line/push';
import type { Odoo, OdooRecord, PushPayload } from '../../src/odoo/odoo';
import { type Asked, connectTo, cookieOf, NO_PAGE, Raw, Refusal, type Script, startScript } from '../support/odoo-script';

const LIST = '/api/scada/mo-list-detailed';
const UPDATE = '/api/scada/mo/update-with-consumptions';
const DONE = '/api/scada/mo/mark-done';
const CANCEL = '/api/scada/mo/cancel';
const EXPIRED = new Refusal('odoo.http.SessionExpiredException', 'Session expired');

const PAYLOAD: PushPayload = {
  mo_id: 'WH/MO/00007',
  odoo_id: 7,
  qty: 998.5,
  moves: [
    { move_id: 71, product_id: 2, quantity: 588 },
    { move_id: 72, product_id: 3, quantity: 0 },
  ],
  // A code that is also the name of a parameter must not replace it.
  equipment: { silo101: 588, silo102: 0, mo_id: 3 },
  markDone: true,
};
const SHOWN: OdooRecord = {
  mo_id: 'WH/MO/00007',
  odoo_id: 7,
  state: 'confirmed',
  quantity: 1000,
  qty_producing: 0,
  qty_produced: 0,
  moves: [
    { move_id: 71, product_id: 2, state: 'assigned', quantity: 0 },
    { move_id: 72, product_id: 3, state: 'assigned', quantity: 0 },
  ],
};

/** Odoo 14 with the plant module: order n has id n, two components, and a BoM for 100 kg. */
const USUAL: Record<string, unknown> = {
  'common.version': { server_version: '14.0', server_version_info: [14, 0, 0, 'final', 0, ''] },
  'stock.move.fields_get': { quantity_done: { digits: [16, 3] } },
  'mrp.production.fields_get': { date_start: {}, date_planned_start: {} },
  [UPDATE]: { status: 'success', mo_state: 'to_close', consumed_items: [], errors: [] },
  [DONE]: { status: 'success' },
  [CANCEL]: { status: 'success', mo_state: 'cancel' },
};
const nameOf = (id: number): string => `WH/MO/${String(id).padStart(5, '0')}`;
const listed = (id: number): object => ({
  mo_id: nameOf(id),
  state: 'confirmed',
  schedule_start: '2026-01-01T06:00:00',
  product_name: 'Feed',
  quantity: 1000,
  uom: 'kg',
  equipment: { code: 'PLC01', name: 'Line' },
  bom_components: [],
  components_consumption: [
    {
      product_id: 2,
      product_name: 'Soy',
      to_consume: 60,
      reserved: 0,
      consumed: 0,
      uom: 'kg',
      equipment: { code: 'silo101', name: 'Silo' },
    },
    { product_id: 3, product_name: 'Salt', to_consume: 0.04, reserved: 0, consumed: 0, uom: 't', equipment: false },
  ],
});
const record = (id: number): object => ({
  id,
  name: nameOf(id),
  state: 'confirmed',
  product_qty: 1000,
  product_id: [1, 'Feed'],
  product_uom_id: [12, 'kg'],
  move_raw_ids: [id * 10 + 1, id * 10 + 2],
});
const moves = (id: number): object[] =>
  [2, 3].map((product, index) => ({
    id: id * 10 + index + 1,
    product_id: [product, `P${product}`],
    product_uom: [12, 'kg'],
    product_uom_qty: 1,
    state: 'assigned',
    raw_material_production_id: [id, nameOf(id)],
  }));

/** The ids of a domain such as [["name","in",[..]], ..] or [["id","in",[..]]]. */
function asked({ args }: Asked): number[] {
  const [[[, , values]]] = args as [[[string, string, (string | number)[]]]];
  return values.map((value) => Number(String(value).replace('WH/MO/', '')));
}

describe('scada, the routes of the plant module', () => {
  let script: Script;
  let odoo: Odoo;

  async function start(answer: (one: Asked) => unknown, orders = 0): Promise<void> {
    script = await startScript((one) => {
      const given = answer(one);
      if (given !== undefined) return given;
      if (one.name === LIST) {
        const { limit, offset } = one.options as { limit: number; offset: number };
        const data = Array.from({ length: orders }, (_, index) => listed(index + 1)).slice(offset, offset + limit);
        return { status: 'success', count: data.length, data };
      }
      if (one.name === 'mrp.production.search_read') return asked(one).map(record);
      if (one.name === 'stock.move.search_read') return asked(one).flatMap(moves);
      return USUAL[one.name];
    });
    odoo = connectTo(script.url, { protocol: 'scada' });
  }
  afterEach(async () => {
    odoo.close();
    await script.close();
  });
  const sent = (name: string): object[] => script.asked.filter((one) => one.name === name).map(({ options }) => options);

  it('lists pages with ids, moves, equipment codes and the plan as the module writes it', async () => {
    await start(() => undefined, 12);
    const first = await odoo.listConfirmed({ limit: 5, seen: [], domain: [] });
    assert.deepEqual(
      first.map(({ odoo_id, mo_id }) => [odoo_id, mo_id]),
      [1, 2, 3, 4, 5].map((id) => [id, nameOf(id)]),
    );
    assert.deepEqual(
      first[0]!.components.map(({ move_id, product_id, planned, uom, digits, equipment }) => [
        move_id,
        product_id,
        planned,
        uom,
        digits,
        equipment,
      ]),
      [
        [11, 2, 60, 'kg', 3, 'silo101'],
        [12, 3, 40, 'kg', 3, ''],
      ],
    );
    const next = await odoo.listConfirmed({ limit: 5, seen: [1, 2, 3, 4, 5], domain: [] });
    assert.deepEqual(
      next.map((order) => order.odoo_id),
      [6, 7, 8, 9, 10],
    );
    assert.deepEqual(
      sent(LIST),
      [0, 5].map((offset) => ({ limit: 50, offset, states: ['confirmed'] })),
    );
  });

  it('fills a page from further pages when the filter of the flow leaves MOs out, and lists none twice', async () => {
    await start(
      (one) =>
        one.name === 'mrp.production.search_read'
          ? asked(one)
              .filter((id) => id % 2 === 0)
              .map(record)
          : undefined,
      12,
    );
    const first = await odoo.listConfirmed({ limit: 4, seen: [], domain: [['origin', '=', 'A']] });
    const ids = first.map((order) => order.odoo_id);
    assert.deepEqual(ids, [2, 4, 6, 8]);
    const rest = await odoo.listConfirmed({ limit: 4, seen: ids, domain: [['origin', '=', 'A']] });
    assert.deepEqual(
      rest.map((order) => order.odoo_id),
      [10, 12],
    );
    const [question] = script.asked.filter(({ name }) => name === 'mrp.production.search_read');
    assert.deepEqual((question!.args[0] as unknown[]).slice(1), [
      ['state', '=', 'confirmed'],
      ['origin', '=', 'A'],
    ]);
  });

  it('a component that the module does not list, or that is planned in another kind of unit, cannot pass unseen', async () => {
    const [soy] = (listed(1) as { components_consumption: object[] }).components_consumption;
    await start((one) => {
      if (one.name !== LIST) return undefined;
      return { status: 'success', data: [{ ...listed(1), components_consumption: [{ ...soy, uom: 'L' }] }] };
    });
    const [order] = await odoo.listConfirmed({ limit: 5, seen: [], domain: [] });
    assert.deepEqual(
      order!.components.map(({ planned, equipment }) => [planned, equipment]),
      [
        [NaN, 'silo101'],
        [1, ''],
      ],
    );
  });

  it('pushes absolute figures by equipment code, marks done and cancels by name', async () => {
    await start(() => undefined);
    await odoo.push(PAYLOAD, SHOWN);
    await odoo.markDone(PAYLOAD, { strictConsumption: false });
    await odoo.cancel(7);
    assert.deepEqual(sent(UPDATE), [{ silo101: 588, mo_id: 'WH/MO/00007', quantity: 998.5 }]);
    assert.deepEqual(sent(DONE), [{ mo_id: 'WH/MO/00007', finished_qty: 998.5 }]);
    assert.deepEqual(sent(CANCEL), [{ mo_id: 'WH/MO/00007' }]);
  });

  it('takes wrapped and bare answers', async () => {
    const bare = (content: object): Raw => new Raw(JSON.stringify(content), 200, { 'Content-Type': 'application/json' });
    await start(({ name, path }) => {
      if (path.startsWith('/api/scada/mo/')) return bare(USUAL[name] as object);
      return name === LIST ? bare({ status: 'success', count: 1, data: [listed(1)] }) : undefined;
    });
    assert.equal((await odoo.listConfirmed({ limit: 1, seen: [], domain: [] })).length, 1);
    await odoo.push(PAYLOAD, SHOWN);
    await odoo.markDone(PAYLOAD, { strictConsumption: false });
    await odoo.cancel(7);
  });

  for (const [name, body] of [
    ['wrapped', { jsonrpc: '2.0', id: null, error: { code: 100, message: 'Odoo Session Expired' } }],
    ['bare', { error: { code: 100, message: 'Odoo Session Expired' } }],
  ] as const) {
    it(`logs in once more when the session has expired, ${name}`, async () => {
      let valid = 1;
      await start(({ path, headers }) => {
        const expired = path.startsWith('/api/scada/mo') && headers.cookie !== cookieOf(valid);
        return expired ? new Raw(JSON.stringify(body)) : undefined;
      });
      await odoo.push(PAYLOAD, SHOWN);
      valid = 2;
      await odoo.push(PAYLOAD, SHOWN);
      assert.equal(script.count('/api/scada/authenticate'), 2);
      assert.equal(script.count(UPDATE), 3);
    });
  }

  it('stops when every session is expired at once [fault: odoo-session-expired-always]', async () => {
    await start(({ path }) => {
      if (path.startsWith('/api/scada/mo')) throw EXPIRED;
      return undefined;
    });
    for (let again = 0; again < 5; again += 1) {
      await assert.rejects(odoo.push(PAYLOAD, SHOWN), { code: again === 0 ? 'ODOO_AUTH' : /ODOO_/, class: 'auth' });
    }
    assert.equal(script.count('/api/scada/authenticate'), 2);
  });

  it('a server of several databases forgets the session with a 404 page', async () => {
    await start(({ path, headers }) => (path === '/web/dataset/call_kw' && headers.cookie === cookieOf(1) ? NO_PAGE : undefined));
    await odoo.readStates([1]);
    assert.equal(script.count('/api/scada/authenticate'), 2);
  });

  it('follows a session whose id Odoo changes', async () => {
    await start(({ name }) =>
      name === UPDATE ? new Raw(JSON.stringify(USUAL[UPDATE]), 200, { 'Set-Cookie': 'session_id=renewed; Path=/' }) : undefined,
    );
    await odoo.push(PAYLOAD, SHOWN);
    await odoo.markDone(PAYLOAD, { strictConsumption: false });
    assert.equal(script.asked.at(-1)?.headers.cookie, 'session_id=renewed');
  });

  it('a refusal is permanent and says what Odoo said', async () => {
    await start(({ path }) =>
      path.startsWith('/api/scada/mo/') ? { status: 'error', message: 'MO WH/MO/00007 is\ndone already' } : undefined,
    );
    for (const refused of [
      () => odoo.push(PAYLOAD, SHOWN),
      () => odoo.markDone(PAYLOAD, { strictConsumption: false }),
      () => odoo.cancel(7),
    ]) {
      await assert.rejects(refused(), {
        code: 'ODOO_REFUSED',
        class: 'permanent',
        message: /of WH\/MO\/00007: "MO WH\/MO\/00007 is done already"/,
      });
    }
  });

  it('a partial push is no success, whatever its status says [fault: odoo-partial]', async () => {
    const errors = [{ equipment_code: 'silo101', error: 'no such equipment' }];
    await start(({ name }) => (name === UPDATE ? { status: 'success', errors } : undefined));
    await assert.rejects(odoo.push(PAYLOAD, SHOWN), {
      code: 'ODOO_REFUSED',
      class: 'permanent',
      message: /only a part.*no such equipment/,
    });
  });

  it('keeps password and session out of what a partial push tells', async () => {
    const errors = [{ error: 'the password is secret' }];
    await start(({ name }) => (name === UPDATE ? { status: 'success', errors } : undefined));
    await assert.rejects(odoo.push(PAYLOAD, SHOWN), { message: /"the password is \*\*\*"/ });
  });

  for (const [name, result] of [
    ['nothing', null],
    ['a list', []],
    ['no status', { mo_id: 'WH/MO/00007' }],
    ['another status', { status: 'pending' }],
  ] as const) {
    it(`an answer with ${name} leaves the outcome of a change unknown`, async () => {
      await start((one) => (one.name === UPDATE ? new Raw(JSON.stringify({ jsonrpc: '2.0', id: null, result })) : undefined));
      await assert.rejects(odoo.push(PAYLOAD, SHOWN), { code: 'ODOO_OUTCOME_UNKNOWN', class: 'unknown' });
    });
  }

  it('cancelled already is a success, done is a refusal, gone is gone', async () => {
    let state = 'cancel';
    await start(({ name }) => (name === CANCEL ? { status: 'error', message: `it is ${state} already`, mo_state: state } : undefined));
    await odoo.cancel(7);
    state = 'done';
    await assert.rejects(odoo.cancel(7), { code: 'ODOO_REFUSED' });
    script.asked.length = 0;
    await script.close();
    await start(({ name }) => (name === 'mrp.production.search_read' ? [] : undefined));
    await assert.rejects(odoo.cancel(7), { code: 'ODOO_GONE' });
    assert.equal(script.count(CANCEL), 0);
  });

  it('a figure that would have to be cleared is told before anything is sent', async () => {
    await start(() => undefined);
    const shown = { ...SHOWN, moves: SHOWN.moves.map((move) => ({ ...move, quantity: 12 })) };
    await assert.rejects(odoo.push(PAYLOAD, shown), { code: 'ODOO_DIFFERS', message: /12 of product 3/ });
    assert.equal(script.count(UPDATE), 0);
  });

  describe('one product in two silos', () => {
    const moveOf = (move_id: number, quantity: number) => ({ move_id, product_id: 2, quantity });
    const payload = { ...PAYLOAD, moves: [moveOf(71, 588), moveOf(72, 399.5)], equipment: { silo101: 588, silo104: 399.5 } };
    const options = { strictConsumption: false, digits: 2 };
    const push = (given: PushPayload) => pushBatch(odoo, given, options, new AbortController().signal);

    /** The module, with what its moves show from the start, and what becomes of the figures of an update. */
    async function startModule(
      consumed: [number, number],
      book: (figures: Record<string, number>) => [number, number],
      afterDone = 'done',
    ): Promise<void> {
      let now = consumed;
      let state = 'confirmed';
      await start((one) => {
        if (one.name === UPDATE) now = book(one.options as Record<string, number>);
        if (one.name === DONE) state = afterDone;
        if (one.name === 'mrp.production.search_read') {
          const produced = state === 'done' ? PAYLOAD.qty : 0;
          return [{ ...record(7), state, qty_producing: produced, qty_produced: produced }];
        }
        if (one.name !== 'stock.move.search_read') return undefined;
        return moves(7).map((move, index) => ({ ...move, product_id: [2, 'Maize'], quantity_done: now[index] }));
      });
    }

    it('each figure goes under its own code, and both are found in Odoo', async () => {
      await startModule([0, 0], ({ silo101 = 0, silo104 = 0 }) => [silo101, silo104]);
      await push(payload);
      assert.deepEqual(sent(UPDATE), [{ silo101: 588, silo104: 399.5, mo_id: 'WH/MO/00007', quantity: 998.5 }]);
    });

    it('a figure that got lost is found out', async () => {
      await startModule([0, 0], ({ silo101 = 0 }) => [silo101, 0]);
      await assert.rejects(push(payload), { code: 'ODOO_DIFFERS', message: /product 2: weighed 987.5, Odoo shows 588/ });
    });

    it('a silo of which nothing was used must show nothing, whatever the sum of both', async () => {
      await startModule([500, 88], () => [588, 88]);
      const one = { ...payload, moves: [moveOf(71, 588), moveOf(72, 0)], equipment: { silo101: 588, silo104: 0 } };
      await assert.rejects(push(one), { code: 'ODOO_DIFFERS', message: /88 of product 2/ });
      assert.equal(script.count(UPDATE), 0);
    });

    it('an MO that stays open is not said to be blocked: the module is never told to', async () => {
      await startModule([588, 399.5], () => [588, 399.5], 'confirmed');
      const strict = pushBatch(odoo, payload, { ...options, strictConsumption: true }, new AbortController().signal);
      await assert.rejects(strict, { code: 'ODOO_NOT_DONE' });
    });
  });

  it('a missing route is a matter of the version', async () => {
    await start(({ name }) => (name === UPDATE ? NO_PAGE : undefined));
    await assert.rejects(odoo.push(PAYLOAD, SHOWN), { code: 'ODOO_ANSWER', class: 'version', message: /no \/api\/scada\/mo\/update/ });
  });

  it('a malformed list is an error, never "no orders" [fault: old-fault-read-as-no-orders]', async () => {
    let data: unknown;
    await start(({ name }) => (name === LIST ? { status: 'success', data } : undefined));
    for (data of [undefined, {}, [{ mo_id: 1 }], [{ ...listed(1), components_consumption: [{ product_id: 2, to_consume: '60' }] }]]) {
      await assert.rejects(odoo.listConfirmed({ limit: 5, seen: [], domain: [] }), {
        code: 'ODOO_ANSWER',
        message: /mo-list-detailed is malformed/,
      });
    }
  });

  it('needs a cookie', async () => {
    const user = JSON.stringify({ status: 'success', uid: 6 });
    await start(({ name }) => (name === '/api/scada/authenticate' ? new Raw(user, 200, { 'Set-Cookie': 'lang=en' }) : undefined));
    await assert.rejects(odoo.readStates([1]), { code: 'ODOO_ANSWER', message: /no session cookie/ });
  });

  it('waits quietTime after an unknown outcome', async () => {
    await start(() => undefined);
    assert.equal(await odoo.quietSeconds(), 150);
    const stock = connectTo(script.url, { protocol: 'jsonrpc', quietTime: 90 });
    assert.equal(await stock.quietSeconds(), 0);
    assert.equal(script.asked.length, 0, 'a protocol set by hand needs no question');
  });
});
