import assert from 'node:assert/strict';
import { type ErrorClass, type ErrorCode, SmartMoError } from '../../src/errors';
import { isAttempt, isFinal, isOfTheLink, retryDelay } from '../../src/line/retry';
import { mismatchOf, weightDiffers } from '../../src/line/plausible';
import { bareLine, bareRow } from '../support/bare';

const trouble = (code: ErrorCode, kind: ErrorClass): SmartMoError => new SmartMoError(code, 'a sentence', { class: kind });
const pushing = (push_attempt: number, last_error: string | null = null) => ({ state: 'pushing' as const, push_attempt, last_error });

describe('what becomes of a batch that could not be completed', () => {
  // [error, ends the run, counts, given up at the try number (null = never)]
  const table: [ErrorCode, ErrorClass, boolean, boolean, number | null][] = [
    ['ODOO_UNREACHABLE', 'transient', true, false, null],
    ['ODOO_ANSWER', 'transient', true, false, null],
    ['ODOO_AUTH', 'auth', true, false, null],
    ['ODOO_RIGHTS', 'auth', true, false, null],
    ['ODOO_VERSION_CHANGED', 'version', true, false, null],
    ['CONFIG_MISSING', 'permanent', true, false, null],
    ['ODOO_OUTCOME_UNKNOWN', 'unknown', false, true, 10],
    ['ODOO_NOT_DONE', 'unknown', false, true, 10],
    ['ODOO_REFUSED', 'permanent', false, true, 3],
    ['ODOO_RIGHTS', 'permanent', false, true, 3],
    ['INPUT_INVALID', 'bug', false, true, 3],
    ['ODOO_DIFFERS', 'permanent', false, true, 1],
    ['ODOO_CANCELLED', 'permanent', false, true, 1],
    ['ODOO_CHANGED', 'permanent', false, true, 1],
  ];
  for (const [code, kind, ends, counts, last] of table) {
    it(`${code} (${kind})${ends ? ' ends the run' : ''}${counts ? ', counts' : ''}, ${last === null ? 'never given up' : `given up at try ${last}`}`, () => {
      const error = trouble(code, kind);
      assert.equal(isOfTheLink(error), ends);
      assert.equal(isAttempt(pushing(1), error), counts);
      const given = Array.from({ length: 100 }, (_, index) => index + 1).find((attempt) => isFinal(pushing(attempt), error, 10)) ?? null;
      assert.equal(given, last);
    });
  }

  it('an MO is gone when a second look, a while later, does not show it either', () => {
    const gone = trouble('ODOO_GONE', 'permanent');
    assert.equal(isFinal(pushing(9), gone, 10), false);
    assert.equal(retryDelay(pushing(1), gone, { retryMin: 2, retryMax: 300 }), 20);
    assert.equal(isFinal(pushing(2, 'ODOO_GONE: no longer there'), gone, 10), true);
  });

  it('a mistake of our own is the trouble of that batch alone', () => {
    const mistake = new TypeError('x is undefined');
    assert.deepEqual([isOfTheLink(mistake), isFinal(pushing(2), mistake, 10), isFinal(pushing(3), mistake, 10)], [false, false, true]);
    assert.equal(isFinal({ state: 'finished', push_attempt: 0, last_error: null }, mistake, 10), true);
  });

  it('a PLC that is away stops no completion', () => {
    assert.equal(isOfTheLink(trouble('PLC_UNREACHABLE', 'transient')), false);
  });

  it('a cancellation is never given up by counting', () => {
    const cancelling = { state: 'cancelling' as const, push_attempt: 99, last_error: null };
    assert.deepEqual(
      [isFinal(cancelling, trouble('ODOO_REFUSED', 'unknown'), 10), isAttempt(cancelling, trouble('ODOO_REFUSED', 'unknown'))],
      [false, false],
    );
  });

  it('waits longer after every try, and as long as Odoo asks for', () => {
    const times = { retryMin: 2, retryMax: 300 };
    for (let attempt = 1; attempt < 20; attempt += 1) {
      const seconds = retryDelay(pushing(attempt), trouble('ODOO_OUTCOME_UNKNOWN', 'unknown'), times);
      assert.ok(seconds >= 2 && seconds <= Math.min(300, 2 * 2 ** attempt), `${attempt}: ${seconds}`);
    }
    const asked = new SmartMoError('ODOO_UNREACHABLE', 'slow down', { class: 'transient', retryAfter: 600 });
    assert.equal(retryDelay(pushing(1), asked, times), 600);
  });
});

describe('plausibility of what was weighed', () => {
  const line = bareLine();
  const material = (tag: string, planned: number) => ({
    tag,
    code: '',
    product: '',
    product_id: 1,
    move_ids: [1],
    move_planned: [planned],
    move_uom: 'kg',
    digits: 2,
    uom: 'kg',
    manual: false,
    planned,
  });
  const weighed = (planned: number, actual: Record<string, number>) => ({ materials: [material('silo_a', planned)], actual });

  it('a fifth more or less than planned is near, more is far', () => {
    assert.equal(mismatchOf(line, weighed(600, { silo_a: 480 })), null);
    assert.equal(mismatchOf(line, weighed(600, { silo_a: 479.9 })), 'silo_a planned 600, weighed 479.9');
    assert.equal(mismatchOf(line, weighed(600, { silo_a: 720.1 })), 'silo_a planned 600, weighed 720.1');
  });

  it('up to one unit is never far', () => {
    assert.equal(mismatchOf(line, weighed(0.5, { silo_a: 1.5 })), null);
    assert.equal(mismatchOf(line, weighed(0, { silo_a: 1 })), null);
  });

  it('what was planned and not weighed, and what was weighed and not planned, is far', () => {
    assert.equal(mismatchOf(line, weighed(600, {})), 'silo_a planned 600, weighed 0');
    assert.equal(mismatchOf(line, weighed(600, { silo_a: 600, silo_b: 2 })), 'silo_b planned 0, weighed 2');
  });

  it('the sum may be a third away from the weight, no further', () => {
    const sum = (weight: number) => weightDiffers(line, bareRow({ actual: { silo_a: 700 }, actual_weight: weight }));
    assert.equal(sum(1000), null);
    assert.equal(sum(1001), 'the materials sum up to 700.00 kg, the finished weight is 1001.00 kg');
  });

  it('a material that is weighed in tonnes counts as what it is', () => {
    const [material] = weighed(0.7, {}).materials;
    const row = { materials: material ? [{ ...material, uom: 't' }] : [], actual: { silo_a: 0.7 } };
    assert.equal(weightDiffers(line, { ...row, actual_weight: 710 }), null);
    assert.match(weightDiffers(line, { ...row, actual_weight: 100 }) ?? '', /^the materials sum up to 700.00 kg/);
  });
});
