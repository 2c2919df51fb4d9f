import assert from 'node:assert/strict';
import { accessFrom } from '../../src/database/settings';
import type { OpenPage } from '../support/browser';
import { keepEditor, startEditorBench, type EditorBench } from '../support/editor-bench';
import { faintTexts } from '../support/editor-contrast';
import { openDialog, type Dialog } from '../support/editor-driver';
import type { Flows } from '../support/node-red';
import { startSite, type Site } from '../support/site';

const IDS = {
  'mo-database': '7be1f9b06a4b5c01',
  'mo-odoo': '7be1f9b06a4b5c02',
  'mo-plc': '7be1f9b06a4b5c03',
  'mo-line': '7be1f9b06a4b5c04',
};
type ConfigType = keyof typeof IDS;

/** Nobody listens there: ports below 1024 that no service has. */
const NOBODY = '1';

/** As an integrator has deployed them: everything right. */
function flows(site: Site): Flows {
  const { servers, database, user, password } = accessFrom({ url: site.env['DATABASE_URL'] });
  const { host, port } = { host: '127.0.0.1', port: 5432, ...servers[0] };
  return [
    {
      id: IDS['mo-database'],
      type: 'mo-database',
      mode: 'postgres',
      host,
      port,
      database,
      schema: 'public',
      poolSize: 2,
      tls: '',
      directory: '',
      credentials: { user, password },
    },
    {
      id: IDS['mo-odoo'],
      type: 'mo-odoo',
      url: '${ODOO_URL}',
      database: 'demo',
      protocol: 'auto',
      timeout: 5,
      quietTime: 150,
      retryMin: 2,
      retryMax: 300,
      tls: '',
      credentials: { login: 'demo', password: 'demo' },
    },
    { id: IDS['mo-plc'], type: 'mo-plc', transport: 'tcp', host: '${PLC_HOST}', port: '${PLC_PORT}', unit: 1, timeout: 2 },
    {
      id: IDS['mo-line'],
      type: 'mo-line',
      line: 'main',
      database: IDS['mo-database'],
      odoo: IDS['mo-odoo'],
      plc: IDS['mo-plc'],
      slots: 10,
      map: '',
      materials: [],
    },
  ];
}

/** What a person changes in the dialog so that it names an address where nobody is, and what is said then. */
const BAD: Record<Exclude<ConfigType, 'mo-line'>, { field: string; value: string; says: RegExp }> = {
  'mo-database': { field: 'port', value: NOBODY, says: /^DB_UNREACHABLE/ },
  'mo-odoo': { field: 'url', value: `http://127.0.0.1:${NOBODY}`, says: /^ODOO_UNREACHABLE/ },
  'mo-plc': { field: 'port', value: NOBODY, says: /^PLC_UNREACHABLE/ },
};
const GOOD: Record<ConfigType, RegExp> = {
  'mo-database': /^PostgreSQL .*the tables are there/,
  'mo-odoo': /^Odoo 17.* answers and has 12 confirmed MOs/,
  'mo-plc': /^the PLC answers within \d+ ms/,
  'mo-line': /slot 1 is empty; next MO WH\/MO\/00001 finds all its materials/,
};

for (const version of ['4', '5'] as const) {
  describe(`Test buttons in the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    let site: Site | undefined;
    let bench: EditorBench | undefined;
    let editor: OpenPage | undefined;

    before(async function () {
      site = await startSite(this, { orders: 12 });
      bench = await startEditorBench(this, { version, flows: flows(site), env: site.env });
      editor = await bench.open();
    });
    after(async () => {
      await bench?.close();
      await site?.close();
    });
    afterEach(async function () {
      await site?.wires.plc.heal();
      if (bench && editor) editor = await keepEditor(this.currentTest, bench, editor);
    });

    const open = (type: ConfigType): Promise<Dialog> => openDialog(editor!.page, { id: IDS[type], type });
    async function says(dialog: Dialog, ok: boolean, text: RegExp): Promise<void> {
      const answer = await dialog.test();
      assert.match(answer.text.trim(), text);
      assert.equal(answer.ok, ok, answer.text);
      assert.deepEqual(await faintTexts(dialog.form), []);
    }

    for (const [type, { field, value, says: complaint }] of Object.entries(BAD) as [keyof typeof BAD, (typeof BAD)[keyof typeof BAD]][]) {
      it(`${type}: good as deployed, bad with ${field} ${value}, good again`, async () => {
        const dialog = await open(type);
        const before = await dialog.field(field).inputValue();
        await says(dialog, true, GOOD[type]);
        await dialog.fill(field, value);
        await says(dialog, false, complaint);
        await dialog.fill(field, before);
        await says(dialog, true, GOOD[type]);
        await dialog.cancel();
      });
    }

    it('mo-line: good, bad with the PLC away, good when it is back', async () => {
      const dialog = await open('mo-line');
      await says(dialog, true, GOOD['mo-line']);
      await site!.wires.plc.cut();
      await says(dialog, false, /^PLC_UNREACHABLE/);
      await site!.wires.plc.heal();
      await says(dialog, true, GOOD['mo-line']);
      await dialog.cancel();
    });
  });
}
