import assert from 'node:assert/strict';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser, openPage, type OpenPage } from '../support/browser';
import { startDashboardPlant, type DashboardPlant } from '../support/dashboard-plant';
import { nodeId } from '../support/example';
import { nodeRedMissing } from '../support/node-red';
import { call } from '../support/odoo-simulator-client';
import { startOperator, type Operator } from '../support/operator';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';

const MARKUP = '<img src=x onerror="window.hacked = true"><b>Layer</b>';
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

for (const version of ['4', '5'] as const) {
  describe(`dashboard in Node-RED ${version}`, function () {
    this.timeout(90_000);
    let browser: Browser | undefined;
    let plant: DashboardPlant | undefined;
    let operator: Operator;
    let opened: OpenPage[] = [];

    before(async function () {
      this.timeout(180_000);
      const missing = nodeRedMissing(version);
      if (missing !== null) skip(this, missing);
      browser = await launchBrowser(this);
      plant = await startDashboardPlant({ version });
      operator = startOperator(plant.nodeRed, plant.flows);
      // Every finished product gets a name that would run a script if a page took it for markup.
      const { odoo } = plant;
      const products = await waitFor(() => call(odoo, 'product.product', 'search', [[]]) as Promise<number[]>, { what: 'Odoo simulator' });
      await call(odoo, 'product.product', 'write', [products, { name: MARKUP }]);
    });
    after(async () => {
      await browser?.close();
      await plant?.nodeRed.stop();
    });
    afterEach(async () => {
      for (const { errors, close } of opened) {
        assert.deepEqual(errors, []);
        await close();
      }
      opened = [];
    });

    async function look(name: 'line' | 'history', viewport = DESKTOP): Promise<Page> {
      const page = await openPage(browser!, { viewport });
      opened.push(page);
      await page.page.goto(plant!.page(name));
      await page.page.locator(name === 'line' ? '.mo-band' : '.moh table').waitFor();
      return page.page;
    }

    /** As a person does it: a click into the field, then the keys. */
    async function write(dialog: Locator, field: string, text: string): Promise<void> {
      await dialog.locator('.mo-field', { hasText: field }).click();
      // The name of the last time is still there.
      await dialog.page().keyboard.press('Control+A');
      await dialog.page().keyboard.type(text);
      assert.equal(await dialog.getByLabel(field).inputValue(), text);
    }

    const tile = (page: Page, slot: number): Locator => page.locator('.mo-tile').nth(slot - 1);
    const lamp = (page: Page, name: string, word: string): Locator =>
      page.locator('.mo-lamp', { hasText: new RegExp(`^\\s*${name} ${word}`) });
    const progress = (page: Page): Promise<number[]> =>
      page.locator('.mo-bar').evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('aria-valuenow'))));

    it('shows an empty line, then ten batches as soon as they are fetched', async () => {
      const page = await look('line');
      // The builtin database is made first.
      await page.getByText('WAITING FOR MO').waitFor({ timeout: 60_000 });
      await tile(page, 10).getByText('empty').waitFor();
      await operator.until('a full queue', async () => (await page.locator('.mo-id').count()) === 10, ['every 60 minutes']);
      assert.equal(await page.locator('.mo-word').innerText(), 'RUNNING');
      assert.match(await page.locator('.mo-count').innerText(), /^10 in the queue/);
      assert.equal(await page.locator('.mo-name').innerText(), 'main');
      assert.deepEqual(await page.locator('.mo-slot').allInnerTexts(), ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
      for (const name of ['Odoo', 'PLC', 'Database']) await lamp(page, name, 'ok').waitFor();
    });

    it('shows names with markup as the text they are [fault: sec-markup-in-names]', async () => {
      const page = await look('line');
      await tile(page, 10).getByText(MARKUP).waitFor();
      assert.equal(await page.locator('.mo img, .mo b b').count(), 0);
      assert.equal(await page.evaluate(() => 'hacked' in window), false);
    });

    it('needs no scrolling at 1280 x 800 and is one column at 390', async () => {
      const wide = await look('line', DESKTOP);
      await tile(wide, 10).locator('.mo-id').waitFor();
      const { height } = DESKTOP;
      const bottoms = await wide.locator('.mo-tile').evaluateAll((tiles) => tiles.map((element) => element.getBoundingClientRect().bottom));
      assert.ok(Math.max(...bottoms) <= height, `the lowest tile ends at ${Math.max(...bottoms)}`);
      const phone = await look('line', PHONE);
      await tile(phone, 10).locator('.mo-id').waitFor();
      const lefts = await phone.locator('.mo-tile').evaluateAll((tiles) => tiles.map((element) => element.getBoundingClientRect().left));
      assert.equal(new Set(lefts).size, 1);
      assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the phone scrolls sideways');
    });

    it('moves the bars with what the PLC has weighed', async () => {
      const page = await look('line');
      const before = await waitFor(
        async () => {
          const values = await progress(page);
          return values.length === 10 && values;
        },
        { what: 'ten bars' },
      );
      await operator.until('a bar that moved', async () => (await progress(page)).some((value, slot) => value > (before[slot] ?? 100)), [
        'every 5 minutes',
      ]);
    });

    it('cancels a batch with reason and name, and the history tells both', async () => {
      const page = await look('line');
      const mo = await tile(page, 10).locator('.mo-id').innerText();
      await tile(page, 10).getByRole('button', { name: 'Cancel' }).click();
      const dialog = page.locator('.v-dialog .v-card');
      await dialog.getByText(`Cancel ${mo} in slot 10?`).waitFor();
      const confirm = dialog.getByRole('button', { name: 'Cancel the batch' });
      assert.equal(await confirm.isDisabled(), true);
      await write(dialog, 'Reason', 'silo 4 is <b>empty</b>');
      await write(dialog, 'Your name', 'Ayu');
      await confirm.click();
      await tile(page, 10).getByText('empty', { exact: true }).waitFor();
      const history = await look('history');
      const row = history.locator('tr', { hasText: mo });
      await row.waitFor({ timeout: 15_000 });
      assert.match(await row.innerText(), /cancelled/);
      assert.match(await row.innerText(), /silo 4 is <b>empty<\/b> \(Ayu\)/);
      assert.ok((await row.innerText()).includes(MARKUP));
    });

    it('holds the line and lets it go', async () => {
      const page = await look('line');
      const steps = [
        ['Put the line on hold', 'Hold the line', 'ON HOLD'],
        ['Release the line', 'Release the line', 'RUNNING'],
      ] as const;
      for (const [button, confirm, word] of steps) {
        await page.locator('.mo-line-buttons').getByRole('button', { name: button }).click();
        const dialog = page.locator('.v-dialog .v-card');
        await dialog.getByText('line main?').waitFor();
        await write(dialog, 'Reason', 'cleaning');
        await write(dialog, 'Your name', 'Ayu');
        await dialog.getByRole('button', { name: confirm }).click();
        await page.locator('.mo-word', { hasText: word }).waitFor();
      }
    });

    it('says DOWN while Odoo is away, and ok when it is back', async () => {
      const page = await look('line');
      await plant!.command('mo-odoo-simulator', { action: 'fault', fault: 'down', seconds: 600 });
      await operator.until('a finished batch', async () => (await page.locator('.mo-tile.mo-green').count()) > 0, ['every 5 minutes']);
      await operator.until('DOWN', () => lamp(page, 'Odoo', 'DOWN').isVisible(), ['every 3 minutes']);
      assert.match(await lamp(page, 'Odoo', 'DOWN').innerText(), /ODOO_UNREACHABLE/);
      await plant!.command('mo-odoo-simulator', { action: 'clear' });
      await operator.until('ok', () => lamp(page, 'Odoo', 'ok').isVisible(), ['every 3 minutes']);
    });

    it('looks stale when the monitor has stopped', async () => {
      const view = await openPage(browser!, { viewport: DESKTOP });
      opened.push(view);
      const { page } = view;
      await page.clock.install();
      await page.goto(plant!.page('line'));
      await page.locator('.mo-id').first().waitFor();
      assert.equal(await page.locator('.mo-old').count(), 0);
      const timer = nodeId(plant!.flows, { type: 'inject', name: 'every 2 seconds' });
      await plant!.nodeRed.deploy(
        plant!.flows.map((node) => (node['id'] === timer ? { ...node, d: true } : node)),
        'nodes',
      );
      await page.clock.fastForward(30_000);
      await page.getByText('NO DATA').waitFor();
      assert.equal(await page.locator('.mo-dot.mo-green, .mo-dot.mo-red, .mo-band.mo-blue').count(), 0);
      assert.match(await page.locator('.mo-why').innerText(), /heard nothing since \d\d:\d\d:\d\d/);
    });
  });
}
