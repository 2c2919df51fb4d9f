import assert from 'node:assert/strict';
import fc from 'fast-check';
import { consumptionOf } from '../../src/line/consumption';
import type { BatchMaterial, QueueRow } from '../../src/queue/batch';
import { round } from '../../src/units';
import { bareLine, bareRow } from '../support/bare';

const material = (given: Partial<BatchMaterial> = {}): BatchMaterial => ({
  tag: 'silo_a',
  code: 'silo101',
  product: 'SILO-101',
  product_id: 101,
  move_ids: [1],
  move_planned: [600],
  move_uom: 'kg',
  digits: 2,
  uom: 'kg',
  manual: false,
  planned: 600,
  ...given,
});

type Finished = QueueRow & { odoo_id: number };

const row = (given: Partial<Finished> = {}): Finished => ({
  ...bareRow(),
  materials: [material()],
  actual: { silo_a: 598.5 },
  actual_weight: 998.5,
  status_manufacturing: 1,
  state: 'finished',
  odoo_id: 7,
  ...given,
});

const premix = material({ tag: 'premix', product_id: 102, move_ids: [2], move_planned: [20], planned: 20, manual: true });

describe('consumption told to Odoo', () => {
  const line = bareLine();
  const quantities = (given: Partial<Finished>, on = line): number[] =>
    consumptionOf(row(given), on, true).moves.map(({ quantity }) => quantity);

  it('is what the PLC weighed, zeros included', () => {
    const idle = material({ tag: 'silo_b', product_id: 103, move_ids: [3] });
    assert.deepEqual(consumptionOf(row({ materials: [material(), idle], actual: { silo_a: 598.5, silo_b: 0 } }), line, true), {
      mo_id: 'WH/MO/00001',
      odoo_id: 7,
      qty: 998.5,
      moves: [
        { move_id: 1, product_id: 101, quantity: 598.5 },
        { move_id: 3, product_id: 103, quantity: 0 },
      ],
      equipment: { silo101: 598.5 },
      markDone: true,
    });
  });

  it('what was not weighed is never 0: a tag of which nothing is stored stops the push', () => {
    for (const tag of ['silo_b', 'constructor']) {
      const renamed = material({ tag, product_id: 103, move_ids: [3] });
      assert.throws(() => consumptionOf(row({ materials: [material(), renamed] }), line, true), {
        name: 'MAP_CHANGED',
        class: 'permanent',
        message: new RegExp(`^WH/MO/00001 has no actual of ${tag}`),
      });
    }
  });

  it('sums the tags of one product, whichever the PLC used', () => {
    const second = material({ tag: 'silo_d', planned: 0 });
    assert.deepEqual(quantities({ materials: [material(), second], actual: { silo_a: 0, silo_d: 601.25 } }), [601.25]);
  });

  it('goes to Odoo in the unit of the move, and the weight in the unit of the order', () => {
    const inTonnes = material({ move_uom: 't', digits: 3 });
    const payload = consumptionOf(row({ materials: [inTonnes], quantity: 1, uom: 't' }), line, true);
    assert.deepEqual([payload.moves[0]?.quantity, payload.qty], [0.599, 0.999]);
  });

  it('an order in bags is produced as ordered', () => {
    assert.equal(consumptionOf(row({ quantity: 40, uom: 'Bag' }), line, true).qty, 40);
  });

  it('what was weighed by hand counts as planned, or in proportion to the weight', () => {
    assert.deepEqual(quantities({ materials: [premix] }), [20]);
    assert.deepEqual(quantities({ materials: [premix], actual_weight: 900 }, bareLine({ scaleManual: true })), [18]);
  });

  it('the proportion follows the units: 900 kg of 1 t are nine tenths', () => {
    const scaled = bareLine({ scaleManual: true });
    assert.deepEqual(quantities({ materials: [premix], actual_weight: 900, quantity: 1, uom: 't' }, scaled), [18]);
    assert.deepEqual(quantities({ materials: [premix], actual_weight: 900, quantity: 40, uom: 'Bag' }, scaled), [20]);
  });

  it('several moves share the actual by their plan: nothing gained, nothing lost, nothing negative, no digit too many', () => {
    const plans = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(plans, fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 0, max: 3 }), (move_planned, grams, digits) => {
        const actual = grams / 1000;
        const split = material({ move_ids: move_planned.map((_, index) => index + 1), move_planned, digits });
        const parts = quantities({ materials: [split], actual: { silo_a: actual } });
        assert.equal(parts.length, move_planned.length);
        for (const part of parts) assert.ok(part >= 0 && round(part, digits) === part, String(part));
        assert.equal(
          round(
            parts.reduce((sum, part) => sum + part, 0),
            digits,
          ),
          round(actual, digits),
        );
      }),
    );
  });

  it('parts that all round up take nothing away from the last', () => {
    const split = material({ move_ids: [1, 2, 3, 4], move_planned: [100, 100, 100, 100] });
    assert.deepEqual(quantities({ materials: [split], actual: { silo_a: 0.02 } }), [0.01, 0.01, 0, 0]);
  });

  it('splits by plan', () => {
    const split = material({ move_ids: [1, 2], move_planned: [100, 300] });
    assert.deepEqual(quantities({ materials: [split], actual: { silo_a: 200 } }), [50, 150]);
  });
});
