import assert from 'node:assert/strict';
import type { Odoo } from '../../src/odoo/odoo';
import { type Asked, connectTo, NO_PAGE, Raw, Refusal, type Script, startScript } from '../support/odoo-script';

const KEY = '0123456789abcdef0123456789abcdef01234567';
const version = (major: number): object => ({ server_version: `${major}.0`, server_version_info: [major, 0, 0, 'final', 0, ''] });
const INVALID_KEY = new Refusal('werkzeug.exceptions.Unauthorized', 'Invalid apikey', 401);
const HEALTHY = { status: 'ok' };

describe('protocol "auto"', () => {
  let script: Script;
  let odoo: Odoo;
  async function start(answer: (asked: Asked) => unknown, settings: Parameters<typeof connectTo>[1] = {}): Promise<void> {
    script = await startScript(answer);
    odoo = connectTo(script.url, { password: KEY, ...settings });
  }
  afterEach(async () => {
    odoo.close();
    await script.close();
  });

  const choices: [says: string, major: number, health: unknown, key: 'accepted' | 'refused' | 'unknown database', protocol: string][] = [
    ['Odoo 14', 14, NO_PAGE, 'accepted', 'jsonrpc'],
    ['Odoo 18, which has no JSON-2', 18, NO_PAGE, 'accepted', 'jsonrpc'],
    ['Odoo 19 with an API key', 19, NO_PAGE, 'accepted', 'json2'],
    ['Odoo 19 with a password', 19, NO_PAGE, 'refused', 'jsonrpc'],
    ['Odoo 19 that serves the database only over JSON-RPC', 19, NO_PAGE, 'unknown database', 'jsonrpc'],
    ['the plant module, bare', 14, new Raw(JSON.stringify(HEALTHY)), 'accepted', 'scada'],
    ['the plant module, wrapped', 14, HEALTHY, 'accepted', 'scada'],
    ['a web site that answers every address', 17, new Raw('<html>'), 'accepted', 'jsonrpc'],
    ['a page that asks for a login', 17, new Raw('', 303, { Location: '/web/login' }), 'accepted', 'jsonrpc'],
    ['a proxy that forbids the address', 17, new Raw('', 403), 'accepted', 'jsonrpc'],
    ['a proxy that allows only POST', 17, new Raw('', 405), 'accepted', 'jsonrpc'],
    ['another JSON', 17, new Raw('[{"status":"ok"}]'), 'accepted', 'jsonrpc'],
  ];
  for (const [says, major, health, key, protocol] of choices) {
    it(`takes ${protocol} for ${says}`, async () => {
      await start(({ name, path }) => {
        if (name === 'common.version') return version(major);
        if (name === '/api/scada/health') return health;
        if (path === '/json/2/res.users/context_get' && key === 'refused') throw INVALID_KEY;
        if (path === '/json/2/res.users/context_get' && key === 'unknown database') return NO_PAGE;
        return undefined;
      });
      assert.equal((await odoo.probe()).protocol, protocol);
      assert.equal(await odoo.quietSeconds(), protocol === 'scada' ? 150 : 0);
    });
  }

  it('does not take silence for an answer: an Odoo that is away is asked again', async () => {
    let status = 503;
    await start(({ name }) => (name === '/api/scada/health' ? (status ? new Raw('', status) : HEALTHY) : undefined));
    await assert.rejects(odoo.readStates([1]), { code: 'ODOO_UNREACHABLE', class: 'transient' });
    assert.equal(await odoo.quietSeconds(), 150, 'nobody knows yet');
    status = 0;
    assert.equal((await odoo.probe()).protocol, 'scada');
  });

  it('does not leave the plant module for a proxy that refuses for a while, or for a server that is busy', async () => {
    let health: unknown = { status: 'degraded' };
    await start(({ name }) => (name === '/api/scada/health' ? health : undefined));
    assert.equal((await odoo.probe()).protocol, 'scada');
    health = new Raw('', 403);
    assert.equal((await odoo.probe()).protocol, 'scada');
    health = new Raw('', 429);
    await assert.rejects(odoo.probe(), { code: 'ODOO_UNREACHABLE' });
    health = new Raw('', 404);
    assert.equal((await odoo.probe()).protocol, 'jsonrpc');
  });

  it('a secret that cannot be a key is never sent as one', async () => {
    await start(({ name }) => (name === 'common.version' ? version(19) : undefined), { password: 'püré "secret"' });
    assert.equal((await odoo.probe()).protocol, 'jsonrpc');
    assert.ok(script.asked.every(({ headers }) => headers.authorization === undefined));
  });

  it('finds an Odoo that has no JSON-RPC any more, or hides it', async () => {
    const ways: Record<string, unknown> = {
      '/web/webclient/version_info': version(22),
      '/web/version': new Raw(JSON.stringify({ version: '22.0', version_info: [22, 0, 0, 'final', 0, ''] })),
    };
    for (const way of Object.keys(ways)) {
      await start(({ path }) => (path === '/jsonrpc' || (path in ways && path !== way) ? NO_PAGE : ways[path]));
      const { protocol, version: text, major } = await odoo.probe();
      assert.deepEqual([protocol, text, major], ['json2', '22.0', 22]);
      await script.close();
    }
    await start(({ path }) => (path === '/jsonrpc' || path in ways ? NO_PAGE : undefined));
    await assert.rejects(odoo.probe(), { code: 'ODOO_ANSWER', message: /no \/jsonrpc/ });
  });

  it('json2 by hand needs Odoo 19', async () => {
    await start(() => undefined, { protocol: 'json2' });
    await assert.rejects(odoo.probe(), { code: 'CONFIG_INVALID', message: /17\.0 is too old for protocol "json2"; version 19/ });
  });

  it('a key that expires is told, not hidden behind another protocol', async () => {
    let isExpired = false;
    await start(({ name, path }) => {
      if (name === 'common.version') return version(19);
      if (isExpired && path.startsWith('/json/2/')) throw INVALID_KEY;
      return undefined;
    });
    await odoo.readStates([1]);
    isExpired = true;
    for (let again = 0; again < 3; again += 1) await assert.rejects(odoo.readStates([1]), { code: 'ODOO_KEY_EXPIRED', class: 'auth' });
    assert.equal(script.count('common.authenticate'), 0);
    assert.equal(script.count('res.users.context_get'), 2);
  });

  it('goes over to JSON-2 after an upgrade that nobody announced', async () => {
    let major = 18;
    await start(({ name, path }) => {
      if (name === 'common.version') return version(major);
      return path === '/jsonrpc' && major === 19 ? NO_PAGE : undefined;
    });
    await odoo.cancel(7);
    assert.equal(odoo.upgrade(), null);
    major = 19;
    await odoo.cancel(7);
    assert.equal(script.asked.at(-1)?.path, '/json/2/mrp.production/action_cancel');
    const { from, to, at } = odoo.upgrade()!;
    assert.deepEqual([from, to, at instanceof Date], ['18.0', '19.0', true]);
  });

  it('goes over to JSON-RPC when the plant module was removed', async () => {
    let isThere = true;
    await start(({ path }) => {
      if (!path.startsWith('/api/scada/')) return undefined;
      if (!isThere) return NO_PAGE;
      return path.endsWith('health') ? HEALTHY : { status: 'success', uid: 6, data: [] };
    });
    await odoo.listConfirmed({ limit: 1, seen: [], domain: [] });
    assert.equal(script.count('/api/scada/mo-list-detailed'), 1);
    isThere = false;
    script.asked.length = 0;
    await odoo.listConfirmed({ limit: 1, seen: [], domain: [] });
    assert.deepEqual([script.asked.at(-1)?.path, script.asked.at(-1)?.name], ['/jsonrpc', 'mrp.production.search_read']);
    assert.equal(odoo.upgrade(), null);
  });

  it('asks protocol, version and names anew after an outage', async () => {
    let isAway = false;
    await start(({ name }) => (isAway && name === 'mrp.production.search_read' ? new Raw('', 502) : undefined));
    await odoo.readStates([1]);
    await odoo.readStates([1]);
    assert.deepEqual([script.count('common.version'), script.count('stock.move.fields_get')], [1, 1]);
    isAway = true;
    await assert.rejects(odoo.readStates([1]), { code: 'ODOO_UNREACHABLE' });
    isAway = false;
    await odoo.readStates([1]);
    assert.deepEqual([script.count('common.version'), script.count('stock.move.fields_get')], [2, 2]);
    assert.equal(odoo.upgrade(), null);
  });
});

describe('what the Test button hears of the user', () => {
  let script: Script;
  let odoo: Odoo;
  afterEach(async () => {
    odoo.close();
    await script.close();
  });

  for (const [major, question] of [
    [17, 'check_access_rights'],
    [18, 'has_access'],
  ] as const) {
    const fine = [{ id: 6, email: 'a@b.example' }];
    const noEmail = /"connector" has no e-mail/;
    const unknown = new Refusal('builtins.AttributeError', "The method 'x' does not exist");
    const refused = new Refusal('odoo.exceptions.AccessError', 'no');
    const cases: [
      says: string,
      answers: { mayWrite: unknown; users: unknown },
      found: { mayChange: boolean | null; warnings: RegExp[] },
    ][] = [
      ['all is well', { mayWrite: true, users: fine }, { mayChange: true, warnings: [] }],
      ['no e-mail address', { mayWrite: true, users: [{ id: 6, email: false }] }, { mayChange: true, warnings: [noEmail] }],
      ['no right to change', { mayWrite: false, users: fine }, { mayChange: false, warnings: [] }],
      ['neither', { mayWrite: false, users: [{ id: 6, email: '' }] }, { mayChange: false, warnings: [noEmail] }],
      ['does not know the questions', { mayWrite: unknown, users: [] }, { mayChange: null, warnings: [] }],
      ['does not answer this user', { mayWrite: refused, users: [] }, { mayChange: null, warnings: [] }],
    ];
    for (const [says, { mayWrite, users }, { mayChange, warnings }] of cases) {
      it(`Odoo ${major}: ${says}`, async () => {
        const told = (answer: unknown): unknown => {
          if (answer instanceof Refusal) throw answer;
          return answer;
        };
        script = await startScript(({ name }) => {
          if (name === 'common.version') return version(major);
          if (name === 'res.users.read') return users;
          return name.endsWith(question) ? told(mayWrite) : undefined;
        });
        odoo = connectTo(script.url);
        const probe = await odoo.probe();
        assert.equal(probe.mayChange, mayChange);
        assert.equal(probe.warnings.length, warnings.length, probe.warnings.join('; '));
        for (const [index, warning] of probe.warnings.entries()) assert.match(warning, warnings[index]!);
        assert.ok(script.count(`mrp.production.${question}`) > 0);
      });
    }
  }

  it('a user without any right to MOs is an error', async () => {
    script = await startScript(({ name }) => {
      if (name === 'mrp.production.search_count') throw new Refusal('odoo.exceptions.AccessError', 'You are not allowed');
      return undefined;
    });
    odoo = connectTo(script.url);
    await assert.rejects(odoo.probe(), { code: 'ODOO_RIGHTS', message: /Manufacturing \/ User/ });
  });
});
