import assert from 'node:assert/strict';
import { backoffSeconds } from '../../src/backoff';
import { type Clock, systemClock } from '../../src/clock';
import { type ErrorClass, type ErrorCode, SmartMoError } from '../../src/errors';
import { type Breaker, createBreaker } from '../../src/odoo/breaker';

describe('backoff', () => {
  const limits = { min: 2, max: 300 };

  it('doubles its ceiling from min to max', () => {
    const ceilings = [1, 2, 3, 7, 8, 2000].map((attempt) => backoffSeconds(attempt, limits, () => 1));
    assert.deepEqual(ceilings, [4, 8, 16, 256, 300, 300]);
  });

  it('never goes below min, nor below what was asked for', () => {
    assert.equal(
      backoffSeconds(5, limits, () => 0),
      2,
    );
    assert.equal(
      backoffSeconds(5, limits, () => 0, 17),
      17,
    );
    assert.equal(
      backoffSeconds(1, { min: 10, max: 5 }, () => 1),
      10,
    );
  });
});

describe('circuit breaker', () => {
  let now = 0;
  let ran = 0;
  let breaker: Breaker;
  const clock: Clock = { ...systemClock, now: () => new Date(now) };

  beforeEach(() => {
    [now, ran] = [0, 0];
    breaker = createBreaker('Odoo at http://x', { min: 2, max: 300 }, { clock, random: () => 1 });
  });

  const succeed = (): Promise<number> => breaker.run(() => Promise.resolve((ran += 1)));
  async function fail(errorClass: ErrorClass, code: ErrorCode = 'ODOO_UNREACHABLE', retryAfter?: number): Promise<void> {
    const work = breaker.run(() => {
      ran += 1;
      return Promise.reject(new SmartMoError(code, 'broken', { class: errorClass, ...(retryAfter ? { retryAfter } : {}) }));
    });
    await assert.rejects(work);
  }
  async function open(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await fail(i % 2 ? 'unknown' : 'transient');
  }

  it('opens after five transient or unknown failures in a row, and says until when', async () => {
    await open();
    assert.equal(ran, 5);
    await assert.rejects(succeed(), {
      code: 'ODOO_UNREACHABLE',
      class: 'transient',
      retryAfter: 4,
      message: /failed 5 times.*until \d\d:\d\d \(4 s\).*broken/,
    });
    assert.equal(ran, 5, 'nothing was called');
  });

  it('a success in between starts the count again', async () => {
    for (let i = 0; i < 4; i += 1) await fail('transient');
    await succeed();
    for (let i = 0; i < 4; i += 1) await fail('transient');
    await succeed();
  });

  for (const errorClass of ['permanent', 'version', 'auth'] as const) {
    it(`Odoo has answered when it fails with class ${errorClass}`, async () => {
      for (let i = 0; i < 4; i += 1) await fail('transient');
      await fail(errorClass, 'ODOO_REFUSED');
      await fail('transient');
      await succeed();
    });
  }

  it('one caller probes; its success closes', async () => {
    await open();
    now = 4000;
    let finish = (): void => undefined;
    const probe = breaker.run(() => new Promise<void>((resolve) => (finish = resolve)));
    await assert.rejects(succeed(), { code: 'ODOO_UNREACHABLE' });
    finish();
    await probe;
    await succeed();
    assert.deepEqual(breaker.state(), { state: 'ok', since: new Date(4000), error: null, answeredAt: new Date(4000) });
  });

  it('a failed probe opens it for longer', async () => {
    await open();
    now = 4000;
    await fail('transient');
    now = 4000 + 7999;
    await assert.rejects(succeed());
    now = 4000 + 8000;
    await succeed();
  });

  it('a stopped probe leaves the next one to another caller', async () => {
    await open();
    now = 4000;
    await fail('transient', 'CLOSED');
    await succeed();
  });

  it('keeps the wait the server asked for', async () => {
    for (let i = 0; i < 4; i += 1) await fail('transient');
    await fail('transient', 'ODOO_UNREACHABLE', 60);
    now = 59_000;
    await assert.rejects(succeed());
    now = 60_000;
    await succeed();
  });

  it('shows the link: unknown, down with the last error since the first one, ok', async () => {
    assert.deepEqual(breaker.state(), { state: 'unknown', since: null, error: null, answeredAt: null });
    now = 1000;
    await fail('transient');
    now = 2000;
    await fail('auth', 'ODOO_AUTH');
    assert.deepEqual(breaker.state(), { state: 'down', since: new Date(1000), error: 'ODOO_AUTH: broken', answeredAt: null });
    await fail('permanent', 'ODOO_REFUSED');
    assert.deepEqual(breaker.state(), { state: 'ok', since: new Date(2000), error: null, answeredAt: new Date(2000) });
  });
});
