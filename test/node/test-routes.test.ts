import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { accessFrom } from '../../src/database/settings';
import type { ProbeResult } from '../../src/probe/probe';
import type { Told } from '../../src/sentence';
import { type Answer, type Flows, type NodeRed, startNodeRed } from '../support/node-red';
import { type Site, startSite } from '../support/site';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';

const CANARY = 'secret-canary-7f3a';
/** Of the word password. */
const HASH = '$2b$08$1augt8syNmyPBvX0O.askOQI1eUMVmMdaur89sE.JYiroJTiBI2ES';

const PLC = { id: '5c1de1f9b06a4b01', type: 'mo-plc', name: 'Mixer', transport: 'tcp' };
const ODOO = {
  id: '5c1de1f9b06a4b02',
  type: 'mo-odoo',
  name: 'Plant',
  database: 'demo',
  protocol: 'auto',
  timeout: 5,
  retryMin: 2,
  retryMax: 300,
};
const DATABASE = { id: '5c1de1f9b06a4b03', type: 'mo-database', mode: 'postgres', schema: 'public', poolSize: 2 };
const LINE = {
  id: '5c1de1f9b06a4b04',
  type: 'mo-line',
  line: 'main',
  database: DATABASE.id,
  odoo: ODOO.id,
  plc: PLC.id,
  slots: 10,
  map: '',
  materials: [],
};

describe('test buttons of the configuration dialogs', function () {
  this.timeout(180_000);
  let site: Site;
  before(async function () {
    site = await startSite(this, { orders: 12 });
  });
  after(() => site?.close());

  describe('in a Node-RED without a login', () => {
    let nodeRed: NodeRed;
    before(async () => {
      const { servers, database, user, password } = accessFrom({ url: site.env['DATABASE_URL'] });
      const flows: Flows = [
        { ...PLC, host: '${PLC_HOST}', port: '${PLC_PORT}' },
        { ...ODOO, url: site.env['ODOO_URL'], credentials: { login: 'demo', password: 'demo' } },
        { ...DATABASE, ...servers[0], database, credentials: { user, password } },
        LINE,
      ];
      nodeRed = await startNodeRed({ flows, env: { ...site.env, CANARY }, settings: { uiHost: '0.0.0.0' } });
    });
    after(() => nodeRed?.stop());

    const ask = (type: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
      nodeRed.admin(`smart-mo-sync/test/${type}`, { method: 'POST', body, headers });
    async function result(type: string, body: unknown): Promise<Told<ProbeResult>> {
      const { status, body: answer } = await ask(type, body);
      assert.equal(status, 200, JSON.stringify(answer));
      return answer as Told<ProbeResult>;
    }
    const told = ({ details }: Told<ProbeResult>, label: string): string | undefined => details.find((one) => one.label === label)?.value;

    it('mo-plc: variables are filled in, deployed or not', async () => {
      for (const id of [PLC.id, 'not-deployed']) {
        const answer = await result('mo-plc', { ...PLC, id, host: '${PLC_HOST}', port: '${PLC_PORT}' });
        assert.equal(answer.ok, true, answer.text);
      }
      const unset = await result('mo-plc', { ...PLC, host: '${NOT_SET_ANYWHERE}', port: 502 });
      assert.deepEqual([unset.ok, /^CONFIG_MISSING: Host of mo-plc "Mixer".*NOT_SET_ANYWHERE/.test(unset.text)], [false, true], unset.text);
      const dead = await result('mo-plc', { ...PLC, host: '127.0.0.1', port: 1 });
      assert.match(dead.text, /^PLC_UNREACHABLE/);
    });

    it('mo-odoo: an untouched password is the stored one of that node', async () => {
      const dialog = { ...ODOO, url: site.env['ODOO_URL'], login: 'demo', password: '__PWRD__' };
      const stored = await result('mo-odoo', dialog);
      assert.equal(stored.ok, true, stored.text);
      assert.equal(told(stored, 'confirmed MOs'), '12');
      const other = await result('mo-odoo', { ...dialog, id: 'somebody-else' });
      assert.match(other.text, /^CONFIG_MISSING: Password/);
      // The secret of another type must not travel under this one.
      const foreign = await result('mo-odoo', { ...dialog, id: DATABASE.id });
      assert.match(foreign.text, /^CONFIG_MISSING: Password/);
    });

    it('mo-database: the deployed tables are there, in another schema they would be made', async () => {
      const { servers, database, user } = accessFrom({ url: site.env['DATABASE_URL'] });
      const dialog = { ...DATABASE, ...servers[0], database, user, password: '__PWRD__', url: '' };
      // The deployed node makes them in the background.
      const made = async (): Promise<boolean> => (await result('mo-database', dialog)).text.endsWith('the tables are there');
      await waitFor(made, { what: 'the tables of the deployed database' });
      assert.match((await result('mo-database', { ...dialog, schema: 'elsewhere' })).text, /will be made by the next deploy$/);
      assert.deepEqual(await site.query("SELECT 1 FROM pg_namespace WHERE nspname = 'elsewhere'"), []);
    });

    it('mo-line: the map of the dialog on the deployed connections', async () => {
      const answer = await result('mo-line', LINE);
      assert.equal(answer.ok, true, answer.text);
      assert.equal(told(answer, 'silo_a')?.startsWith('6028 = 46029 = 406029 ['), true);
      assert.match(told(answer, 'next MO') ?? '', /^WH\/MO\/00001/);
      const missing = await result('mo-line', { ...LINE, plc: 'new-plc', slots: 3 });
      assert.match(missing.text, /^CONFIG_MISSING: the mo-plc chosen for this line is not deployed yet/);
      assert.match(told(missing, 'map') ?? '', /^3 slots/);
    });

    it('no answer and no log line holds a secret [fault: sec-secret-in-answers]', async () => {
      const dialogs: [string, object][] = [
        ['mo-odoo', { ...ODOO, url: site.env['ODOO_URL'], login: 'demo', password: '${CANARY}' }],
        ['mo-odoo', { ...ODOO, url: `http://demo:${CANARY}@127.0.0.1:1`, login: 'demo', password: CANARY }],
        ['mo-odoo', { ...ODOO, url: site.env['ODOO_URL'], login: CANARY, password: CANARY }],
        ['mo-database', { ...DATABASE, url: `postgres://plant:${CANARY}` }],
        ['mo-database', { ...DATABASE, url: '${CANARY}' }],
        ['mo-database', { ...DATABASE, host: '127.0.0.1', port: 1, user: 'plant', password: CANARY }],
      ];
      for (const [type, dialog] of dialogs) {
        const answer = await result(type, dialog);
        assert.equal(answer.ok, false);
        assert.doesNotMatch(JSON.stringify(answer), new RegExp(CANARY));
      }
      assert.doesNotMatch(nodeRed.log(), new RegExp(CANARY));
    });

    const self = (): string => new URL(nodeRed.url).host;
    for (const [what, status, headers] of [
      ['a tool', 200, {}],
      ['the editor', 200, { 'sec-fetch-site': 'same-origin' }],
      ['a page of another site', 403, { 'sec-fetch-site': 'cross-site' }],
      ['a page of another port of this machine', 403, { origin: 'http://127.0.0.1:3000' }],
      ['a page without an origin', 403, { origin: 'null' }],
      ['a proxy on this machine', 403, { 'x-forwarded-for': '203.0.113.7' }],
    ] as const) {
      it(`${what} gets ${status} [fault: sec-routes-cross-origin]`, async () => {
        const answer = await ask('mo-plc', PLC, headers);
        assert.equal(answer.status, status);
        assert.equal((answer.body as Told<ProbeResult>).ok, false);
      });
    }

    it('a page of its own origin gets 200 in a browser that sends no Sec-Fetch-Site', async () => {
      assert.equal((await ask('mo-plc', PLC, { origin: `http://${self()}` })).status, 200);
    });

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      it(`a body of type ${type} gets 415 [fault: sec-routes-content-type]`, async () => {
        assert.equal((await ask('mo-plc', PLC, { 'content-type': type })).status, 415);
      });
    }

    it('a body that is too large gets 413, one that is no dialog an answer, another method nothing [fault: sec-routes-body, sec-routes-method]', async () => {
      assert.equal((await ask('mo-line', { ...LINE, map: 'x'.repeat(300_000) })).status, 413);
      for (const body of [[], { no: 'id' }, { id: 7 }]) assert.match((await result('mo-plc', body)).text, /^INPUT_INVALID/);
      for (const method of ['GET', 'PUT', 'DELETE'])
        assert.equal((await nodeRed.admin('smart-mo-sync/test/mo-plc', { method })).status, 404, method);
    });

    it('another machine gets 403 and is told what to set [fault: sec-routes-other-machine]', async function () {
      const address = Object.values(networkInterfaces())
        .flat()
        .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
      // The socket address of a request to an own network address is that address.
      if (address === undefined) return skip(this, 'no network address but loopback');
      const response = await fetch(`http://${address}:${new URL(nodeRed.url).port}/smart-mo-sync/test/mo-plc`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(PLC),
      });
      assert.equal(response.status, 403);
      assert.match(
        ((await response.json()) as Told<ProbeResult>).text,
        /adminAuth in settings\.js, or smartMoSync: \{ editorRoutes: "any" \}/,
      );
    });
  });

  describe('in a Node-RED with a login', () => {
    let nodeRed: NodeRed;
    before(async () => {
      const users = [
        { username: 'writer', password: HASH, permissions: '*' },
        { username: 'reader', password: HASH, permissions: 'read' },
      ];
      nodeRed = await startNodeRed({ settings: { adminAuth: { type: 'credentials', users } } });
    });
    after(() => nodeRed?.stop());

    async function tokenOf(username: string, scope: string): Promise<string> {
      const login = { client_id: 'node-red-editor', grant_type: 'password', scope, username, password: 'password' };
      const { body } = await nodeRed.admin('auth/token', { method: 'POST', body: login });
      return (body as { access_token: string }).access_token;
    }

    for (const [username, scope, status] of [
      ['writer', '*', 200],
      ['reader', 'read', 401],
      ['nobody', '', 401],
    ] as const) {
      it(`${username} gets ${status}, from anywhere [fault: sec-routes-without-permission]`, async () => {
        const headers = username === 'nobody' ? {} : { authorization: `Bearer ${await tokenOf(username, scope)}` };
        const post = (more: Record<string, string>): Promise<Answer> =>
          nodeRed.admin('smart-mo-sync/test/mo-plc', { method: 'POST', body: PLC, headers: { ...headers, ...more } });
        assert.equal((await post({ 'x-forwarded-for': '203.0.113.7' })).status, status);
        if (status === 200) assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403);
      });
    }
  });

  it('in a Node-RED that lets everybody: smartMoSync.editorRoutes "any"', async () => {
    const nodeRed = await startNodeRed({ settings: { smartMoSync: { editorRoutes: 'any' } } });
    try {
      const post = (headers: Record<string, string>): Promise<Answer> =>
        nodeRed.admin('smart-mo-sync/test/mo-plc', { method: 'POST', body: PLC, headers });
      assert.equal((await post({ 'x-forwarded-for': '203.0.113.7' })).status, 200);
      assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403);
    } finally {
      await nodeRed.stop();
    }
  });
});
