import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { contents, DESKTOP, lamp, moIn, PHONE, press, tile, unreadable, untilWaiting, visitDashboard } from '../support/dashboard-driver';
import { nodeId } from '../support/example';
import { call } from '../support/odoo-simulator-client';
import { waitFor } from '../support/wait';

const MARKUP = '<img src=x onerror="window.hacked = true"><b>Layer</b>';

for (const version of ['4', '5'] as const) {
  describe(`dashboard in Node-RED ${version}`, function () {
    this.timeout(90_000);
    const visitor = visitDashboard({ version });
    const { look } = visitor;

    before(async function () {
      // Every finished product gets a name that would run a script if a page took it for markup.
      const { odoo } = visitor.plant;
      const products = await waitFor(() => call(odoo, 'product.product', 'search', [[]]) as Promise<number[]>, { what: 'Odoo simulator' });
      await call(odoo, 'product.product', 'write', [products, { name: MARKUP }]);
    });

    const progress = (page: Page): Promise<number[]> =>
      page.locator('.mo-bar').evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('aria-valuenow'))));

    it('shows an empty line, then ten batches as soon as they are fetched', async () => {
      const page = await look('line');
      // The builtin database is made first.
      await page.getByText('WAITING FOR MO').waitFor({ timeout: 60_000 });
      await tile(page, 10).getByText('empty').waitFor();
      await visitor.operator.until('a full queue', async () => (await page.locator('.mo-id').count()) === 10, ['every 60 minutes']);
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
      await visitor.operator.until(
        'a bar that moved',
        async () => (await progress(page)).some((value, slot) => value > (before[slot] ?? 100)),
        ['every 5 minutes'],
      );
    });

    it('cancels a batch with reason and name, and the history tells both', async () => {
      const page = await look('line');
      await untilWaiting(visitor, page, 1, 10);
      const mo = await moIn(page, 10);
      await press(tile(page, 10), 'Cancel', 'Cancel the batch', 'silo 4 is <b>empty</b>');
      await tile(page, 10).getByText('empty', { exact: true }).waitFor();
      const row = (await look('history')).locator('tr', { hasText: mo });
      await row.getByText('cancelled', { exact: true }).waitFor();
      assert.match(await row.innerText(), /silo 4 is <b>empty<\/b> \(Ayu\)/);
      assert.ok((await row.innerText()).includes(MARKUP));
    });

    it('says on every page that the plant is simulated, and can be read on a light and on a dark screen', async () => {
      for (const name of ['line', 'engineer', 'history', 'simulator'] as const) {
        const page = await look(name);
        await page.locator('.v-app-bar', { hasText: 'SIMULATION' }).waitFor();
        // With something on it.
        await page
          .getByText(/WH\/MO\/\d/)
          .first()
          .waitFor({ state: 'attached' });
        assert.deepEqual(await unreadable(contents(page, name)), [], name);
      }
    });

    it('breaks the simulated plant and heals it', async () => {
      const line = await look('line');
      await untilWaiting(visitor, line, 2);
      const page = await look('simulator');
      // A batch that waits in the PLC does not run, and of an empty slot there is nothing to break.
      const chosen = page.getByLabel('slot').locator('option:checked');
      await waitFor(async () => /slot \d+: WH\/MO\/\d+, (dosing|waits in the PLC)/.test(await chosen.innerText()), {
        what: 'a slot with a batch',
      });
      assert.deepEqual((await page.getByLabel('slot').innerText()).match(/running/g), null);
      const answer = page.locator('.mos-log li').first();
      const pressed = async (button: string, slot: number, said: RegExp): Promise<void> => {
        await page.getByLabel('slot').selectOption(String(slot));
        await page.getByRole('button', { name: button }).click();
        await answer.getByText(said).waitFor();
      };
      // What really happened, with MO and slot; also of what has failed, and of a slot whose batch has left the queue.
      const options = await page.getByLabel('slot').locator('option').allInnerTexts();
      const last = options.findLastIndex((text) => / waits in the PLC$/.test(text));
      await pressed('it stands still', last, new RegExp(`WH/MO/\\d+ stands still in slot ${last}, (nothing|partly|all)`));
      await pressed('it stands still', last, new RegExp(`not done: cannot hold slot ${last}: WH/MO/\\d+ there is held`));
      await pressed('its batch fails', last, new RegExp(`WH/MO/\\d+ failed in slot ${last}$`));
      await pressed('it goes on', last, new RegExp(`WH/MO/\\d+ goes on in slot ${last}$`));
      await pressed('it goes on', 10, /not done: cannot restart slot 10: /);
      await page.getByRole('button', { name: 'PLC mute' }).click();
      await page.locator('.mos-log').getByText('PLC mute for 60 s').waitFor();
      await page.reload();
      await page.locator('.mos-log').getByText('PLC mute for 60 s').waitFor();
      await visitor.operator.until('NO PLC', () => line.locator('.mo-word', { hasText: 'NO PLC' }).isVisible(), ['every 5 minutes']);
      await page.getByRole('button', { name: 'Heal the PLC' }).click();
      await visitor.operator.until('the PLC', () => lamp(line, 'PLC', 'ok').isVisible(), ['every 5 minutes']);
      await page.getByRole('button', { name: 'Odoo away' }).click();
      await visitor.operator.until('DOWN', () => lamp(line, 'Odoo', 'DOWN').isVisible(), ['every 3 minutes', 'every 10 minutes']);
      await page.getByRole('button', { name: 'Heal Odoo' }).click();
      await visitor.operator.until('ok', () => lamp(line, 'Odoo', 'ok').isVisible(), ['every 3 minutes', 'every 10 minutes']);
    });

    it('looks stale when the monitor has stopped', async () => {
      const page = await look('line');
      // A tablet whose clock is wrong is no reason for NO DATA: what counts is when a message came.
      await page.clock.install({ time: Date.now() - 3_600_000 });
      await page.reload();
      await page.locator('.mo-slot').first().waitFor();
      assert.equal(await page.locator('.mo-old').count(), 0);
      const timer = nodeId(visitor.plant.flows, { type: 'inject', name: 'every 2 seconds' });
      await visitor.plant.nodeRed.deploy(
        visitor.plant.flows.map((node) => (node['id'] === timer ? { ...node, d: true } : node)),
        'nodes',
      );
      await page.clock.fastForward(30_000);
      await page.getByText('NO DATA').waitFor();
      assert.equal(await page.locator('.mo-button').count(), 0, 'nothing is offered on what may have changed');
      assert.equal(await page.locator('.mo-dot.mo-green, .mo-dot.mo-red, .mo-band.mo-blue').count(), 0);
      assert.match(await page.locator('.mo-why').innerText(), /heard nothing since \d\d:\d\d:\d\d/);
    });
  });
}
