import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkOrder } from '../../src/line/orders';
import type { Material } from '../../src/material';
import type { OdooComponent, OdooOrder } from '../../src/odoo/odoo';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import type { QueueEntry } from '../../src/queue/gate';
import { round } from '../../src/units';
import { bareLine } from '../support/bare';

const component = (given: Partial<OdooComponent> = {}): OdooComponent => ({
  move_id: 1,
  product_id: 101,
  product: 'Maize',
  product_code: 'SILO-101',
  tracking: 'none',
  planned: 600,
  uom: 'kg',
  digits: 2,
  equipment: null,
  ...given,
});

const order = (given: Partial<OdooOrder> = {}): OdooOrder => ({
  odoo_id: 7,
  mo_id: 'WH/MO/00007',
  state: 'confirmed',
  quantity: 1000,
  uom: 'kg',
  product_id: 5,
  product: 'Feed A',
  product_code: 'FEED-A',
  tracking: 'none',
  components: [component()],
  ...given,
});

const line = bareLine();

/** The bundled materials with some of them changed, by tag. */
const materials = (changes: Record<string, Partial<Material>>): Material[] =>
  FEED_MILL_MATERIALS.map((material) => ({ ...material, ...changes[material.tag] }));

function accepted(given: OdooOrder, on = line): QueueEntry {
  const checked = checkOrder(given, on);
  assert.ok('entry' in checked, 'rejection' in checked ? checked.rejection.text : '');
  return checked.entry;
}

describe('order check', () => {
  it('leaves the keys of a material as jsonb keeps them, or PostgreSQL sorts them for every material of every order', () => {
    const [material] = accepted(order()).materials;
    const keys = Object.keys(material ?? {});
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)),
    );
  });

  const rejected: [string, string, Partial<OdooOrder>, RegExp][] = [
    ['quantity', 'no quantity', { quantity: 0 }, /is 0 kg/],
    ['quantity', 'less than the queue can keep', { quantity: 0.0004 }, /0\.0004 kg/],
    ['quantity', 'no number', { quantity: NaN }, /NaN/],
    ['quantity', 'a negative plan', { components: [component({ planned: -1 })] }, /SILO-101 has a negative plan/],
    ['name-too-long', 'a name wider than the text field', { mo_id: 'WAREHOUSE/MO/0001' }, /1 to 16 plain characters/],
    ['name-too-long', 'a name the PLC cannot print', { mo_id: 'WH/MÖ/00001' }, /plain characters/],
    ['name-too-long', 'a name with a blank at its end', { mo_id: 'WH/MO/1 ' }, /plain characters/],
    ['lot-tracked', 'a product with lots', { tracking: 'lot' }, /FEED-A is tracked by lot/],
    ['lot-tracked', 'a component with lots', { components: [component({ tracking: 'serial' })] }, /SILO-101 is tracked by serial/],
    [
      'unknown-material',
      'a component without a silo',
      { components: [component({ product_code: 'SOY-48' })] },
      /^no silo of line main holds SOY-48$/,
    ],
    ['unknown-material', 'a product without a reference', { components: [component({ product_code: '', product: '' })] }, /holds #101$/],
    ['unknown-material', 'no components', { components: [] }, /no components/],
    ['unit', 'a unit that does not convert', { components: [component({ uom: 'Bag' })] }, /planned in Bag, silo_a weighs in kg/],
    [
      'over-max',
      'more than a read would believe',
      { quantity: 100, components: [component({ planned: 151 })] },
      /silo_a shall take 151 kg, its maximum is 150/,
    ],
    [
      'two-products-one-material',
      'two products in one silo',
      { components: [component(), component({ move_id: 2, product_id: 102 })] },
      /SILO-101 and SILO-101 both belong to silo_a/,
    ],
  ];
  for (const [reason, what, given, text] of rejected) {
    it(`rejects ${what} as ${reason}`, () => {
      const checked = checkOrder(order(given), line);
      assert.ok('rejection' in checked, 'the order was accepted');
      assert.equal(checked.rejection.reason, reason);
      assert.match(checked.rejection.text, text);
    });
  }

  it('finds the material by reference or by id', () => {
    const byId = bareLine({ materials: materials({ silo_a: { product: '#101' } }) });
    assert.equal(accepted(order({ components: [component({ product_code: '' })] }), byId).materials[0]?.tag, 'silo_a');
  });

  it('converts the plan into the unit of the map', () => {
    const [material] = accepted(order({ components: [component({ planned: 0.6, uom: 't' })] })).materials;
    assert.deepEqual([material?.planned, material?.uom, material?.move_uom, material?.move_planned], [600, 'kg', 't', [0.6]]);
  });

  it('makes one material of two moves of a product, and remembers both', () => {
    const [material, ...more] = accepted(order({ components: [component(), component({ move_id: 2, planned: 0.1, uom: 't' })] })).materials;
    assert.deepEqual([more.length, material?.planned, material?.move_ids, material?.move_planned], [0, 700, [1, 2], [600, 100]]);
  });

  it('gives all of the plan to the first of several tags, or splits it by share', () => {
    const shared = { product: 'SILO-101' };
    const planned = (changes: Record<string, Partial<Material>>): number[] =>
      accepted(order(), bareLine({ materials: materials(changes) })).materials.map((material) => material.planned);
    assert.deepEqual(planned({ silo_d: shared }), [600, 0]);
    assert.deepEqual(planned({ silo_a: { share: 25 }, silo_d: { ...shared, share: 75 } }), [150, 450]);
    assert.deepEqual(planned({ silo_a: { share: 0 }, silo_d: { ...shared, share: 100 } }), [0, 600]);
  });

  it('shares never gain or lose a gram, and none is negative', () => {
    const tags = ['silo_a', 'silo_b', 'silo_c', 'silo_d'];
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (shares, grams) => {
          const changes = Object.fromEntries(tags.map((tag, index) => [tag, { product: 'SILO-101', share: shares[index] ?? 0 }]));
          const on = bareLine({ materials: materials(changes) });
          const parts = accepted(order({ quantity: 1e6, components: [component({ planned: grams / 1000 })] }), on).materials;
          assert.ok(parts.every((part) => part.planned >= 0));
          assert.equal(
            round(
              parts.reduce((sum, part) => sum + part.planned, 0),
              3,
            ),
            grams / 1000,
          );
        },
      ),
    );
  });

  it('an order in bags is as large as what the PLC weighs for it', () => {
    const entry = accepted(order({ quantity: 4, uom: 'Bag', components: [component({ planned: 600 })] }));
    assert.deepEqual([entry.quantity, entry.uom, entry.materials[0]?.planned], [4, 'Bag', 600]);
  });

  it('a maximum of mo-line replaces the 1.5 times of the order', () => {
    const big = order({ quantity: 100, components: [component({ planned: 200 })] });
    assert.ok('entry' in checkOrder(big, bareLine({ materials: materials({ silo_a: { max: 200 } }) })));
    assert.ok('rejection' in checkOrder(order(), bareLine({ materials: materials({ silo_a: { max: 500 } }) })));
  });

  it('what is weighed by hand has no maximum of a scale', () => {
    const premix = { tag: 'premix', code: '', product: 'PREMIX', manual: true, share: 0, max: 0 };
    const on = bareLine({ materials: [...FEED_MILL_MATERIALS, premix] });
    const entry = accepted(order({ quantity: 10, components: [component({ product_code: 'PREMIX', planned: 20 })] }), on);
    assert.deepEqual([entry.materials[0]?.tag, entry.materials[0]?.manual], ['premix', true]);
  });
});
