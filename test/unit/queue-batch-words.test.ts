import assert from 'node:assert/strict';
import { aboutBatch, withoutName } from '../../src/queue/batch-words';

describe('a sentence about a batch', () => {
  const batch = { batch_no: 6, mo_id: 'WH/MO/0012' };

  it('names the MO once, whatever it was before', () => {
    const told: [sentence: string, said: string][] = [
      ['WH/MO/0012 was cancelled in Odoo', 'slot 6 WH/MO/0012: the MO was cancelled in Odoo'],
      ['slot 6 WH/MO/0012: WH/MO/0012 was cancelled', 'slot 6 WH/MO/0012: the MO was cancelled'],
      [
        'ODOO_REFUSED: Odoo refused the quantities of WH/MO/0012: "no lot"',
        'slot 6 WH/MO/0012: ODOO_REFUSED: Odoo refused the quantities of the MO: "no lot"',
      ],
      ['the PLC is running slot 6 WH/MO/0012; stop it there', 'slot 6 WH/MO/0012: the PLC is running the batch; stop it there'],
      ['the PLC says the batch failed', 'slot 6 WH/MO/0012: the PLC says the batch failed'],
    ];
    assert.deepEqual(
      told.map(([sentence]) => aboutBatch(batch, sentence)),
      told.map(([, said]) => said),
    );
  });

  it('leaves the name of another MO alone, and takes no character of a name for a pattern', () => {
    assert.equal(withoutName(batch, 'WH/MO/00123 and XWH/MO/0012 are others'), 'WH/MO/00123 and XWH/MO/0012 are others');
    assert.equal(withoutName(batch, 'WH/MO/0012 has the backorder WH/MO/0012-001'), 'the MO has the backorder WH/MO/0012-001');
    assert.equal(withoutName({ batch_no: 1, mo_id: 'MO.1+(a' }, 'MO.1+(a and MOx1+(a'), 'the MO and MOx1+(a');
  });
});
