import assert from 'node:assert/strict';
import { compileCheck } from '../../src/check';

const check = compileCheck<{ count: number; name?: string | null }>(
  {
    type: 'object',
    required: ['count'],
    properties: { count: { type: 'integer', minimum: 1 }, name: { type: 'string', nullable: true, maxLength: 3 } },
  },
  'payload',
  'INPUT_INVALID',
);

describe('check of what comes from outside', () => {
  it('takes a number that arrived as text, and leaves the message of the flow as it is', () => {
    const message = { count: '7' };
    assert.deepEqual(check(message), { count: 7 });
    assert.deepEqual(message, { count: '7' });
  });

  it('takes nothing else for a number', () => {
    for (const count of [true, false, null, '', '  ', '0x10', '1,5', 'ten', [1]]) {
      assert.throws(() => check({ count }), { name: 'INPUT_INVALID', message: /^payload\.count must be integer/ }, String(count));
    }
    const figures = compileCheck<{ actual: Record<string, number>; weight?: number | null }>(
      {
        type: 'object',
        required: ['actual'],
        properties: {
          actual: { type: 'object', required: [], additionalProperties: { type: 'number' } },
          weight: { type: 'number', nullable: true },
        },
      },
      'payload',
      'INPUT_INVALID',
    );
    assert.deepEqual(figures({ actual: { silo_a: ' 598.50 ' }, weight: '' }), { actual: { silo_a: 598.5 }, weight: null });
    for (const silo_a of [true, null])
      assert.throws(() => figures({ actual: { silo_a } }), { message: /^payload\.actual\.silo_a must be number/ });
    assert.throws(() => figures({ actual: {}, weight: true }), { message: /^payload\.weight must be number/ });
  });

  it('names the place, the value and the rule', () => {
    assert.throws(() => check({ count: 0 }), { name: 'INPUT_INVALID', message: 'payload.count must be >= 1; it is 0' });
    assert.throws(() => check({ count: 1, name: 'abcd' }), { name: 'INPUT_INVALID', message: /^payload\.name .*'abcd'$/ });
    assert.throws(() => check('ten'), { name: 'INPUT_INVALID', message: /^payload must be object/ });
  });

  it('answers with our error for anything a flow may send', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['count'] = cyclic;
    for (const value of [cyclic, { count: 1, name: () => 1 }, { count: 10n ** 30n }, null, undefined, Symbol('x')]) {
      assert.throws(() => check(value), { name: 'INPUT_INVALID' });
    }
  });

  it('shortens a long value', () => {
    assert.throws(
      () => check({ count: 'x'.repeat(10_000) }),
      (error: Error) => error.message.length < 200,
    );
  });
});
