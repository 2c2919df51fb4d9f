import assert from 'node:assert/strict';
import { consumptionEquals } from '../../src/odoo/compare';
import type { OdooRecord, PushPayload } from '../../src/odoo/odoo';

type Amount = [product: number, quantity: number, state?: string];

function compare(wanted: Amount[], shown: Amount[], digits?: number): ReturnType<typeof consumptionEquals> {
  const payload: PushPayload = {
    mo_id: 'WH/MO/1',
    odoo_id: 1,
    qty: 1,
    equipment: {},
    markDone: true,
    moves: wanted.map(([product_id, quantity], index) => ({ move_id: index + 1, product_id, quantity })),
  };
  const record: OdooRecord = {
    odoo_id: 1,
    mo_id: 'WH/MO/1',
    state: 'done',
    quantity: 1,
    qty_producing: 1,
    qty_produced: 1,
    moves: shown.map(([product_id, quantity, state = 'done'], index) => ({ move_id: index + 100, product_id, state, quantity })),
  };
  return consumptionEquals(record, payload, digits);
}

describe('consumption in Odoo against the frozen payload', () => {
  const equal: [name: string, wanted: Amount[], shown: Amount[]][] = [
    ['equal', [[2, 588]], [[2, 588]]],
    ['noise of floats', [[2, 29.4]], [[2, 29.400000000000002]]],
    [
      'a sum of moves of one product',
      [
        [2, 5],
        [2, 7.5],
      ],
      [[2, 12.5]],
    ],
    [
      'a move that Odoo split',
      [[2, 12.5]],
      [
        [2, 10],
        [2, 2.5],
      ],
    ],
    [
      'a zero that is absent or cancelled',
      [
        [2, 5],
        [3, 0],
        [4, 0],
      ],
      [
        [2, 5],
        [4, 0, 'cancel'],
      ],
    ],
    [
      'left-over moves of Odoo 16',
      [[2, 588]],
      [
        [2, 588],
        [2, 12, 'cancel'],
      ],
    ],
    [
      'an added component that was not used',
      [[2, 5]],
      [
        [2, 5],
        [9, 0],
      ],
    ],
  ];
  for (const [name, wanted, shown] of equal) {
    it(`${name}: equal`, () => assert.deepEqual(compare(wanted, shown), { equal: true, differences: [] }));
  }

  const differs: [name: string, wanted: Amount[], shown: Amount[], difference: [number, number, number]][] = [
    ['one step of rounding', [[2, 588]], [[2, 588.01]], [2, 588, 588.01]],
    ['a cancelled move', [[2, 588]], [[2, 588, 'cancel']], [2, 588, 0]],
    ['a missing product', [[2, 588]], [], [2, 588, 0]],
    ['a product nobody weighed', [], [[9, 1]], [9, 0, 1]],
    ['no number', [[2, 588]], [[2, NaN]], [2, 588, NaN]],
  ];
  for (const [name, wanted, shown, [product_id, want, show]] of differs) {
    it(`${name}: differs`, () => {
      assert.deepEqual(compare(wanted, shown), { equal: false, differences: [{ product_id, wanted: want, shown: show }] });
    });
  }

  it('allows half of the last decimal that Odoo keeps', () => {
    assert.equal(compare([[2, 1.234]], [[2, 1.235]], 3).equal, false);
    assert.equal(compare([[2, 1.2344]], [[2, 1.2341]], 3).equal, true);
    assert.equal(compare([[2, 1]], [[2, 1.4]], 0).equal, true);
    assert.equal(compare([[2, 1]], [[2, 2]], 0).equal, false);
  });
});
