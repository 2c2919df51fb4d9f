import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import type { Browser } from 'playwright-core';
import { systemClock } from '../../src/clock';
import { accessFrom } from '../../src/database/settings';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { launchBrowser, openEditor, type OpenPage } from '../support/browser';
import { type Dialog, importExample, openDialog, pressDeploy } from '../support/editor-driver';
import { example, nodeId } from '../support/example';
import { type NodeRed, startNodeRed } from '../support/node-red';
import { startOperator } from '../support/operator';
import { testServer } from '../support/postgres';
import { checkout } from '../support/tarball';
import { waitFor } from '../support/wait';

const FLOW = example('01 - Smart MO Sync');
/** The steps of the README, as they stand there. */
const STEPS = linesOf(/^\d+\. /);
/** What is ticked in step 8. */
const BOXES = linesOf(/^ +- \[ \] /);

/**
 * "Go live, step by step" done as it is written: an empty Node-RED, a browser, a new role on a real PostgreSQL; a stand-in
 * Odoo 19 with an API key and a stand-in PLC. Each step builds on the one before.
 */
describe('the ten steps of the README to the first archived batch', function () {
  this.timeout(120_000);
  let reached = 0;
  const role = `mo_${randomBytes(4).toString('hex')}`;
  const database = `smart_${role}`;
  let admin: Client;
  let owner: Client;
  let url: string;
  let odoo: OdooSimulator;
  let plc: PlcSimulator;
  let nodeRed: NodeRed;
  let browser: Browser;
  let editor: OpenPage;

  before(async function () {
    this.timeout(240_000);
    browser = await launchBrowser(this);
    const server = await testServer(this);
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    const [{ host, port } = { host: 'localhost', port: 5432 }] = accessFrom(server.settings).servers;
    url = `postgres://${role}:choose-one@${host}:${port}/${database}`;
    odoo = await startOdooSimulator({ port: 0, version: '19', orders: 12 });
    plc = await startPlcSimulator({ port: 0, speed: 30 }, { clock: systemClock });
    nodeRed = await startNodeRed();
    editor = await openEditor(browser, nodeRed.url);
  });
  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    await odoo?.close();
    await plc?.close();
    await owner?.end();
    await admin?.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await admin?.query(`DROP ROLE IF EXISTS ${role}`);
    await admin?.end();
  });

  /** One step, under its first words in the README. */
  function step(number: number, act: () => void | Promise<void>): void {
    const [title = ''] = (STEPS[number - 1] ?? '').split(/[.:](?= |$)/);
    it(`${number}. ${title}`, async () => {
      assert.equal(reached, number - 1, 'the step before was not reached');
      await act();
      reached = number;
    });
  }

  /** Opens the node, lets it be filled in, and presses Done. */
  async function edit<T>(type: string, fill: (dialog: Dialog) => Promise<T>): Promise<T> {
    const dialog = await openDialog(editor.page, { type, id: nodeId(FLOW, { type }) });
    const result = await fill(dialog);
    await dialog.done();
    return result;
  }

  /** The button, and then the flows run: until that no other button can be pressed. */
  async function deploy(): Promise<void> {
    const from = nodeRed.log().length;
    await pressDeploy(editor.page);
    await nodeRed.waitForLog(/Started (modified )?(flows|nodes)/, 30_000, from);
  }

  async function fillAndTest(type: string, values: Record<string, string>): Promise<void> {
    const { ok, text } = await edit(type, async (dialog) => {
      for (const [name, value] of Object.entries(values)) await dialog.fill(name, value);
      return dialog.test();
    });
    assert.ok(ok, text);
  }

  const operator = (): ReturnType<typeof startOperator> => startOperator(nodeRed, FLOW);

  /** Presses the button and gives what the debug node *fetched* or *nothing queued* says then. */
  async function fetchNow(): Promise<string> {
    const seen = nodeRed.debug().length;
    await operator().press('fetch now');
    return waitFor(
      () =>
        nodeRed
          .debug()
          .slice(seen)
          .map(({ value }) => String(value))
          .find((text) => /queued/.test(text)),
      { what: 'the debug message of fetch now', deadlineMs: 30_000 },
    );
  }

  async function chooseMode(mode: 'observe' | 'live'): Promise<void> {
    await edit('mo-line', (dialog) => dialog.fill('mode', mode));
  }

  async function rows(table: string): Promise<Record<string, unknown>[]> {
    return (await owner.query<Record<string, unknown>>(`SELECT * FROM ${table}`)).rows;
  }

  step(1, async () => {
    const [create = '', own = ''] = [...(STEPS[0] ?? '').matchAll(/`(CREATE [^`]+)`/g)].map(([, sql = '']) => sql);
    await admin.query(create.replace(' mo ', ` ${role} `));
    await admin.query(own.replace('smart_mo', database).replace(/ mo$/, ` ${role}`));
    owner = new Client({ connectionString: url });
    await owner.connect();
  });

  step(2, () => {
    // The stand-in has a user with these rights, and demo-key is its key.
    assert.match(STEPS[1] ?? '', /API key/);
  });

  step(3, async () => {
    await importExample(editor.page, '@smart-mo/node-red-mo-sync', '01 - Smart MO Sync');
    await chooseMode('observe');
    await fillAndTest('mo-database', { url });
    await fillAndTest('mo-odoo', { url: odoo.url, database: 'demo', login: 'demo', password: 'demo-key' });
    await fillAndTest('mo-plc', { host: '127.0.0.1', port: String(plc.port) });
  });

  step(4, async () => {
    await edit('mo-line', async ({ form }) => {
      await form.getByText('Materials', { exact: true }).click();
      for (const [index, { tag, code, product }] of FEED_MILL_MATERIALS.entries()) {
        await form.locator('.red-ui-editableList-addButton').click();
        // What happens: one product is not spelt as Odoo spells it.
        const typed = { tag, code, product: tag === 'lq_fml' ? 'LQ-115' : product };
        for (const [key, value] of Object.entries(typed)) await form.locator(`.mo-line-${key}`).nth(index).fill(value);
      }
    });
  });

  step(5, async () => {
    await deploy();
    const { ok, text } = await edit('mo-line', (dialog) => dialog.test());
    assert.equal(ok, false, text);
    assert.match(text, /6028 = 46029 = 406029/);
    assert.match(text, /LQ115/);
  });

  step(6, async () => {
    const text = await fetchNow();
    assert.match(text, /0 MOs queued, 12 rejected: WH\/MO\/\d+: no silo of line main holds LQ115/);
    assert.deepEqual(await rows('mo_batch'), []);
  });

  step(7, async () => {
    await edit('mo-line', async ({ form }) => {
      await form.getByText('Materials', { exact: true }).click();
      await form
        .locator('.mo-line-product')
        .nth(FEED_MILL_MATERIALS.length - 1)
        .fill('LQ115');
    });
    await deploy();
    assert.match(await fetchNow(), /preview: 10 MOs queued$/);
    assert.deepEqual(await rows('mo_batch'), []);
    assert.deepEqual(plc.weighed(), []);
  });

  step(8, async () => {
    const boxes: [RegExp, () => void | Promise<void>][] = [
      [/slots of the PLC are idle/, () => assert.ok(plc.slots().every(({ state }) => state === 'empty'))],
      [/Automatic sync/, () => edit('mo-queue-gate', (dialog) => dialog.chooseType('enabled', 'bool', 'false'))],
      [
        /MOs per set/,
        () =>
          edit('odoo-fetch-mo', async (dialog) => {
            await dialog.chooseType('limit', 'num');
            await dialog.fill('limit', '1');
          }),
      ],
      [/\*live\*, and press \*Deploy\*/, () => chooseMode('live').then(deploy)],
      [
        /Press \*fetch now\*/,
        async () => {
          assert.match(await fetchNow(), /^1 MO queued$/);
          await waitFor(async () => (await rows('mo_batch'))[0]?.['loaded_at'], { what: 'the recipe in the PLC', deadlineMs: 30_000 });
          assert.equal((await rows('mo_batch')).length, 1);
        },
      ],
      [
        /not on hold/,
        async () =>
          assert.deepEqual(
            (await rows('mo_line')).filter(({ hold }) => hold),
            [],
          ),
      ],
    ];
    assert.equal(BOXES.length, boxes.length);
    for (const [index, [says, act]] of boxes.entries()) {
      assert.match(BOXES[index] ?? '', says);
      await act();
    }
  });

  step(9, async () => {
    const [batch] = await rows('mo_batch');
    assert.equal(plc.slots()[0]?.mo_id, batch?.['mo_id']);
    await waitFor(() => plc.weighed().length === 1, { what: 'the first batch made by the PLC', deadlineMs: 30_000 });
    await operator().until('the first archived batch', async () => (await rows('mo_histories')).length === 1, ['every 5 minutes']);
    assert.deepEqual(await rows('mo_batch'), []);
  });

  step(10, async () => {
    const [record] = await rows('mo_histories');
    const [weighed] = plc.weighed();
    const order = odoo.orders().find(({ mo_id }) => mo_id === record?.['mo_id']);
    assert.deepEqual([record?.['status'], order?.state], ['completed', 'done']);
    assert.equal(Number(record?.['actual_weight']), weighed?.actual_weight);

    await edit('mo-queue-gate', (dialog) => dialog.chooseType('enabled', 'env', 'ENABLE_AUTO_SYNC'));
    await edit('odoo-fetch-mo', (dialog) => dialog.chooseType('limit', 'num', '10'));
    await deploy();
    await waitFor(async () => (await rows('mo_batch')).length === 10, { what: 'the set that the timer fetches', deadlineMs: 30_000 });
    assert.deepEqual(editor.errors, []);
  });

  it('and the README has no more than these', () => assert.equal(STEPS.length, reached));
});

/** The lines of the section that begin so, without the beginning. */
function linesOf(beginning: RegExp): string[] {
  const [, section = ''] = readFileSync(path.join(checkout, 'README.md'), 'utf8').split('### Go live, step by step');
  const lines = (section.split('\n## ')[0] ?? '').split('\n');
  return lines.filter((line) => beginning.test(line)).map((line) => line.replace(beginning, ''));
}
