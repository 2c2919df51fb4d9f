import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, systemClock } from '../../src/clock';
import { connectTo, Refusal, type Script, startScript } from '../support/odoo-script';
import { waitFor } from '../support/wait';

const DENIED = new Refusal('odoo.exceptions.AccessDenied', 'Access Denied');

describe('login at Odoo', () => {
  let script: Script;
  afterEach(() => script.close());

  it('logs in once for callers that come together', async () => {
    script = await startScript(() => undefined);
    const odoo = connectTo(script.url);
    await Promise.all([odoo.cancel(1), odoo.readStates([1]), odoo.probe()]);
    assert.equal(script.count('common.authenticate'), 1);
    assert.ok(script.asked.filter((one) => one.uid).every((one) => one.uid === 6));
  });

  it('logs in anew once when calls are denied, also for the one that hears of it after the new login', async () => {
    let uid = 6;
    script = await startScript(async ({ name, args, ...asked }) => {
      if (name === 'common.authenticate') return uid;
      if (asked.uid === uid) return undefined;
      if (isDeepStrictEqual(args, [[3]]))
        await waitFor(() => script.asked.some((one) => one.uid === uid), { what: 'the new login in use' });
      throw DENIED;
    });
    const odoo = connectTo(script.url);
    await odoo.cancel(1);
    uid = 8;
    await Promise.all([odoo.cancel(2), odoo.cancel(3), odoo.cancel(4)]);
    assert.equal(script.count('common.authenticate'), 2);
    assert.equal(odoo.state().state, 'ok');
  });

  it('stops after one fresh login: no storm of logins, until retryMax has passed', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, now: () => new Date(now) };
    let denied = true;
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.action_cancel' && denied) throw DENIED;
      return undefined;
    });
    const odoo = connectTo(script.url, { retryMax: 300 }, clock);
    for (let call = 0; call < 20; call += 1) await assert.rejects(odoo.cancel(1), { code: 'ODOO_AUTH', class: 'auth' });
    assert.equal(script.count('common.authenticate'), 2);
    assert.equal(script.count('mrp.production.action_cancel'), 2);
    assert.equal(odoo.state().state, 'down');
    denied = false;
    now = 299_000;
    await assert.rejects(odoo.cancel(1), { code: 'ODOO_AUTH' });
    now = 300_000;
    await odoo.cancel(1);
    assert.equal(script.count('common.authenticate'), 3);
    assert.equal(odoo.state().state, 'ok');
  });

  it('tells a key that worked before from a wrong password', async () => {
    let expired = false;
    script = await startScript(({ name }) => {
      if (!expired) return undefined;
      if (name === 'common.authenticate') return false;
      throw DENIED;
    });
    const key = connectTo(script.url, { password: '0123456789abcdef0123456789abcdef01234567' });
    const password = connectTo(script.url, { password: 'not a key' });
    await Promise.all([key.cancel(1), password.cancel(1)]);
    expired = true;
    await assert.rejects(key.cancel(1), { code: 'ODOO_KEY_EXPIRED', class: 'auth', message: /^(?!.*0123456789abcdef)/ });
    await assert.rejects(password.cancel(1), { code: 'ODOO_AUTH', class: 'auth' });
  });

  it('does not take something else for a user id', async () => {
    script = await startScript(({ name }) => (name === 'common.authenticate' ? '6' : undefined));
    await assert.rejects(connectTo(script.url).cancel(1), { code: 'ODOO_ANSWER' });
  });

  it('a caller that is stopped does not take the login from the others', async () => {
    let letIn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (letIn = resolve));
    script = await startScript(async ({ name }) => {
      if (name === 'common.authenticate') await gate;
      return undefined;
    });
    const odoo = connectTo(script.url);
    const stop = new AbortController();
    const stopped = assert.rejects(odoo.cancel(1, stop.signal), { code: 'CLOSED' });
    const other = odoo.cancel(2);
    stop.abort();
    await stopped;
    letIn();
    await other;
    assert.equal(script.count('common.authenticate'), 1);
    assert.equal(script.count('mrp.production.action_cancel'), 1);
  });
});
