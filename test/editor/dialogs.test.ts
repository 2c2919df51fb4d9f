import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/clock';
import { startPlcSimulator } from '../../src/simulators/plc/simulator';
import type { OpenPage } from '../support/browser';
import { keepEditor, replaceFlows, startEditorBenchAtRest, type EditorBench } from '../support/editor-bench';
import { faintTexts } from '../support/editor-contrast';
import { cutTexts } from '../support/editor-cut';
import { isDirty, nodeState, openDialog, pressDeploy, property, type Dialog } from '../support/editor-driver';
import { example, nodeId } from '../support/example';
import type { Flows } from '../support/node-red';
import { loadPalette, localeFile } from '../support/palette';

interface Case {
  field: string;
  /** Of a TypedInput. */
  inputType?: string;
  bad: string;
  good: string;
}

/** What the editor calls no configuration node at all. */
const NONE = '_ADD_';

/** One field with a validator per type. */
const CASES: Record<string, Case> = {
  'mo-database': { field: 'poolSize', bad: '0', good: '7' },
  'mo-odoo': { field: 'url', bad: 'odoo.example.com', good: 'https://odoo.example.com' },
  'mo-plc': { field: 'unit', bad: '300', good: '9' },
  'mo-line': { field: 'slots', bad: '2.5', good: '8' },
  'mo-queue-gate': { field: 'stuckAfterMinutes', bad: 'soon', good: '45' },
  'odoo-fetch-mo': { field: 'limit', inputType: 'num', bad: '0', good: '5' },
  'plc-batch-writer': { field: 'line', bad: NONE, good: '17f0d83ac4e96b52' },
  'plc-batch-reader': { field: 'settle', bad: '-1', good: '3' },
  'batch-completer': { field: 'maxAttempts', bad: 'ten', good: '4' },
  'batch-cancel': { field: 'line', bad: NONE, good: '17f0d83ac4e96b52' },
  'batch-action': { field: 'line', bad: NONE, good: '17f0d83ac4e96b52' },
  'batch-monitor': { field: 'remindAfterMinutes', bad: '0', good: '60' },
  'mo-odoo-simulator': { field: 'orders', bad: '-1', good: '12' },
  'mo-plc-simulator': { field: 'speed', bad: '0', good: '5' },
};

const PLANT = example('05 - Simulated plant');
/** The only node that the simulated plant does without. */
const OPERATOR_ACTION = example('03 - Line dashboard').find(({ type }) => type === 'batch-action');
const FLOW: Flows = [...PLANT, { ...OPERATOR_ACTION, z: nodeId(PLANT, { type: 'tab' }), wires: [[], []] }];
const nodeOf = (type: string): { id: string; type: string } => ({ id: nodeId(FLOW, { type }), type });

interface Texts {
  palette: string;
  label: Record<string, string>;
}

function textsOf(locale: string, type: string): Texts {
  const catalogue = JSON.parse(readFileSync(localeFile(locale, `${type}.json`), 'utf8')) as Record<string, Texts>;
  return catalogue[type] ?? { palette: '', label: {} };
}

/** The first sentence of the help file, as text. */
function helpOf(type: string, locale = 'en-US'): string {
  const [, first = ''] = /<p>(.*?)<\/p>/s.exec(readFileSync(localeFile(locale, `${type}.html`), 'utf8')) ?? [];
  return first.replace(/<[^>]+>/g, '').slice(0, 60);
}

for (const version of ['4', '5'] as const) {
  describe(`dialogs in the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    let bench: EditorBench | undefined;
    let editor: OpenPage | undefined;

    before(async function () {
      bench = await startEditorBenchAtRest(this, version);
      await replaceFlows(bench, FLOW);
      editor = await bench.open();
    });
    after(() => bench?.close());
    afterEach(async function () {
      if (bench && editor) editor = await keepEditor(this.currentTest, bench, editor);
    });

    const open = (type: string): Promise<Dialog> => openDialog(editor!.page, nodeOf(type));
    const changed = async (type: string): Promise<boolean> => (await nodeState(editor!.page, nodeOf(type).id)).changed;

    for (const type of Object.keys(CASES)) {
      it(`${type}: texts, help, and nothing changed by Done`, async () => {
        const dialog = await open(type);
        const text = await dialog.form.innerText();
        assert.ok(!text.includes(`${type}.`), `a text is missing in: ${text}`);
        assert.deepEqual(await faintTexts(dialog.form), []);
        assert.deepEqual(await cutTexts(dialog.form), []);
        assert.ok((await dialog.help()).includes(helpOf(type)), `the help of ${type}`);
        await dialog.done();
        assert.equal(await changed(type), false);
        assert.equal(await isDirty(editor!.page), false);
      });
    }

    for (const [type, { field, inputType, bad, good }] of Object.entries(CASES)) {
      it(`${type}: marks ${field} "${bad}", takes "${good}"`, async () => {
        const { page } = editor!;
        const dialog = await open(type);
        if (inputType) await dialog.chooseType(field, inputType);
        await dialog.fill(field, bad);
        assert.equal(await dialog.isMarked(field), true, `${bad} is accepted`);
        await dialog.done();
        assert.equal((await nodeState(page, nodeOf(type).id)).errors.length, 1);
        const again = await open(type);
        assert.equal(await again.isMarked(field), true, 'the mark is gone');
        await again.fill('name', `${type} of the plant`);
        await again.fill(field, good);
        assert.equal(await again.isMarked(field), false, `${good} is refused`);
        await again.done();
        assert.deepEqual(await nodeState(page, nodeOf(type).id), { changed: true, errors: [] });
        assert.equal(await property(page, nodeOf(type).id, field), good);
        assert.equal(await property(page, nodeOf(type).id, 'name'), `${type} of the plant`);
      });
    }

    it('mo-line: rows of materials, and what is wrong with them', async () => {
      const { page } = editor!;
      const { id } = nodeOf('mo-line');
      const row = async (dialog: Dialog, values: Record<string, string>): Promise<void> => {
        await dialog.form.getByText('Materials', { exact: true }).click();
        if ((await dialog.form.locator('.mo-line-tag').count()) === 0) await dialog.form.locator('.red-ui-editableList-addButton').click();
        for (const [key, value] of Object.entries(values)) await dialog.form.locator(`.mo-line-${key}`).fill(value);
      };
      let dialog = await open('mo-line');
      await row(dialog, { tag: 'silo_a', code: 'silo101', product: 'MAIZE', share: 'half' });
      await dialog.done();
      assert.match((await nodeState(page, id)).errors.join(), /Share and max must be numbers/);
      dialog = await open('mo-line');
      await row(dialog, { share: '50', max: '800' });
      await dialog.done();
      assert.deepEqual(await nodeState(page, id), { changed: true, errors: [] });
      assert.deepEqual(await property(page, id, 'materials'), [
        { tag: 'silo_a', code: 'silo101', product: 'MAIZE', manual: false, share: 50, max: 800 },
      ]);
    });

    it('batch-cancel: one reason per line', async () => {
      const dialog = await open('batch-cancel');
      await dialog.fill('reasonLines', 'wrong product\n\n  silo empty \n');
      await dialog.done();
      assert.deepEqual(await property(editor!.page, nodeOf('batch-cancel').id, 'reasons'), ['wrong product', 'silo empty']);
    });

    it('mo-database and mo-plc: only the fields of what is chosen', async () => {
      const database = await open('mo-database');
      await database.fill('mode', 'postgres');
      assert.deepEqual([await database.field('host').isVisible(), await database.field('directory').isVisible()], [true, false]);
      await database.fill('mode', 'builtin');
      assert.deepEqual([await database.field('host').isVisible(), await database.field('directory').isVisible()], [false, true]);
      await database.cancel();
      const plc = await open('mo-plc');
      await plc.fill('transport', 'serial');
      assert.deepEqual([await plc.field('host').isVisible(), await plc.field('device').isVisible()], [false, true]);
      await plc.cancel();
    });

    it('offers a dialog for a new configuration node of every type', async () => {
      for (const type of ['mo-database', 'mo-odoo', 'mo-plc', 'mo-line']) {
        const dialog = await openDialog(editor!.page, { type });
        await dialog.cancel();
      }
    });

    it('Test tries what the dialog holds, not what is deployed', async () => {
      const plc = await startPlcSimulator({ port: 0, speed: 1 }, { clock: systemClock });
      try {
        const dialog = await open('mo-plc');
        await dialog.fill('host', '127.0.0.1');
        await dialog.fill('port', String(plc.port));
        await dialog.fill('unit', '1');
        const good = await dialog.test();
        assert.equal(good.ok, true, good.text);
        assert.deepEqual(await faintTexts(dialog.form), []);
        await plc.close();
        const bad = await dialog.test();
        assert.equal(bad.ok, false, bad.text);
        assert.match(bad.text, /PLC_UNREACHABLE/);
        assert.deepEqual(await faintTexts(dialog.form), []);
        await dialog.cancel();
      } finally {
        await plc.close();
      }
    });

    it('keeps what was filled in over Deploy and a new look', async () => {
      const { page } = editor!;
      await pressDeploy(page);
      assert.equal(await property(page, nodeOf('mo-plc').id, 'unit'), '9');
      for (const type of ['mo-database', 'mo-odoo', 'mo-line', 'batch-cancel']) {
        await (await open(type)).done();
        assert.equal(await changed(type), false, type);
      }
    });

    it('palette can be read', async () => {
      const palette = loadPalette();
      for (const type of Object.keys(CASES).filter((name) => palette.get(name)?.definition.category !== 'config')) {
        const entry = editor!.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
        assert.notEqual(await entry.innerText(), '');
        assert.deepEqual(await faintTexts(entry), [], type);
      }
    });

    it('speaks Indonesian to a browser that does', async () => {
      const { page, errors, close } = await bench!.open({ locale: 'id-ID' });
      for (const entry of await page.locator('.red-ui-palette-node[data-palette-type^="batch-"]').all()) {
        // The palette breaks a long label into lines.
        const shown = (await entry.innerText()).replace(/\s+/g, ' ');
        assert.equal(shown, textsOf('id', (await entry.getAttribute('data-palette-type')) ?? '').palette);
      }
      const type = 'batch-completer';
      const dialog = await openDialog(page, nodeOf(type));
      const shown = (await dialog.form.locator('label').allTextContents()).map((text) => text.trim());
      for (const text of Object.values(textsOf('id', type).label))
        assert.ok(shown.includes(text), `"${text}" is not among ${shown.join(', ')}`);
      assert.ok((await dialog.help()).includes(helpOf(type, 'id')));
      await dialog.cancel();
      const line = await openDialog(page, nodeOf('mo-line'));
      await line.form.locator('#mo-line-verdict', { hasText: /kesalahan di peta|feed mill bawaan/ }).waitFor({ state: 'attached' });
      await line.cancel();
      assert.deepEqual(errors, []);
      await close();
    });

    if (version === '5') {
      it('dialogs can be read in the dark theme, and with the longer Indonesian texts', async () => {
        const { page, errors, close } = await bench!.open({ colorScheme: 'dark', locale: 'id-ID' });
        for (const type of Object.keys(CASES)) {
          const dialog = await openDialog(page, nodeOf(type));
          assert.deepEqual(await faintTexts(dialog.form), [], type);
          assert.deepEqual(await cutTexts(dialog.form), [], type);
          await dialog.cancel();
        }
        assert.deepEqual(errors, []);
        await close();
      });
    }
  });
}
