import assert from 'node:assert/strict';
import { consumptionOf } from '../../src/line/consumption';
import type { LineSettings } from '../../src/line/line';
import { checkOrder } from '../../src/line/orders';
import type { OdooComponent, OdooOrder } from '../../src/odoo/odoo';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { BatchMaterial } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';

const component = (given: Partial<OdooComponent> = {}): OdooComponent => ({
  move_id: 1,
  product_id: 101,
  product: 'Maize',
  product_code: 'MAIZE',
  tracking: 'none',
  planned: 60,
  uom: 'kg',
  digits: 2,
  equipment: 'silo101',
  ...given,
});
const orderOf = (components: OdooComponent[], given: Partial<OdooOrder> = {}): OdooOrder => ({
  odoo_id: 7,
  mo_id: 'WH/MO/00007',
  state: 'confirmed',
  quantity: 100,
  uom: 'kg',
  product_id: 5,
  product: 'Feed A',
  product_code: 'FEED-A',
  tracking: 'none',
  components,
  ...given,
});
/** Soy comes from the second silo. */
const SOY = component({ move_id: 2, product_id: 102, product: 'Soy', product_code: 'SOY', planned: 40, equipment: 'silo102' });

function accepted(order: OdooOrder, settings: Partial<LineSettings> = {}): BatchMaterial[] {
  const checked = checkOrder(order, bareLine(settings));
  assert.ok('entry' in checked, 'rejection' in checked ? checked.rejection.text : '');
  return checked.entry.materials;
}
function rejection(order: OdooOrder, settings: Partial<LineSettings> = {}): [reason: string, text: string] {
  const checked = checkOrder(order, bareLine(settings));
  assert.ok('rejection' in checked, 'it was accepted');
  return [checked.rejection.reason, checked.rejection.text];
}
const planned = (materials: BatchMaterial[]): [string, number][] => materials.map(({ tag, planned }) => [tag, planned]);

describe('orders whose components name their equipment (scada)', () => {
  it('go to the silo of that code, whatever product it is said to hold', () => {
    assert.deepEqual(planned(accepted(orderOf([component(), SOY]))), [
      ['silo_a', 60],
      ['silo_b', 40],
    ]);
  });

  it('are rejected by name where a component has no equipment, or one that the line does not know [fault: old-equipment-code-blocks-queue]', () => {
    const reference = FEED_MILL_MATERIALS[0]!.product;
    assert.deepEqual(rejection(orderOf([component({ equipment: '', product_code: reference })])), [
      'unknown-material',
      `no silo of line main holds ${reference} (it has no equipment code)`,
    ]);
    assert.deepEqual(rejection(orderOf([component({ equipment: 'PLC01' })])), [
      'unknown-material',
      'no silo of line main holds MAIZE (its equipment code is PLC01)',
    ]);
  });

  it('one equipment cannot hold two products', () => {
    assert.deepEqual(rejection(orderOf([component(), { ...SOY, equipment: 'silo101' }]))[0], 'two-products-one-material');
  });

  it('one product on two silos stays apart: each is pushed by its own code and move', () => {
    const materials = accepted(orderOf([component(), component({ move_id: 2, planned: 40, equipment: 'silo102' })]));
    assert.deepEqual(
      materials.map(({ tag, planned, move_ids }) => [tag, planned, move_ids]),
      [
        ['silo_a', 60, [1]],
        ['silo_b', 40, [2]],
      ],
    );
    const row = { ...bareRow({ materials, actual: { silo_a: 588, silo_b: 399.996 }, actual_weight: 988 }), odoo_id: 7 };
    const { moves, equipment } = consumptionOf(row, bareLine(), true);
    assert.deepEqual(moves, [
      { move_id: 1, product_id: 101, quantity: 588 },
      { move_id: 2, product_id: 101, quantity: 400 },
    ]);
    assert.deepEqual(equipment, { silo101: 588, silo102: 400 });
  });

  it('two moves on one silo are pushed as one figure, the sum of what the moves are to show', () => {
    const materials = accepted(orderOf([component(), component({ move_id: 2, planned: 40 })]));
    const row = { ...bareRow({ materials, actual: { silo_a: 98.765 }, actual_weight: 99 }), odoo_id: 7 };
    const { moves, equipment } = consumptionOf(row, bareLine(), true);
    assert.deepEqual(
      moves.map(({ quantity }) => quantity),
      [59.26, 39.51],
    );
    assert.deepEqual(equipment, { silo101: 98.77 });
  });

  it('are told in kg per code what their moves show in t and g; litres stay litres', () => {
    const salt = component({ move_id: 3, product_id: 103, product: 'Salt', product_code: 'SALT', planned: 0.5, equipment: 'silo103' });
    const materials = accepted(
      orderOf([component({ planned: 59_500, uom: 'g' }), { ...SOY, planned: 0.04, uom: 't', digits: 4 }, { ...salt, uom: 'kg' }]),
    );
    const oil = {
      ...materials[0]!,
      tag: 'lq_tetes',
      code: 'lq114',
      product_id: 104,
      move_ids: [4],
      move_planned: [9],
      move_uom: 'L',
      uom: 'L',
    };
    const actual = { silo_a: 58.76543, silo_b: 39.96, silo_c: 0.486, lq_tetes: 8.7654 };
    const row = { ...bareRow({ materials: [...materials, oil], actual, actual_weight: 99 }), odoo_id: 7 };
    const { moves, equipment } = consumptionOf(row, bareLine(), true);
    assert.deepEqual(
      moves.map(({ quantity }) => quantity),
      [58_765.43, 0.04, 0.49, 8.77],
    );
    assert.deepEqual(equipment, { silo101: 58.76543, silo102: 40, silo103: 0.49, lq114: 8.77 });
  });
});

describe('scaleBom', () => {
  const scaleBom = { scaleBom: true };

  it('scales the plan of the BoM to the order, in its unit', () => {
    const order = orderOf([component(), { ...SOY, planned: 0.04, uom: 't' }], { quantity: 1000 });
    const as = (given: [string, number][]): [string, number][] => given;
    assert.deepEqual(
      planned(accepted(order, scaleBom)),
      as([
        ['silo_a', 600],
        ['silo_b', 400],
      ]),
    );
    assert.deepEqual(
      planned(accepted({ ...order, quantity: 1, uom: 't' }, scaleBom)),
      as([
        ['silo_a', 600],
        ['silo_b', 400],
      ]),
    );
  });

  it('without it an order of another size than its BoM is rejected, and the sentence names the setting', () => {
    const [reason, text] = rejection(orderOf([component(), SOY], { quantity: 250 }));
    assert.equal(reason, 'quantity');
    assert.match(text, /sum up to 100 kg, the order is 250; switch on "Scale the plan of the BoM to the order"/);
    assert.deepEqual(planned(accepted(orderOf([component(), SOY], { quantity: 120 }))), [
      ['silo_a', 60],
      ['silo_b', 40],
    ]);
  });

  it('rejects what it cannot scale', () => {
    assert.deepEqual(rejection(orderOf([component()], { uom: 'Bag' }), scaleBom)[0], 'unit');
    assert.deepEqual(rejection(orderOf([component({ uom: 'L' }), SOY]), scaleBom)[0], 'unit');
  });

  it('leaves alone what stock Odoo has scaled already', () => {
    const stock = component({ equipment: null, product_code: FEED_MILL_MATERIALS[0]!.product });
    assert.deepEqual(planned(accepted(orderOf([stock]), scaleBom)), [['silo_a', 60]]);
    assert.deepEqual(planned(accepted(orderOf([stock], { uom: 'Bag' }), scaleBom)), [['silo_a', 60]]);
  });

  it('an empty BoM stays empty', () => {
    assert.deepEqual(planned(accepted(orderOf([component({ planned: 0 })]), scaleBom)), [['silo_a', 0]]);
  });
});
