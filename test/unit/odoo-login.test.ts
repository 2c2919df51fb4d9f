import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../src/clock';
import type { Odoo } from '../../src/odoo/odoo';
import type { Protocol } from '../../src/odoo/transport';
import { type Asked, connectTo, cookieOf, Refusal, type Script, startScript } from '../support/odoo-script';
import { waitFor } from '../support/wait';

const KEY = '0123456789abcdef0123456789abcdef01234567';

/** How each protocol logs in, is denied, and refuses a login. */
const PROTOCOLS: Record<Protocol, { login: string; denied: Refusal; refuse: () => unknown }> = {
  jsonrpc: { login: 'common.authenticate', denied: new Refusal('odoo.exceptions.AccessDenied', 'Access Denied'), refuse: () => false },
  json2: {
    login: 'res.users.context_get',
    denied: new Refusal('werkzeug.exceptions.Unauthorized', 'Invalid apikey', 401),
    refuse() {
      throw this.denied;
    },
  },
  scada: {
    login: '/api/scada/authenticate',
    denied: new Refusal('odoo.http.SessionExpiredException', 'Session expired'),
    refuse: () => ({ status: 'error', message: 'wrong login or password' }),
  },
};
const VERSION_19 = { server_version: '19.0', server_version_info: [19, 0, 0, 'final', 0, ''] };

for (const protocol of ['jsonrpc', 'json2', 'scada'] as const) {
  describe(`login at Odoo over ${protocol}`, () => {
    const { login, denied, refuse } = PROTOCOLS[protocol];
    /** The call that tests deny: one read of MOs. */
    const READ = 'mrp.production.search_read';
    let script: Script;
    let clients: Odoo[];

    const start = async (answer: (asked: Asked) => unknown): Promise<void> => {
      script = await startScript((asked) => {
        const given = answer(asked);
        return given === undefined && asked.name === 'common.version' ? VERSION_19 : given;
      });
    };
    const connect = (settings: Parameters<typeof connectTo>[1] = {}, clock = systemClock): Odoo => {
      const odoo = connectTo(script.url, { protocol, password: KEY, ...settings }, clock);
      clients.push(odoo);
      return odoo;
    };
    beforeEach(() => void (clients = []));
    afterEach(async () => {
      for (const odoo of clients) odoo.close();
      await script.close();
    });

    it('logs in once for callers that come together, and uses that login', async () => {
      await start(() => undefined);
      const odoo = connect();
      await Promise.all([odoo.readStates([1]), odoo.readStates([2]), odoo.readStates([3])]);
      assert.equal(script.count(login), 1);
      for (const { headers, uid } of script.asked.filter(({ name }) => name === READ)) {
        if (protocol === 'jsonrpc') assert.equal(uid, 6);
        if (protocol === 'json2') assert.deepEqual([headers.authorization, headers['x-odoo-database']], [`bearer ${KEY}`, 'mill']);
        if (protocol === 'scada') assert.equal(headers.cookie, cookieOf(1));
      }
    });

    it('logs in anew once when calls are denied, also for the one that hears of it after the new login [fault: odoo-session-expired-once]', async () => {
      let valid = 1;
      await start(({ name, args, options }) => {
        if (name !== READ || script.count(login) >= valid) return undefined;
        const late = JSON.stringify([args, options]).includes('[3]');
        const newLogin = (): boolean => script.count(login) >= valid;
        return Promise.resolve(late ? waitFor(newLogin, { what: 'the new login' }) : null).then(() => {
          throw denied;
        });
      });
      const odoo = connect();
      await odoo.readStates([1]);
      valid = 2;
      await Promise.all([odoo.readStates([2]), odoo.readStates([3]), odoo.readStates([4])]);
      assert.equal(script.count(login), 2);
      assert.equal(odoo.state().state, 'ok');
    });

    it('stops after one fresh login: no storm of logins, until retryMax has passed [fault: odoo-session-expired-always]', async () => {
      let now = 0;
      const clock: Clock = { ...systemClock, now: () => new Date(now) };
      let isDenied = true;
      await start(({ name }) => {
        if (name === READ && isDenied) throw denied;
        return undefined;
      });
      const odoo = connect({ retryMax: 300 }, clock);
      for (let call = 0; call < 20; call += 1) await assert.rejects(odoo.readStates([1]), { class: 'auth' });
      assert.equal(script.count(login), 2);
      assert.equal(script.count(READ), 2);
      assert.equal(odoo.state().state, 'down');
      isDenied = false;
      now = 299_000;
      await assert.rejects(odoo.readStates([1]), { class: 'auth' });
      now = 300_000;
      await odoo.readStates([1]);
      assert.equal(script.count(login), 3);
      assert.equal(odoo.state().state, 'ok');
    });

    it('tells a key that worked before from a wrong password [fault: odoo-key-expired]', async () => {
      let isExpired = false;
      await start(({ name }) => {
        if (!isExpired || name === 'common.version') return undefined;
        if (name === login) return refuse.call(PROTOCOLS[protocol]);
        throw denied;
      });
      const key = connect();
      const other = connect({ password: 'not a key' });
      await key.readStates([1]);
      // A secret that cannot be a key is not sent as one.
      if (protocol !== 'json2') await other.readStates([1]);
      isExpired = true;
      await assert.rejects(key.readStates([1]), { code: 'ODOO_KEY_EXPIRED', class: 'auth', message: /^(?!.*0123456789abcdef)/ });
      await assert.rejects(other.readStates([1]), { code: 'ODOO_AUTH', class: 'auth' });
      await assert.rejects(connect().readStates([1]), { code: 'ODOO_AUTH', class: 'auth' }, 'a key that never worked may be wrong');
    });

    it('does not take something else for a user id', async () => {
      const wrong: Record<Protocol, unknown> = { jsonrpc: '6', json2: { uid: '6' }, scada: { status: 'success', uid: '6' } };
      await start(({ name }) => (name === login ? wrong[protocol] : undefined));
      await assert.rejects(connect().readStates([1]), { code: 'ODOO_ANSWER' });
    });

    it('a caller that is stopped does not take the login from the others', async () => {
      let letIn = (): void => undefined;
      const gate = new Promise<void>((resolve) => (letIn = resolve));
      await start(({ name }) => (name === login ? gate.then(() => undefined) : undefined));
      const odoo = connect();
      const stop = new AbortController();
      const stopped = assert.rejects(odoo.readStates([1], stop.signal), { code: 'CLOSED' });
      const other = odoo.readStates([2]);
      await waitFor(() => script.count(login) === 1, { what: 'the login' });
      stop.abort();
      await stopped;
      letIn();
      await other;
      assert.equal(script.count(login), 1);
      assert.equal(script.count(READ), 1);
    });
  });
}
