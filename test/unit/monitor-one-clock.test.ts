import assert from 'node:assert/strict';
import { skewOf } from '../../src/monitor/one-clock';

describe('how far the database clock is ahead', () => {
  const at = (ms: number): Date => new Date(1_000_000 + ms);

  it('is what fits between question and answer, and nothing as long as the clocks may be the same', () => {
    assert.equal(skewOf(0, { asked: at(0), answered: at(20), now: at(1500) }), 0, 'a second is no reason');
    assert.equal(skewOf(0, { asked: at(0), answered: at(9000), now: at(8900) }), 0, 'the answer was late, the clock is right');
    assert.equal(skewOf(0, { asked: at(0), answered: at(20), now: at(300_010) }), 300_000);
    assert.equal(skewOf(0, { asked: at(0), answered: at(20), now: at(-299_990) }), -300_000);
  });

  it('stays while it can be true, so that no moment moves with every answer, and goes when the clock is set right', () => {
    assert.equal(skewOf(300_000, { asked: at(0), answered: at(300), now: at(299_100) }), 300_000);
    assert.equal(skewOf(300_000, { asked: at(0), answered: at(20), now: at(10) }), 0);
  });
});
