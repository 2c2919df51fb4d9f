import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { OdooRecord, PushPayload } from '../../src/odoo/odoo';
import { type Asked, connectTo, Refusal, type Script, startScript } from '../support/odoo-script';

const NAMES_16: Record<string, unknown> = {
  'common.version': { server_version: '16.0', server_version_info: [16, 0, 0, 'final', 0, ''] },
  'stock.move.fields_get': { quantity_done: { digits: [16, 2] } },
  'mrp.production.fields_get': { date_start: {}, date_planned_start: {} },
};

const PAYLOAD: PushPayload = {
  mo_id: 'WH/MO/00007',
  odoo_id: 7,
  qty: 998.5,
  moves: [
    { move_id: 71, product_id: 2, quantity: 588 },
    { move_id: 72, product_id: 3, quantity: 0 },
  ],
  equipment: { silo101: 588, silo102: 0 },
  markDone: true,
};

const SHOWN: OdooRecord = {
  mo_id: 'WH/MO/00007',
  odoo_id: 7,
  state: 'confirmed',
  quantity: 1000,
  qty_producing: 0,
  qty_produced: 0,
  moves: [],
};

describe('model calls of stock Odoo', () => {
  let script: Script;
  afterEach(() => script.close());

  it('leaves out the MOs already seen and ANDs the filter', async () => {
    script = await startScript(() => undefined);
    await connectTo(script.url).listConfirmed({ limit: 10, seen: [4, 5], domain: ['|', ['origin', '=', 'A'], ['origin', '=', 'B']] });
    const list = script.asked.find((one) => one.name === 'mrp.production.search_read');
    const domain = [['state', '=', 'confirmed'], ['id', 'not in', [4, 5]], '|', ['origin', '=', 'A'], ['origin', '=', 'B']];
    assert.ok(list);
    assert.deepEqual(list.args, [domain]);
    assert.equal(list.options['order'], 'date_start asc, id asc');
    assert.equal(script.count('stock.move.search_read'), 0, 'no MO, no question for components');
  });

  it('names the filter when Odoo does not know one of its fields', async () => {
    script = await startScript(({ name }) => {
      if (name !== 'mrp.production.search_read') return undefined;
      throw new Refusal('builtins.ValueError', 'Invalid field mrp.production.orign in leaf');
    });
    const list = connectTo(script.url).listConfirmed({ limit: 10, seen: [], domain: [['orign', '=', 'A']] });
    await assert.rejects(list, { code: 'CONFIG_INVALID', message: /filter \[\["orign","=","A"\]\].*Invalid field/ });
  });

  for (const [may, kind] of [
    [true, 'permanent'],
    [false, 'auth'],
  ] as const) {
    it(`a change that lacks a right is ${kind} when the user ${may ? 'may' : 'may not'} change other MOs; a read always stops everything`, async () => {
      script = await startScript(({ name }) => {
        if (name.endsWith('.check_access_rights')) return may;
        if (name === 'mrp.production.action_cancel' || name === 'mrp.production.search_read') {
          throw new Refusal('odoo.exceptions.AccessError', 'a record rule');
        }
        return NAMES_16[name];
      });
      const odoo = connectTo(script.url);
      await assert.rejects(odoo.cancel(7), { code: 'ODOO_RIGHTS', class: kind, message: /record rule/ });
      await assert.rejects(odoo.readOrder(7), { code: 'ODOO_RIGHTS', class: 'auth' });
    });
  }

  it('counts no scrapped component, no move of another MO and copes with empty many2one', async () => {
    const move = { product_id: [2, '[S] Soy'], product_uom: [12, 'kg'], product_uom_qty: 5, state: 'assigned' };
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.search_read') {
        return [
          {
            id: 7,
            name: 'WH/MO/7',
            state: 'confirmed',
            product_qty: 9,
            product_id: [1, 'Feed'],
            product_uom_id: false,
            move_raw_ids: [71, 72, 73],
          },
        ];
      }
      if (name === 'stock.move.search_read') {
        return [
          { ...move, id: 71, raw_material_production_id: [7, 'WH/MO/7'] },
          { ...move, id: 72, raw_material_production_id: false },
          { ...move, id: 73, raw_material_production_id: [7, 'WH/MO/7'], product_id: false },
          { ...move, id: 79, raw_material_production_id: [7, 'WH/MO/7'], state: 'done' },
        ];
      }
      return name === 'product.product.search_read' ? [{ id: 2, default_code: false, name: 'Soy', tracking: 'lot' }] : undefined;
    });
    const [order] = await connectTo(script.url).listConfirmed({ limit: 10, seen: [], domain: [] });
    assert.ok(order);
    assert.deepEqual([order.uom, order.product, order.product_code], ['', 'Feed', '']);
    assert.deepEqual(
      order.components.map(({ move_id, product_id, product, tracking, digits }) => [move_id, product_id, product, tracking, digits]),
      [
        [71, 2, 'Soy', 'lot', 3],
        [73, 0, '', 'none', 3],
      ],
    );
  });

  it('asks for each product once', async () => {
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.search_read') {
        return [
          {
            id: 7,
            name: 'WH/MO/7',
            state: 'confirmed',
            product_qty: 9,
            product_id: [1, 'Feed'],
            product_uom_id: [12, 'kg'],
            move_raw_ids: [],
          },
        ];
      }
      return name === 'product.product.search_read' ? [{ id: 1, default_code: 'F', name: 'Feed', tracking: 'none' }] : undefined;
    });
    const odoo = connectTo(script.url);
    for (let page = 0; page < 3; page += 1) await odoo.listConfirmed({ limit: 10, seen: [], domain: [] });
    assert.equal(script.count('product.product.search_read'), 1);
    assert.equal(script.count('common.authenticate'), 1);
    assert.equal(script.count('stock.move.fields_get'), 1);
  });

  /** That many MOs of one component each; the last ones need a product of their own. */
  const manyOrders = (count: number, answer: (asked: Asked) => unknown = () => undefined) => {
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    const component = (order: number): number => (order > 200 ? 3 : 2);
    return (asked: Asked): unknown => {
      const [domain] = asked.args as [[string, string, number[]][]];
      if (asked.name === 'mrp.production.search_read') {
        const order = { state: 'confirmed', product_qty: 9, product_id: [1, 'Feed'], product_uom_id: [12, 'kg'] };
        return ids.map((id) => ({ ...order, id, name: `MO/${id}`, move_raw_ids: [1000 + id] }));
      }
      if (asked.name === 'stock.move.search_read') {
        const move = { product_uom: [12, 'kg'], product_uom_qty: 5, state: 'assigned' };
        const moves = (domain[0]?.[2] ?? []).map((id) => ({
          ...move,
          id: 1000 + id,
          product_id: [component(id), 'display'],
          raw_material_production_id: [id, `MO/${id}`],
        }));
        return answer(asked) ?? moves;
      }
      if (asked.name !== 'product.product.search_read') return undefined;
      return (domain[0]?.[2] ?? []).map((id) => ({ id, default_code: `P${id}`, name: 'Product', tracking: 'none' }));
    };
  };

  it('asks for the components of many MOs in parts, and for a product when a part needs one that is not known', async () => {
    script = await startScript(manyOrders(250));
    const orders = await connectTo(script.url).listConfirmed({ limit: 250, seen: [], domain: [] });
    assert.deepEqual(
      [1, 100, 101, 200, 201, 250].map((id) => [orders[id - 1]?.mo_id, orders[id - 1]?.components.map((one) => one.product_code)]),
      [1, 100, 101, 200, 201, 250].map((id) => [`MO/${id}`, [id > 200 ? 'P3' : 'P2']]),
    );
    assert.equal(orders.length, 250);
    const products = script.asked.filter(({ name }) => name === 'product.product.search_read');
    assert.deepEqual(
      products.map(({ args }) => (args as [[string, string, number[]][]])[0][0]?.[2]),
      [[1, 2], [3]],
    );
    assert.equal(script.count('stock.move.search_read'), 3);
  });

  it('fails with the first answer that is wrong, also when the one after it is refused', async () => {
    let parts = 0;
    const wrong = (): unknown => {
      parts += 1;
      if (parts === 1) return [{ id: 'wrong' }];
      throw new Refusal('odoo.exceptions.UserError', 'too late');
    };
    script = await startScript(manyOrders(250, wrong));
    const list = connectTo(script.url).listConfirmed({ limit: 250, seen: [], domain: [] });
    await assert.rejects(list, { code: 'ODOO_ANSWER', message: /the components of MOs is malformed: record 1 / });
  });

  it('takes a quantity for consumption only when it is picked or done, and never when cancelled', async () => {
    const move = { product_id: [2, 'Soy'], raw_material_production_id: [7, 'WH/MO/7'], quantity: 600, picked: false, state: 'assigned' };
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.search_read') {
        return [
          { id: 7, name: 'WH/MO/7', state: 'progress', product_qty: 9, qty_producing: 9, qty_produced: 0, move_raw_ids: [1, 2, 3, 4] },
        ];
      }
      if (name !== 'stock.move.search_read') return undefined;
      return [
        { ...move, id: 1 },
        { ...move, id: 2, picked: true },
        { ...move, id: 3, state: 'done' },
        { ...move, id: 4, state: 'cancel', picked: true },
        { ...move, id: 5, picked: true },
      ];
    });
    const record = await connectTo(script.url).readOrder(7);
    assert.deepEqual(
      record?.moves.map(({ move_id, quantity }) => [move_id, quantity]),
      [
        [1, 0],
        [2, 600],
        [3, 600],
        [4, 0],
      ],
    );
  });

  it('asks for nothing when there is nothing to ask', async () => {
    script = await startScript(() => undefined);
    assert.deepEqual(await connectTo(script.url).readStates([]), new Map());
    assert.deepEqual(script.asked, []);
  });

  for (const strictConsumption of [false, true]) {
    for (const old of [false, true]) {
      it(`marks done ${old ? 'before' : 'from'} 17 with${strictConsumption ? '' : 'out'} strict consumption`, async () => {
        script = await startScript(({ name }) => (old ? NAMES_16[name] : undefined));
        await connectTo(script.url).markDone(PAYLOAD, { strictConsumption });
        assert.deepEqual(script.asked.at(-1)?.options, {
          context: {
            skip_backorder: true,
            skip_redirection: true,
            ...(strictConsumption ? {} : { skip_consumption: true }),
            ...(old ? { skip_immediate: true } : {}),
          },
        });
      });
    }
  }

  it('sends no quantity that Odoo would take without a question', async () => {
    script = await startScript(() => undefined);
    const odoo = connectTo(script.url);
    for (const quantity of [-5, NaN, Infinity]) {
      const payload = { ...PAYLOAD, moves: [{ move_id: 71, product_id: 2, quantity }] };
      await assert.rejects(odoo.push(payload, SHOWN), { code: 'INPUT_INVALID', class: 'bug' });
    }
    for (const qty of [0, -1, NaN]) await assert.rejects(odoo.push({ ...PAYLOAD, qty }, SHOWN), { code: 'INPUT_INVALID' });
    assert.deepEqual(script.asked, []);
  });

  it('repeats a write once with the new names after an upgrade from 16 to 17', async () => {
    let upgraded = false;
    script = await startScript(({ name, args }: Asked) => {
      if (name === 'mrp.production.write' && upgraded && JSON.stringify(args).includes('quantity_done')) {
        throw new Refusal('builtins.ValueError', "Invalid field 'quantity_done' on model 'stock.move'");
      }
      return upgraded ? undefined : NAMES_16[name];
    });
    const odoo = connectTo(script.url);
    await odoo.push(PAYLOAD, SHOWN);
    upgraded = true;
    await odoo.push(PAYLOAD, SHOWN);
    const writes = script.asked.filter((one) => one.name === 'mrp.production.write').map((one) => JSON.stringify(one.args));
    const before = '[[7],{"qty_producing":998.5,"move_raw_ids":[[1,71,{"quantity_done":588}],[1,72,{"quantity_done":0}]]}]';
    const after =
      '[[7],{"qty_producing":998.5,"move_raw_ids":[[1,71,{"quantity":588,"picked":true}],[1,72,{"quantity":0,"picked":true}]]}]';
    assert.deepEqual(writes, [before, before, after]);
    assert.equal((await odoo.probe()).major, 17);
  });

  it('does not repeat a call that the same version refuses', async () => {
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.write') throw new Refusal('builtins.ValueError', "Invalid field 'picked' on model 'stock.move'");
      return undefined;
    });
    await assert.rejects(connectTo(script.url).push(PAYLOAD, SHOWN), { code: 'ODOO_VERSION_CHANGED', class: 'version' });
    assert.equal(script.count('mrp.production.write'), 1);
    assert.equal(script.count('common.version'), 2);
  });

  it('takes an attribute error from inside Odoo for a refusal, not for an upgrade', async () => {
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.write') throw new Refusal('builtins.AttributeError', "'NoneType' object has no attribute 'id'");
      return undefined;
    });
    await assert.rejects(connectTo(script.url).push(PAYLOAD, SHOWN), { code: 'ODOO_REFUSED', class: 'permanent' });
  });

  it('reads the version of Odoo Online and refuses one that is too old', async () => {
    let info: unknown = ['saas~18', 2, 0, 'final', 0, ''];
    script = await startScript(({ name }) =>
      name === 'common.version' ? { server_version: 'some', server_version_info: info } : undefined,
    );
    const odoo = connectTo(script.url);
    assert.equal((await odoo.probe()).major, 18);
    info = [13, 0];
    await assert.rejects(odoo.probe(), { code: 'CONFIG_INVALID', message: /too old/ });
    info = [];
    await assert.rejects(odoo.probe(), { code: 'ODOO_ANSWER' });
  });

  for (const name of ['odoo.exceptions.LockError', 'psycopg2.errors.LockNotAvailable', 'psycopg2.DatabaseError']) {
    it(`${name} is tried again, whatever its HTTP status`, async () => {
      script = await startScript(({ name: called }) => {
        if (called === 'mrp.production.action_cancel') throw new Refusal(name, 'somebody else has the record', 409);
        return undefined;
      });
      await assert.rejects(connectTo(script.url).cancel(7), { code: 'ODOO_UNREACHABLE', class: 'transient' });
    });
  }

  it('verifies the certificate unless told otherwise, and takes a CA [fault: sec-untrusted-certificate]', async () => {
    const [cert, key] = ['cert.pem', 'key.pem'].map((file) => fs.readFileSync(path.join(__dirname, '../fixtures/odoo/tls', file), 'utf8'));
    script = await startScript(() => undefined, { cert: cert!, key: key! });
    await assert.rejects(connectTo(script.url).cancel(7), {
      code: 'ODOO_UNREACHABLE',
      class: 'transient',
      message: /certificate is self-signed/,
    });
    assert.deepEqual(script.asked, []);
    await connectTo(script.url, { tls: { ca: cert! } }).cancel(7);
    await connectTo(script.url, { tls: { rejectUnauthorized: false } }).cancel(7);
    await assert.rejects(connectTo(script.url, { tls: { ca: cert!, servername: 'other.test' } }).cancel(7), { message: /another name/ });
  });
});

describe('settings of Odoo', () => {
  const refused: [settings: Parameters<typeof connectTo>[1], code: string, says: RegExp][] = [
    [{ url: 'odoo.example.com' }, 'CONFIG_INVALID', /"odoo\.example\.com"/],
    [{ url: 'ftp://odoo.example.com' }, 'CONFIG_INVALID', /"ftp:/],
    [{ url: 'https://odoo.example.com/web' }, 'CONFIG_INVALID', /without a path/],
    [{ url: 'https://odoo.example.com/?db=x' }, 'CONFIG_INVALID', /without a path/],
    [{ url: 'https://admin:hush@odoo.example.com' }, 'CONFIG_INVALID', /^(?!.*hush)/],
    [{ url: '' }, 'CONFIG_MISSING', /^Address /],
    [{ database: ' ' }, 'CONFIG_MISSING', /^Database /],
    [{ password: '' }, 'CONFIG_MISSING', /^Password /],
    [{ timeout: 0 }, 'CONFIG_INVALID', /^Time for a call .* is 0/],
    [{ retryMax: NaN }, 'CONFIG_INVALID', /^Longest wait .* is NaN/],
    [{ quietTime: -1 }, 'CONFIG_INVALID', /^Quiet after no answer .* is -1/],
  ];
  for (const [settings, code, message] of refused) {
    it(`refuses ${JSON.stringify(settings)}`, () => {
      assert.throws(() => connectTo('http://127.0.0.1', settings), { code, message });
    });
  }

  it('takes a trailing slash', () => {
    connectTo('https://odoo.example.com/').close();
  });
});
