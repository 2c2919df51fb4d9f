import assert from 'node:assert/strict';
import type { BrowserContextOptions, Locator, Page, Route } from 'playwright-core';
import { accessFrom } from '../../src/database/settings';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { formatTable, readMapText } from '../../src/plc/map-text';
import type { OpenPage } from '../support/browser';
import { keepEditor, startEditorBench, type EditorBench } from '../support/editor-bench';
import { faintTexts } from '../support/editor-contrast';
import { isDirty, openDialog, property, type Dialog } from '../support/editor-driver';
import type { Flows } from '../support/node-red';
import { startSite, type Site } from '../support/site';
import { waitFor } from '../support/wait';

const DATABASE = '8be1f9b06a4b5c01';
const ODOO = '8be1f9b06a4b5c02';
const PLC = '8be1f9b06a4b5c03';
const LINE = '8be1f9b06a4b5c04';
const SCADA = '8be1f9b06a4b5c05';

function flows(site: Site): Flows {
  const { servers, database, user, password } = accessFrom({ url: site.env['DATABASE_URL'] });
  const odoo = { type: 'mo-odoo', url: '${ODOO_URL}', database: 'demo', timeout: 5, quietTime: 150, retryMin: 2, retryMax: 300 };
  return [
    {
      id: DATABASE,
      type: 'mo-database',
      mode: 'postgres',
      ...servers[0],
      database,
      schema: 'public',
      poolSize: 2,
      credentials: { user, password },
    },
    { id: ODOO, ...odoo, protocol: 'jsonrpc', credentials: { login: 'demo', password: 'demo' } },
    { id: SCADA, ...odoo, protocol: 'scada', credentials: { login: 'demo', password: 'demo' } },
    { id: PLC, type: 'mo-plc', transport: 'tcp', host: '${PLC_HOST}', port: '${PLC_PORT}', unit: 1, timeout: 2 },
    {
      id: LINE,
      type: 'mo-line',
      name: '',
      ...{ line: 'main', database: DATABASE, odoo: ODOO, plc: PLC, slots: 10, map: '', materials: [], mode: 'live', recipes: 'write' },
      ...{ recipeTolerance: 20, weightTolerance: 30, onMismatch: 'fail', onFailedBit: 'alarm', staleAfterMinutes: 15 },
      ...{ scaleManual: false, scaleBom: false },
    },
  ];
}

/** The bundled map as it comes from a spreadsheet, with three mistakes. */
function pasteWithMistakes(): string {
  const rows = formatTable(FEED_MILL_MAP, '\t').split('\n');
  return rows
    .map((row) => {
      if (row.startsWith('\t\tsilo_a')) return row.replace('uint32', 'uint8');
      if (row.startsWith('\tmo_id')) return row.replace('\t8', '\t');
      return row.startsWith('\tstatus_read_data') ? row.replace('\t76', '\t75') : row;
    })
    .join('\n');
}

/** As they are told of rows that stand `above` rows further down than in the map. */
const mistakes = (above: number): string[] => [
  `mo_id at 6001 (row ${above + 2}) needs "words"; fill in the length of the text, two characters a word`,
  `silo_a at 6028 (row ${above + 6}) type is "uint8"; a byte that has a word to itself is uint16, a single bit is bit; where two bytes share a word, let the PLC give each a word of its own`,
  `actual_weight at 6074 (row ${above + 23}) takes words 74-75 of the slot and overlaps status_read_data (word 75); move one of them`,
];

for (const version of ['4', '5'] as const) {
  describe(`the register map in the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    let site: Site;
    let bench: EditorBench | undefined;
    let editor: OpenPage | undefined;
    const look: BrowserContextOptions = version === '5' ? { colorScheme: 'dark' } : {};

    before(async function () {
      site = await startSite(this, { orders: 12, speed: 20 });
      bench = await startEditorBench(this, { version, flows: flows(site), env: site.env });
      editor = await bench.open(look);
    });
    after(async () => {
      await bench?.close();
      await site?.close();
    });
    afterEach(async function () {
      if (bench && editor) editor = await keepEditor(this.currentTest, bench, editor, look);
    });

    const page = (): Page => editor!.page;
    async function openTab(name: 'Register map' | 'Materials' | 'Line' | 'Checks'): Promise<Dialog> {
      const dialog = await openDialog(page(), { id: LINE, type: 'mo-line' });
      await dialog.form.getByText(name, { exact: true }).click();
      return dialog;
    }
    const texts = (locator: Locator): Promise<string[]> => locator.evaluateAll((all) => all.map((one) => (one.textContent ?? '').trim()));
    /** What is said below the rows of the table. */
    const complaints = (): Promise<string[]> => texts(page().locator('#mo-line-map-table .mo-line-complaint'));
    const verdict = (text: RegExp): Promise<void> => page().locator('#mo-line-verdict', { hasText: text }).waitFor();
    const cell = (row: number, key: string): Locator =>
      page().locator(`#mo-line-map-table tbody[data-list="fields"] tr[data-row="${row}"] [data-key="${key}"]`);
    async function setCell(row: number, key: string, value: string): Promise<void> {
      const target = cell(row, key);
      if ((await target.evaluate((element) => element.tagName)) === 'SELECT') await target.selectOption(value);
      else {
        await target.fill(value);
        await target.blur();
      }
    }
    const storedMap = async (): Promise<unknown> => JSON.parse(await page().locator('#node-config-input-map').inputValue());

    it('opens without changing anything', async () => {
      const dialog = await openTab('Register map');
      await verdict(/^ Empty: the bundled feed mill is used: 10 slots of 77 words, read from 6000 = 46001 = 406001/);
      await dialog.done();
      assert.equal(await isDirty(page()), false);
    });

    it('paste a map with three mistakes, read them, correct them in the text, and only then use it', async () => {
      const dialog = await openTab('Register map');
      await page().locator('#mo-line-map-paste').click();
      await page().locator('#mo-line-paste-text').fill(pasteWithMistakes());
      const result = page().locator('#mo-line-paste-result');
      await result.locator('text=/Understood as table with 24 fields: 3 mistakes\\./').waitFor();
      // In the spreadsheet the names of the columns and the two areas stand above the fields.
      assert.deepEqual((await texts(result.locator('.mo-line-wrong li'))).sort(), mistakes(3).sort());
      await verdict(/fits|bundled/);
      const present = page().locator('#mo-line-present');
      assert.match(await present.innerText(), /the present map/, 'the good verdict below is not that of the pasted map');
      const use = page().locator('#mo-line-paste-use');
      assert.equal(await use.getAttribute('aria-disabled'), 'true');
      assert.match(await result.innerText(), /First correct the mistakes, in the text or in Materials/);
      assert.deepEqual(await faintTexts(result), []);
      const before = await page().locator('#node-config-input-map').inputValue();
      await use.click({ force: true });
      assert.equal(await present.isVisible(), true);
      assert.equal(await page().locator('#node-config-input-map').inputValue(), before);

      await page().locator('#mo-line-paste-text').fill(formatTable(FEED_MILL_MAP, '\t'));
      await result.locator('text=/24 fields: no mistakes\\./').waitFor();
      assert.doesNotMatch(await result.innerText(), /First correct/);
      await page()
        .locator('#mo-line-paste-text')
        .evaluate((text: HTMLTextAreaElement) => {
          text.value += '\n';
          text.dispatchEvent(new Event('input', { bubbles: true }));
          document.querySelector<HTMLElement>('#mo-line-paste-use')?.click();
        });
      assert.equal(await page().locator('#node-config-input-map').inputValue(), before, 'an answer about the former text is not used');
      await page().locator('#mo-line-paste-use[aria-disabled="false"]').waitFor();
      await use.click();
      await verdict(/^ The map fits: 10 slots of 77 words/);
      assert.equal(await present.isVisible(), false);
      assert.deepEqual(await storedMap(), FEED_MILL_MAP);
      await dialog.done();
      assert.deepEqual(JSON.parse(String(await property(page(), LINE, 'map'))), FEED_MILL_MAP);
    });

    it('a paste box that was emptied or closed stays empty when the answer about its text comes late', async () => {
      const dialog = await openTab('Register map');
      const paste = page().locator('#mo-line-map-paste');
      const text = page().locator('#mo-line-paste-text');
      const result = page().locator('#mo-line-paste-result');
      for (const [what, empty] of [
        ['emptied', () => text.fill('')],
        ['closed', () => paste.click()],
      ] as const) {
        const held: Route[] = [];
        await page().route('**/map/read', (route) => void held.push(route));
        if ((await paste.getAttribute('aria-expanded')) === 'false') await paste.click();
        await text.fill(pasteWithMistakes());
        await waitFor(() => held.length > 0, { what: 'the question' });
        await empty();
        const answered = page().waitForEvent('requestfinished', (request) => request.url().endsWith('map/read'));
        await held[0]?.continue();
        await answered;
        // Whatever the page makes of the answer is on the screen two frames later.
        await page().evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        assert.equal(await result.textContent(), '', what);
        await page().unroute('**/map/read');
      }
      assert.equal(await text.inputValue(), '');
      await dialog.cancel();
    });

    it('the mistakes of a map stand below its rows, and are corrected in the table, which hides no column', async () => {
      const dialog = await openTab('Register map');
      await page().locator('#mo-line-map-view').click();
      await page()
        .locator('#node-config-input-map')
        .fill(JSON.stringify(readMapText(pasteWithMistakes(), null).map));
      await verdict(/3 mistakes in the map: the line does not start with it/);
      await page().locator('#mo-line-map-view').click();
      await page().locator('#mo-line-map-table .mo-line-complaint').first().waitFor();
      assert.deepEqual(await complaints(), mistakes(0));
      const marked = page().locator('#mo-line-map-table .input-error');
      assert.deepEqual(await marked.evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-key'))), ['words', 'type', 'name']);
      assert.deepEqual(await faintTexts(dialog.form), []);
      const hidden = await page()
        .locator('#mo-line-map-table .smart-mo-scroll')
        .evaluateAll((boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth));
      assert.ok(hidden.length > 0 && hidden.every((width) => width <= 0), `pixels hidden at the side: ${hidden.join()}`);
      await setCell(2, 'words', '8');
      await verdict(/2 mistakes/);
      await setCell(6, 'type', 'uint32');
      await verdict(/1 mistake /);
      await setCell(24, 'at', '76');
      await verdict(/^ The map fits: 10 slots of 77 words/);
      assert.deepEqual(await complaints(), []);
      assert.equal(await page().locator('#mo-line-map-table tr[data-row="6"] .mo-line-place').innerText(), '6028 = 46029 = 406029');
      // A rare key is folded until somebody asks for it.
      await page().locator('tr[data-row="2"] [data-unfold]').click();
      await setCell(2, 'other', '{"byteSwap": true}');
      const name = FEED_MILL_MAP.fields.map((field) => (field.field === 'mo_id' ? { ...field, byteSwap: true } : field));
      await waitFor(async () => ((await storedMap()) as typeof FEED_MILL_MAP).fields[1]?.byteSwap === true, {
        what: 'the rare key in the map',
      });
      assert.deepEqual(await storedMap(), { ...FEED_MILL_MAP, fields: name });
      await dialog.cancel();
    });

    it('a mistake of many rows is told once, and marks all of them', async () => {
      const dialog = await openTab('Register map');
      await page().locator('#mo-line-map-view').click();
      const map = await page().locator('#node-config-input-map').inputValue();
      await page().locator('#node-config-input-map').fill(map.replaceAll('"scale":0.01,"unit":"kg","idAt"', '"scale":0,"idAt"'));
      await verdict(/1 mistake /);
      await page().locator('#mo-line-map-view').click();
      await page().locator('#mo-line-map-table .mo-line-complaint').waitFor();
      assert.deepEqual(await complaints(), [
        'silo_a to lq_fml at 6028 to 6070 (rows 6 to 20): each scale is 0; it must be a number from 0.000000001 to 1000000000',
      ]);
      assert.equal(await page().locator('#mo-line-map-table .input-error').count(), 15);
      await dialog.cancel();
    });

    it('a first answer that comes late, after the next question, still brings the table', async () => {
      const held: Route[] = [];
      let holds = true;
      await page().route('**/map/check', (route) => (holds ? void held.push(route) : route.continue()));
      const dialog = await openTab('Register map');
      await waitFor(() => held.length > 0, { what: 'the first question' });
      const first = held.length;
      await page().locator('#node-config-input-slots').dispatchEvent('change');
      await waitFor(() => held.length > first, { what: 'the next question' });
      holds = false;
      for (const route of held) await route.continue();
      await page().locator('#mo-line-map-table tbody[data-list="fields"]').waitFor();
      await page().unroute('**/map/check');
      await dialog.cancel();
    });

    it('what the editor says is what the runtime says', async () => {
      const dialog = await openTab('Register map');
      await setCell(8, 'at', '35');
      await verdict(/mistake/);
      const said = (await complaints()).sort();
      await page().locator('#mo-line-map-view').click();
      const map = await page().locator('#node-config-input-map').inputValue();
      const { body } = await bench!.nodeRed.admin('smart-mo-sync/test/mo-line', {
        method: 'POST',
        body: { id: LINE, line: 'main', slots: 10, map, materials: [] },
      });
      const { details, text } = body as { details: { value: string }[]; text: string };
      assert.match(text, /^MAP_INVALID/);
      assert.deepEqual(details.map(({ value }) => value).sort(), said);
      await dialog.cancel();
    });

    it('rows are added and removed, areas changed, and the text says the same', async () => {
      const dialog = await openTab('Register map');
      await verdict(/fits/);
      await page().locator('[data-add="lineFields"]').click();
      const line = page().locator('tbody[data-list="lineFields"] tr[data-row="1"]');
      await page().locator('tbody[data-list="lineFields"] .mo-line-complaint').first().waitFor();
      await line.locator('[data-key="name"]').fill('heartbeat');
      await line.locator('[data-key="at"]').fill('5990');
      await line.locator('[data-key="other"]').fill('{"heartbeatSeconds": 30}');
      await line.locator('[data-key="other"]').blur();
      await page().locator('[data-area="write.base"]').fill('');
      await page().locator('[data-area="write.base"]').blur();
      await page()
        .locator('#mo-line-verdict li', { hasText: /write base is ""; it must be a whole number/ })
        .waitFor();
      await page().locator('[data-area="write.base"]').fill('6050');
      await page().locator('[data-area="write.base"]').blur();
      await page()
        .locator('#mo-line-verdict li', {
          hasText: /read slot 1, write slot 1, read slot 2 and \d+ more at 6000 to 69\d\d: each runs into a slot or word of another area/,
        })
        .waitFor();
      await page().locator('[data-area="write.base"]').fill('8000');
      await page().locator('[data-area="write.base"]').blur();
      await page().locator('tr[data-row="3"] [data-remove]').click();
      await verdict(/fits/);
      await page().locator('#mo-line-map-view').click();
      const { fields, write, lineFields } = (await storedMap()) as typeof FEED_MILL_MAP;
      assert.deepEqual(lineFields, [{ field: 'heartbeat', at: 5990, type: 'uint16', heartbeatSeconds: 30 }]);
      assert.deepEqual(write, { function: 'holding', base: 8000, stride: 100 });
      assert.deepEqual(
        fields,
        FEED_MILL_MAP.fields.filter(({ field }) => field !== 'recipe'),
      );
      await page().locator('#node-config-input-map').fill('{"version": 1,');
      await verdict(/1 mistake/);
      assert.match((await texts(page().locator('#mo-line-verdict li'))).join(), /^the map is not JSON: /);
      await dialog.cancel();
    });

    it('copies the map, and what was copied can be pasted', async () => {
      await page().context().grantPermissions(['clipboard-read', 'clipboard-write']);
      const dialog = await openTab('Register map');
      await verdict(/fits/);
      for (const kind of ['json', 'csv', 'tsv']) {
        await page().locator(`[data-copy="${kind}"]`).click();
        const copied = await waitFor(() => page().evaluate(() => navigator.clipboard.readText()), { what: `the ${kind} in the clipboard` });
        assert.deepEqual(readMapText(copied, null).map, FEED_MILL_MAP);
        await page().evaluate(() => navigator.clipboard.writeText(''));
      }
      await dialog.cancel();
    });

    it('shows the values of the PLC move, each in all word orders', async () => {
      const dialog = await openTab('Register map');
      const words = (at: number, values: number[]): void => site.plc.registers.write('holding', 6000 + at, values);
      const name = Array.from({ length: 8 }, (_, at) => Buffer.from('WH/MO/00123'.padEnd(16, '\0')).readUInt16BE(at * 2));
      words(0, [1]);
      words(1, name);
      words(25, [1, 34_464]);
      for (const { idAt, id } of FEED_MILL_MAP.fields) if (idAt !== undefined && id !== undefined) words(idAt, [id]);
      words(28, [1, 16_989]);
      await page().locator('#mo-line-preview').click();
      const row = page().locator('#mo-line-preview-result tr[data-field="silo_a"]');
      await row.locator('[data-value]', { hasText: '825.25 kg' }).waitFor();
      assert.equal(await row.getAttribute('data-quality'), 'good');
      assert.match(
        (await row.innerText()).replace(/\s+/g, ' '),
        /^silo_a 6028 = 46029 = 406029 825\.25 kg \[1, 16989\] CDAB 11133911\.05 BADC 168010\.9 DCBA 15646067\.2$/,
      );
      const table = page().locator('#mo-line-preview-result .smart-mo-scroll');
      assert.ok(await table.evaluate((box) => box.scrollWidth <= box.clientWidth), 'nothing is hidden at the side');
      // Nobody presses anything: it is read again.
      words(28, [32_768, 17_422]);
      await row.locator('[data-value]', { hasText: '21475010.7 kg' }).waitFor();
      assert.equal(await row.getAttribute('data-quality'), 'bad');
      await page()
        .locator('#mo-line-preview-result', { hasText: /above the plausible maximum of 1500 kg/ })
        .waitFor();
      assert.deepEqual(await faintTexts(page().locator('#mo-line-preview-result')), []);
      await page().locator('#mo-line-preview-slot').fill('11');
      await page()
        .locator('#mo-line-preview-result[data-ok="false"]', { hasText: /the line has slots 1 to 10, not 11/ })
        .waitFor();
      words(0, new Array<number>(77).fill(0));
      await dialog.cancel();
    });

    it('loads the components of Odoo and makes materials of them with a click', async () => {
      const dialog = await openTab('Materials');
      await page().locator('#mo-line-materials-bundled').click();
      await page().locator('.mo-line-tag').nth(14).waitFor();
      await page().locator('#mo-line-materials li:has(.mo-line-tag) .red-ui-editableList-item-remove').first().click();
      await waitFor(async () => (await page().locator('.mo-line-tag').count()) === 14, { what: 'a material less' });
      await page().locator('#mo-line-components').click();
      const result = page().locator('#mo-line-components-result');
      await result.locator('text=/the 12 confirmed MOs ask for 15 components; 1 of them has no material yet/').waitFor();
      const first = result.locator('tbody tr').first();
      assert.match((await first.innerText()).replace(/\s+/g, ' '), /^SILO-101 Silo 101 ingredient kg 12 insert/);
      assert.deepEqual(await faintTexts(result), []);
      await first.getByRole('button').click();
      await page().locator('.mo-line-product').nth(14).waitFor();
      assert.equal(await page().locator('.mo-line-product').nth(14).inputValue(), 'SILO-101');
      await page().locator('.mo-line-tag').nth(14).fill('silo_a');
      await page().locator('.mo-line-tag').nth(14).blur();
      await dialog.form.getByText('Register map', { exact: true }).click();
      await verdict(/fits/);
      await dialog.done();
      const stored = (await property(page(), LINE, 'materials')) as { tag: string }[];
      assert.deepEqual(stored.map(({ tag }) => tag).sort(), FEED_MILL_MATERIALS.map(({ tag }) => tag).sort());
    });

    it('Test recipe asks with slot and addresses, and leaves the PLC as it was', async () => {
      const dialog = await openTab('Line');
      const before = site.plc.registers.read('holding', 7000, 977);
      await page().locator('#mo-line-recipe').click();
      const box = page().locator('#mo-line-test-result');
      await box.locator('text=/Slot 10 is free\\. The recipe TEST-RECIPE/').waitFor();
      assert.deepEqual(await faintTexts(box), []);
      // Written is what was agreed to, also when the dialog holds something else by then.
      await dialog.fill('slots', '4');
      await page().locator('#mo-line-recipe-write').click();
      await page()
        .locator('#mo-line-test-result[data-ok="true"]', { hasText: /slot 10: 76 words written from 7900.*the PLC took nothing/ })
        .waitFor();
      assert.deepEqual(site.plc.registers.read('holding', 7000, 977), before);
      assert.deepEqual(
        site.plc
          .slots()
          .map(({ mo_id }) => mo_id)
          .filter(Boolean),
        [],
      );
      await dialog.fill('slots', '10');
      await dialog.fill('mode', 'observe');
      await page().locator('#mo-line-recipe').click();
      await page()
        .locator('#mo-line-test-result[data-ok="false"]', { hasText: /the line is on observe/ })
        .waitFor();
      await dialog.cancel();
    });

    it('says below a field what is wrong with it, and what its variable holds', async () => {
      const plc = await openDialog(page(), { id: PLC, type: 'mo-plc' });
      await page().locator('#smart-mo-note-host', { hasText: '${PLC_HOST} is now "127.0.0.1"' }).waitFor();
      await plc.fill('host', '${NOT_SET_HERE}');
      await page().locator('#smart-mo-note-host', { hasText: '${NOT_SET_HERE} is not set: it counts as an empty field' }).waitFor();
      await plc.fill('host', '${ODOO_PASSWORD}');
      await page().locator('#smart-mo-note-host', { hasText: '${ODOO_PASSWORD} is set; its value is not shown here' }).waitFor();
      assert.equal(await page().locator('#node-config-input-maxGap').isVisible(), false, 'rarely used settings are folded');
      await page().locator('summary').click();
      const only = plc.form.getByText('a slot is read over all its gaps');
      assert.deepEqual([await plc.field('maxGap').isVisible(), await only.isVisible()], [true, true], 'it counts for words of the line');
      await plc.fill('planning', 'fewest');
      assert.equal(await only.isVisible(), false);
      await plc.fill('maxGap', '500');
      await page()
        .locator('#smart-mo-note-maxGap', { hasText: 'Longest gap bridged is "500"; it must be a whole number from 0 to 125.' })
        .waitFor();
      await plc.cancel();
      const line = await openTab('Line');
      await line.fill('line', 'no good');
      await page().locator('#smart-mo-note-line', { hasText: 'Key is "no good"; it must begin with' }).waitFor();
      await line.cancel();
    });

    it('asks for the quiet time only where Odoo may speak scada', async () => {
      const dialog = await openDialog(page(), { id: SCADA, type: 'mo-odoo' });
      await page().locator('summary').click();
      for (const [protocol, visible] of [
        ['json2', false],
        ['scada', true],
        ['auto', true],
      ] as const) {
        await dialog.fill('protocol', protocol);
        assert.equal(await dialog.field('quietTime').isVisible(), visible, protocol);
      }
      await dialog.cancel();
    });

    it('offers to scale the BoM only where Odoo may speak scada', async () => {
      const stock = await openTab('Checks');
      assert.equal(await stock.field('scaleBom').isVisible(), false);
      await stock.cancel();
      const dialog = await openDialog(page(), { id: LINE, type: 'mo-line' });
      await dialog.fill('odoo', SCADA);
      await dialog.form.getByText('Checks', { exact: true }).click();
      assert.equal(await dialog.field('scaleBom').isVisible(), true);
      await dialog.cancel();
    });
  });
}
