import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import helper from 'node-red-node-test-helper';
import type { NodeAPI } from 'node-red';
import type { DatabaseNode, LineNode, OdooNode, PlcNode } from '../../nodes/support/types';
import { accessFrom } from '../../src/database/settings';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { testServer } from '../support/postgres';
import { waitFor } from '../support/wait';
import { startWire } from '../support/wire';
import { type FlowNode, lineOnDatabase, load } from './flow';

/** The node of Node-RED itself that holds certificates. */
const tlsConfig = createRequire(require.resolve('node-red'))('@node-red/nodes/core/network/05-tls.js') as (RED: NodeAPI) => void;

const TLS: FlowNode = {
  id: 'tls1',
  type: 'tls-config',
  name: '',
  cert: '',
  key: '',
  ca: '',
  certname: '',
  keyname: '',
  caname: '',
  servername: 'odoo.plant',
  verifyservercert: true,
};
const ODOO: FlowNode = { id: 'odoo1', type: 'mo-odoo', name: 'Plant', url: 'http://127.0.0.1:1', database: 'demo' };
const LOGIN = { odoo1: { login: 'demo', password: 'secret-canary' } };

/** The error that a configuration node gives at every use. */
function errorOf(use: () => unknown): SmartMoError {
  try {
    use();
  } catch (error) {
    assert.ok(error instanceof SmartMoError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'no error' });
}

function isRefused(id: string): boolean {
  try {
    lineNode(id).line();
    return false;
  } catch {
    return true;
  }
}

const lineNode = (id: string): LineNode => helper.getNode(id) as unknown as LineNode;
const odooNode = (id: string): OdooNode => helper.getNode(id) as unknown as OdooNode;
const plcNode = (id: string): PlcNode => helper.getNode(id) as unknown as PlcNode;
const databaseNode = (id: string): DatabaseNode => helper.getNode(id) as unknown as DatabaseNode;

describe('configuration nodes', () => {
  const saved = { ...process.env };
  before((done) => {
    helper.startServer(done);
  });
  afterEach(async () => {
    await helper.unload();
    for (const name of Object.keys(process.env)) if (!(name in saved)) Reflect.deleteProperty(process.env, name);
  });
  after((done) => {
    helper.stopServer(done);
  });

  describe('mo-line', () => {
    it('offers the line with its connections, the bundled map and materials', async function () {
      const { flow, credentials } = await lineOnDatabase(this, { odoo: 'odoo1', slots: '10', staleAfterMinutes: '5' });
      await load([ODOO, ...flow], { ...credentials, ...LOGIN });
      const line = lineNode('line1').line();
      assert.equal(line.odoo, odooNode('odoo1').odoo());
      assert.equal(line.database, databaseNode('database1').database());
      assert.equal(line.plc, null);
      assert.deepEqual([line.line, line.slots, line.staleAfterMinutes, line.materials.length], ['main', 10, 5, 15]);
      assert.equal(line.logTag(), '');
      await line.database.ready();
    });

    it('names itself in the log as soon as there are two', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      await load([...flow, { id: 'line2', type: 'mo-line', line: 'wet', database: 'database1' }], credentials);
      assert.deepEqual([lineNode('line1').line().logTag(), lineNode('line2').line().logTag()], ['[main]', '[wet]']);
    });

    it('refuses the second line with the same key on one database [fault: nr-line-twice]', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      const { log } = await load(
        [...flow, { id: 'line2', type: 'mo-line', name: 'Copy', line: 'main', database: 'database1' }],
        credentials,
      );
      assert.equal(lineNode('line1').line().line, 'main');
      const error = errorOf(() => lineNode('line2').line());
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.match(error.message, /"main".*mo-line line1.*mo-line "Copy"/);
      assert.match(log('line2')[0] ?? '', /^CONFIG_INVALID: /);
    });

    it('takes over a key as soon as the line that has it is deleted by a deploy of the changes only', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      await load([...flow, { id: 'line2', type: 'mo-line', line: 'main', database: 'database1' }], credentials);
      assert.equal(errorOf(() => lineNode('line2').line()).code, 'CONFIG_INVALID');
      await helper.getNode('line1').close(true);
      assert.equal(lineNode('line2').line().line, 'main');
      await helper.getNode('line1').close(true);
      assert.equal(lineNode('line2').line().line, 'main');
    });

    it('knows the tables again through another mo-database', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      const database = flow[0]!;
      const twin: FlowNode = { ...database, id: 'database2', host: String(database.host).replace('127.0.0.1', 'LOCALHOST') };
      const other: FlowNode = { ...database, id: 'database3', schema: 'elsewhere' };
      const copy = (id: string, on: string): FlowNode => ({ id, type: 'mo-line', line: 'main', database: on });
      const secrets = { ...credentials, database2: credentials['database1']!, database3: credentials['database1']! };
      await load([...flow, twin, other, copy('line2', 'database2'), copy('line3', 'database3')], secrets);
      assert.match(errorOf(() => lineNode('line2').line()).message, /"main" is already the key of mo-line line1 on this database/);
      assert.equal(lineNode('line3').line().line, 'main');
    });

    it('names the double key where one of the two has a mistake in its map, whichever comes first', async function () {
      const broken = { map: '{"version": 1}' };
      for (const [first, second] of [
        [broken, {}],
        [{}, broken],
      ]) {
        const { flow, credentials } = await lineOnDatabase(this, first);
        const { log } = await load(
          [...flow, { id: 'line2', type: 'mo-line', line: 'main', database: 'database1', ...second }],
          credentials,
        );
        assert.match(log('line2')[0] ?? '', /^CONFIG_INVALID: line "main" is already the key of mo-line line1/);
        assert.match([...log('line1'), ...log('line2')].join(), /MAP_INVALID/);
        assert.match(errorOf(() => lineNode('line2').look()).message, /already the key/);
        await helper.unload();
      }
    });

    it('knows the tables again under another name of the server, as soon as the server has answered; the first line keeps them', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      const { servers, database, user, password } = accessFrom((await testServer(this)).settings);
      const wire = await startWire(servers[0]!);
      try {
        const door: FlowNode = { ...flow[0]!, id: 'database2', host: '127.0.0.1', port: wire.port, database };
        const secrets = { ...credentials, database2: { user, password } };
        await load([...flow, door, { id: 'line2', type: 'mo-line', line: 'main', database: 'database2' }], secrets);
        await waitFor(() => isRefused('line2'), { what: 'the refusal of the second line' });
        assert.match(errorOf(() => lineNode('line2').line()).message, /^line "main" is already the key of mo-line line1 on this database/);
        assert.equal(lineNode('line1').line().line, 'main');
      } finally {
        await wire.close();
      }
    });

    it('refuses slots that lie where another line has some in the same PLC, unless one of them observes', async function () {
      const { flow, credentials } = await lineOnDatabase(this, { plc: 'plc1' });
      const plc = { type: 'mo-plc', host: '127.0.0.1', port: 1 };
      const moved = JSON.stringify({
        ...FEED_MILL_MAP,
        read: { ...FEED_MILL_MAP.read, base: 16_000 },
        write: { ...FEED_MILL_MAP.write, base: 17_000 },
      });
      const line = (key: string, more: object): FlowNode => ({
        ...{ id: `line-${key}`, type: 'mo-line', line: key, database: 'database1', plc: 'plc2' },
        ...more,
      });
      await load(
        [
          { id: 'plc1', ...plc },
          { id: 'plc2', ...plc, host: 'localhost' },
          { id: 'plc3', ...plc, unit: 2 },
          ...flow,
          line('near', {
            map: JSON.stringify({
              ...FEED_MILL_MAP,
              read: { ...FEED_MILL_MAP.read, base: 6950 },
              write: { ...FEED_MILL_MAP.write, base: 17_000 },
            }),
          }),
          line('looks', { mode: 'observe' }),
          line('moved', { map: moved }),
          line('elsewhere', { plc: 'plc3' }),
        ],
        credentials,
      );
      assert.equal(lineNode('line1').line().line, 'main');
      assert.match(
        errorOf(() => lineNode('line-near').line()).message,
        /^read slot 1 \(words 6950-7026\) of mo-line line-near lies where mo-line line1 has a slot in the same PLC \(127\.0\.0\.1:1 unit 1\); give one/,
      );
      for (const key of ['looks', 'moved', 'elsewhere']) assert.equal(lineNode(`line-${key}`).line().line, key);
    });

    for (const [what, fields, code, text] of [
      ['a key that does not fit', { line: 'line 1' }, 'CONFIG_INVALID', /Key of mo-line line1 is "line 1"/],
      ['no database', { database: '' }, 'CONFIG_MISSING', /Database of mo-line line1 is empty/],
      ['a PLC that is gone', { plc: 'gone' }, 'CONFIG_MISSING', /PLC of mo-line line1 names a mo-plc/],
      ['a map that is none', { map: '{"version": 1}' }, 'MAP_INVALID', /map/],
      ['a material without product', { materials: [{ tag: 'silo_a' }] }, 'CONFIG_MISSING', /product of material silo_a/],
      [
        'a tag that comes twice',
        { materials: [1, 2].map((product) => ({ tag: 'silo_a', product: `#${product}` })) },
        'CONFIG_INVALID',
        /"silo_a".*once/,
      ],
    ] as const) {
      it(`shows ${what} on the nodes of the line`, async function () {
        const { flow, credentials } = await lineOnDatabase(this, fields);
        const { send, status, endings } = await load([...flow, { id: 'reader1', type: 'plc-batch-reader', line: 'line1' }], credentials);
        assert.match(errorOf(() => lineNode('line1').line()).message, text);
        assert.match(status('reader1')?.text ?? '', new RegExp(`^${code}`));
        send('reader1');
        await waitFor(() => endings('reader1').length === 1, { what: 'the error' });
        assert.deepEqual(endings('reader1'), [code]);
      });
    }

    it('without a PLC lets the reader say so', async function () {
      const { flow, credentials } = await lineOnDatabase(this);
      const { send, endings, log } = await load([...flow, { id: 'reader1', type: 'plc-batch-reader', line: 'line1' }], credentials);
      send('reader1');
      await waitFor(() => endings('reader1').length === 1, { what: 'the error' });
      assert.deepEqual(endings('reader1'), ['CONFIG_MISSING']);
      assert.match(log('reader1').at(-1) ?? '', /line main has no PLC/);
    });
  });

  describe('variables', () => {
    it('are put in by Node-RED: numbers, texts, ids and credentials', async function () {
      Object.assign(process.env, {
        MO_TEST_SLOTS: '7',
        MO_TEST_LINE: 'wet',
        MO_TEST_URL: 'http://127.0.0.1:2',
        MO_TEST_DATABASE: 'database1',
      });
      const { flow, credentials } = await lineOnDatabase(this, {
        line: '${MO_TEST_LINE}',
        slots: '${MO_TEST_SLOTS}',
        database: '${MO_TEST_DATABASE}',
      });
      process.env['MO_TEST_USER'] = credentials['database1']?.['user'];
      await load([{ ...ODOO, url: '${MO_TEST_URL}' }, ...flow], {
        ...LOGIN,
        database1: { ...credentials['database1'], user: '${MO_TEST_USER}' },
      });
      const line = lineNode('line1').line();
      assert.deepEqual([line.line, line.slots], ['wet', 7]);
      await line.database.ready();
      await assert.rejects(odooNode('odoo1').odoo().probe(), /127\.0\.0\.1:2/);
    });

    it('that are not set count as empty: the default, or CONFIG_MISSING with their name [fault: nr-variable-not-set]', async function () {
      const { flow, credentials } = await lineOnDatabase(this, { slots: '${MO_TEST_UNSET}' });
      const plc = { id: 'plc1', type: 'mo-plc', name: 'Mixer', host: '${MO_TEST_UNSET}', port: 502 };
      await load([plc, { ...ODOO, url: '${MO_TEST_UNSET}' }, ...flow], {
        ...credentials,
        odoo1: { login: '${MO_TEST_UNSET}', password: 'x' },
      });
      assert.equal(lineNode('line1').line().slots, 10);
      for (const [use, text] of [
        [() => plcNode('plc1').plc(), /Host of mo-plc "Mixer".*MO_TEST_UNSET/],
        [() => odooNode('odoo1').odoo(), /Address of mo-odoo "Plant".*MO_TEST_UNSET/],
      ] as const) {
        const error = errorOf(use);
        assert.equal(error.code, 'CONFIG_MISSING');
        assert.match(error.message, text);
      }
    });

    for (const [value, expected] of [
      [undefined, 'fetch'],
      ['off', 'disabled'],
      ['TRUE', 'fetch'],
      ['maybe', 'CONFIG_INVALID'],
    ] as const) {
      it(`switch the gate: ENABLE_AUTO_SYNC ${value ?? 'not set'} gives ${expected}`, async function () {
        if (value !== undefined) process.env['ENABLE_AUTO_SYNC'] = value;
        const { flow, credentials } = await lineOnDatabase(this);
        const gates = ['ENABLE_AUTO_SYNC', '${ENABLE_AUTO_SYNC}'].map((enabled, index) => ({
          id: `gate${index}`,
          type: 'mo-queue-gate',
          line: 'line1',
          enabled,
          enabledType: 'env',
        }));
        const { send, received, endings } = await load([...flow, ...gates], credentials);
        for (const { id } of gates) {
          // "maybe" as a name of a variable stands for nothing, so that only the plain name can be refused.
          if (value === 'maybe' && id === 'gate1') continue;
          send(id);
          await waitFor(() => endings(id).length === 1, { what: `the decision of ${id}` });
          const [decision] = [...received(id, 1), ...received(id, 2)].map(({ payload }) => payload as { decision: string; reason: string });
          assert.equal(decision ? (decision.reason === 'disabled' ? 'disabled' : decision.decision) : endings(id)[0], expected, id);
        }
      });
    }
  });

  describe('mo-odoo', () => {
    it('takes TLS from a tls-config and refuses one that is not there', async () => {
      await load([TLS, { ...ODOO, tls: 'tls1' }, { ...ODOO, id: 'odoo2', tls: 'gone' }], { ...LOGIN, odoo2: LOGIN.odoo1 }, [tlsConfig]);
      assert.equal(odooNode('odoo1').odoo().state().state, 'unknown');
      assert.match(errorOf(() => odooNode('odoo2').odoo()).message, /TLS of mo-odoo "Plant" is "gone"/);
    });

    it('never shows its password', async () => {
      const { log } = await load([{ ...ODOO, url: 'not an address' }], LOGIN);
      assert.match(log('odoo1')[0] ?? '', /^CONFIG_INVALID/);
      assert.doesNotMatch(JSON.stringify(helper.log().args), /secret-canary/);
    });
  });

  describe('mo-database', () => {
    it('makes the tables when it is deployed', async function () {
      const { flow, credentials, schema } = await lineOnDatabase(this);
      await load(flow, credentials);
      const database = databaseNode('database1').database();
      await waitFor(() => database.state().state === 'ok', { what: 'the database' });
      const rows = await database.query('SELECT 1 FROM information_schema.tables WHERE table_schema = $1 AND table_name = $2', [
        schema,
        'mo_batch',
      ]);
      assert.equal(rows.length, 1);
    });

    it('tells once that the server is away, and closes within 2 s', async () => {
      const away = { id: 'database1', type: 'mo-database', host: '127.0.0.1', port: 1 };
      const { log } = await load([away], { database1: { user: 'plant', password: 'secret-canary' } });
      await waitFor(() => log('database1').length === 1, { what: 'the error' });
      assert.match(log('database1')[0] ?? '', /^DB_UNREACHABLE: .*127\.0\.0\.1/);
      assert.doesNotMatch(JSON.stringify(helper.log().args), /secret-canary/);
      const started = Date.now();
      await helper.clearFlows();
      assert.ok(Date.now() - started < 2000);
    });

    for (const directory of ['../elsewhere', '/var/data', 'a/../../b', 'C:\\data']) {
      it(`refuses the folder ${directory}`, async () => {
        await load([{ id: 'database1', type: 'mo-database', mode: 'builtin', directory }]);
        const error = errorOf(() => databaseNode('database1').database());
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(error.message, /^Folder of mo-database database1/);
      });
    }
  });

  it('mo-plc refuses what is out of range and names what is allowed', async () => {
    await load([{ id: 'plc1', type: 'mo-plc', host: '127.0.0.1', port: '70000' }]);
    assert.match(errorOf(() => plcNode('plc1').plc()).message, /Port of mo-plc plc1 is "70000".*from 1 to 65535/);
  });

  it('mo-plc tells the port it uses when the variable of the port is not set', async () => {
    const { log } = await load([{ id: 'plc1', type: 'mo-plc', host: '127.0.0.1', port: '${MO_TEST_UNSET}' }]);
    assert.deepEqual(log('plc1'), ['the environment variable MO_TEST_UNSET is not set: port 502 is used']);
  });
});
