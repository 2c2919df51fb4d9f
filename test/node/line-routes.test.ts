import assert from 'node:assert/strict';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { type Answer, type NodeRed, startNodeRed } from '../support/node-red';

const DATABASE = '6c1de1f9b06a4b01';
const PLC = '6c1de1f9b06a4b03';
const LINE = { id: '6c1de1f9b06a4b04', type: 'mo-line', line: 'main', slots: 10, map: '', materials: [] };

describe('routes of the dialog of a line', function () {
  this.timeout(120_000);
  let nodeRed: NodeRed;
  before(async () => {
    nodeRed = await startNodeRed({
      flows: [
        { id: DATABASE, type: 'mo-database', mode: 'postgres', credentials: { url: 'postgres://mo:mo@127.0.0.1:1/mo' } },
        { id: PLC, type: 'mo-plc', host: '127.0.0.1', port: 1 },
        { id: '6c1de1f9b06a4b05', type: 'mo-line', name: 'Mixer', line: 'mixer', database: DATABASE, plc: PLC, slots: 10, map: '' },
      ],
      env: { PLC_HOST: '10.0.0.5', PLC_TOKEN: 'canary-7f3a' },
      settings: { smartMoSync: { editorRoutes: 'any' } },
    });
  });
  after(() => nodeRed?.stop());

  const post = (path: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    nodeRed.admin(`smart-mo-sync/${path}`, { method: 'POST', body: { ...LINE, ...more }, headers });
  async function ask(path: string, more: object = {}): Promise<Record<string, unknown> & { ok: boolean; text: string }> {
    const { status, body } = await post(path, more);
    assert.equal(status, 200, JSON.stringify(body));
    return body as Record<string, unknown> & { ok: boolean; text: string };
  }

  it('check, read and bundled say what the runtime would say', async () => {
    assert.match((await ask('map/check')).text, /^Empty: the bundled feed mill is used: 10 slots of 77 words/);
    const { read: _read, ...headless } = FEED_MILL_MAP;
    const { problems } = await ask('map/check', { map: JSON.stringify(headless) });
    assert.deepEqual(
      (problems as { text: string; rows: number[] }[]).map(({ text, rows }) => [text, rows]),
      [['the map has no "read"; fill it in', []]],
    );
    const pasted = await ask('map/read', { paste: 'name,type,slot 1,slot 2\nmo_id,ascii,D10,D30' });
    assert.match(String(pasted['understood']), /read area: slot 1 begins at 10 = 40011 = 400011, 20 words from slot to slot/);
    assert.equal(pasted.ok, false);
    assert.deepEqual(JSON.parse(String((await ask('map/bundled'))['json'])), FEED_MILL_MAP);
  });

  it('answers in the language that is asked for, where it has that one', async () => {
    const map = JSON.stringify({ ...FEED_MILL_MAP, fields: FEED_MILL_MAP.fields.slice(0, -2) });
    const told = async (language: string): Promise<unknown> =>
      ((await post('map/check', { map }, { 'accept-language': language })).body as { problems: { text: string }[] }).problems[0]?.text;
    assert.equal(await told('id-ID,id;q=0.9'), 'actual_weight belum ada; tambahkan barisnya');
    for (const language of ['en', 'fr-FR', '../en-US', '*'])
      assert.equal(await told(language), 'actual_weight is missing; add a row for it');
    const { body } = await post(`preview/${LINE.id}`, {}, { 'accept-language': 'id' });
    assert.match((body as { text: string }).text, /^CONFIG_MISSING: line ini tidak memiliki PLC; pilih satu/);
    const plc = { id: PLC, host: '127.0.0.1', port: 1 };
    const { body: away } = await post('test/mo-plc', plc, { 'accept-language': 'id' });
    assert.match((away as { text: string }).text, /^PLC_UNREACHABLE: tidak ada koneksi ke 127.0.0.1:1 unit 1: tidak ada yang menjawab/);
  });

  it('preview, components and test recipe name what the line has not', async () => {
    assert.match((await ask(`preview/${LINE.id}`)).text, /^CONFIG_MISSING: the line has no PLC/);
    assert.match((await ask(`components/${LINE.id}`)).text, /^CONFIG_MISSING: the line has no Odoo/);
    assert.match((await ask(`test-recipe/${LINE.id}`)).text, /^CONFIG_MISSING: the line has no PLC/);
    assert.match((await ask('preview/another-node')).text, /^INPUT_INVALID: the request is about another-node/);
    assert.match((await ask(`preview/${LINE.id}`, { plc: 'not-deployed' })).text, /is not deployed yet or is disabled/);
  });

  it('a test recipe is refused where another line has its slots, also with a map that was never deployed', async () => {
    const write = { function: 'holding', base: 7900, stride: 100 };
    const read = { function: 'holding', base: 20_000, stride: 100 };
    const at = (areas: object): Promise<{ text: string }> =>
      ask(`test-recipe/${LINE.id}`, { database: DATABASE, plc: PLC, map: JSON.stringify({ ...FEED_MILL_MAP, ...areas }) });
    assert.match(
      (await at({ read, write })).text,
      /^CONFIG_INVALID: write slot 1 \(words 7900-7976\) of mo-line 6c1de1f9b06a4b04 lies where mo-line "Mixer" has a slot in the same PLC/,
    );
    assert.match((await at({ read, write: { ...write, base: 30_000 } })).text, /^(DB|PLC)_UNREACHABLE: /, 'areas of its own');
  });

  it('variables are told, but not those that look like a secret', async () => {
    const { variables } = await ask('variables/mo-line', { line: '${PLC_HOST}', slots: '${NOT_SET}', mode: '${PLC_TOKEN}' });
    assert.deepEqual(variables, {
      line: { name: 'PLC_HOST', value: '10.0.0.5', hidden: false },
      slots: { name: 'NOT_SET', value: null, hidden: false },
      mode: { name: 'PLC_TOKEN', value: null, hidden: true },
    });
  });

  it('what writes is answered on this machine only, where there is no login', async () => {
    const elsewhere = { 'x-forwarded-for': '203.0.113.7' };
    assert.equal((await post(`preview/${LINE.id}`, {}, elsewhere)).status, 200, 'editorRoutes is "any"');
    const { status, body } = await post(`test-recipe/${LINE.id}`, {}, elsewhere);
    assert.equal(status, 403);
    assert.match((body as { text: string }).text, /what writes to the PLC is answered on the machine itself only/);
    for (const path of ['map/check', 'map/read', `components/${LINE.id}`, `test-recipe/${LINE.id}`]) {
      assert.equal((await post(path, {}, { 'sec-fetch-site': 'cross-site' })).status, 403, path);
    }
  });
});
