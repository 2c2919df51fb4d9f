import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { buttonsOf, DESKTOP, dialog, moIn, PHONE, press, tile, visitDashboard, waiting, word, write } from '../support/dashboard-driver';
import { waitFor } from '../support/wait';

/** The scales are far off: every batch that is made here ends as recipe-mismatch, and waits for a person. */
const FAR_OFF = 80;

describe('what an operator can do on the dashboard', function () {
  this.timeout(120_000);
  const visitor = visitDashboard({ deviation: FAR_OFF });

  it('offers for each batch what is possible, and names it when it asks', async () => {
    const page = await visitor.look('line');
    // The builtin database is made first.
    await word(page, 'WAITING FOR MO').waitFor({ timeout: 60_000 });
    // Once: a second fetch would be the last run that the engineer is shown.
    await visitor.operator.press('every 60 minutes');
    await waitFor(async () => (await waiting(page).count()) === 10, { what: 'a full queue', deadlineMs: 60_000 });
    // However long the page takes, nothing is dosed there before somebody finishes it by hand.
    await visitor.plant.command('mo-plc-simulator', { action: 'hold', slot: 10 });
    assert.deepEqual(await buttonsOf(tile(page, 10)), ['By hand', 'Cancel']);
    const mo = await moIn(page, 10);
    await tile(page, 10).getByRole('button', { name: 'Cancel' }).click();
    await dialog(page).getByText(`Cancel ${mo} in slot 10?`).waitFor();
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    // A figure never stands alone: what changed, and how long ago.
    const figure = page.locator('.mo-tile.mo-blue', { has: page.getByText('dosing', { exact: true }) }).locator('.mo-numbers', {
      hasText: /of 1,000 kg\s*changed \d+ (s|min) ago/,
    });
    await visitor.operator.until('a dosing batch', async () => (await figure.count()) > 0, ['every 5 minutes']);
    await tile(page, 10).locator('.mo-id').click();
    await dialog(page).getByText('silo_a').waitFor();
  });

  it('holds the line and lets it go; the name is remembered on this device', async () => {
    const page = await visitor.look('line');
    const band = page.locator('.mo-line-buttons');
    await press(band, 'Put the line on hold', 'Hold the line', 'cleaning', 'Maria');
    await word(page, 'ON HOLD').waitFor();
    assert.match(await page.locator('.mo-why').innerText(), /^cleaning/);
    await page.reload();
    await band.getByRole('button', { name: 'Release the line' }).click();
    assert.equal(await dialog(page).getByLabel('Your name').inputValue(), 'Maria');
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await press(band, 'Release the line', 'Release the line', 'clean');
    await word(page, 'RUNNING').waitFor();
  });

  it('finishes a batch by hand: every figure of the paper is asked for, and one too many zeros is refused', async () => {
    const page = await visitor.look('line');
    const mo = await moIn(page, 10);
    await tile(page, 10).getByRole('button', { name: 'By hand' }).click();
    await write(page, 'Reason', 'made on the old scale');
    await write(page, 'Your name', 'Ayu');
    const sure = dialog(page).getByRole('button', { name: 'Finish by hand' });
    const inputs = dialog(page).locator('.mo-paper input');
    const planned = await dialog(page).locator('.mo-paper small').allInnerTexts();
    const plan = planned.map((text) => /planned ([\d.,]+)/.exec(text)?.[1]?.replaceAll(',', ''));
    assert.equal(await inputs.count(), 16);
    assert.equal(await inputs.nth(0).inputValue(), '', 'nothing has been weighed yet');
    for (let at = 0; at < 15; at += 1) await inputs.nth(at).fill(plan[at] ?? '');
    assert.equal(await sure.isDisabled(), true, 'the weight is missing');
    await dialog(page).getByText('Still missing: finished weight', { exact: true }).waitFor();
    await inputs.nth(15).fill('1000');
    await inputs.nth(0).fill('2600');
    await sure.click();
    await dialog(page).getByRole('button', { name: 'Finish with 1,000 kg all the same' }).click();
    await dialog(page)
      .getByRole('alert')
      .getByText(/silo_a.*check the figures/)
      .waitFor();
    await inputs.nth(0).fill(plan[0] ?? '');
    // One zero too few is asked about before anything is sent.
    await inputs.nth(15).fill('100');
    await dialog(page)
      .getByText(/finished weight\s+kg; the materials sum up to 1,000 kg/)
      .waitFor();
    await sure.click();
    await dialog(page).getByText('The materials sum up to 1,000 kg, the finished weight is 100 kg.').waitFor();
    const allTheSame = dialog(page).getByRole('button', { name: 'Finish with 100 kg all the same' });
    await allTheSame.waitFor();
    // Beside the button, whatever the dialog is scrolled to.
    for (const viewport of [PHONE, DESKTOP]) {
      await page.setViewportSize(viewport);
      const box = await dialog(page).locator('.mo-doubt').boundingBox();
      assert.ok(box && box.width > 200 && box.y > 0 && box.y + box.height < viewport.height, `${viewport.width}: ${JSON.stringify(box)}`);
    }
    assert.equal(await moIn(page, 10), mo, 'nothing was sent');
    await inputs.nth(15).fill('200');
    await sure.waitFor();
    await inputs.nth(15).fill('100');
    await allTheSame.click();
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText(/finished by hand$/).waitFor();
    await visitor.operator.until('the batch in Odoo', () => tile(page, 10).getByText('empty', { exact: true }).isVisible(), [
      'every 3 minutes',
    ]);
    const history = await visitor.look('history');
    await history
      .locator('tr', { hasText: mo })
      .getByText(/all the same: the materials sum up to 1000.00 kg, the finished weight is 100.00 kg \(Ayu\)/)
      .waitFor();
  });

  it('fills in what the PLC has weighed, once: what is typed stays', async () => {
    const page = await visitor.look('line');
    await visitor.operator.until('a failed batch', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) > 0, [
      'every 5 minutes',
    ]);
    const failed = page.locator('.mo-tile.mo-red').first();
    await failed.locator('.mo-id').click();
    const weighed = await dialog(page).locator('.mo-materials td:nth-child(4)').allInnerTexts();
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await failed.getByRole('button', { name: 'By hand' }).click();
    await dialog(page).getByText('Filled in: what the PLC has weighed. Correct it with the paper of the scale.').waitFor();
    const inputs = dialog(page).locator('.mo-paper input');
    const filled = await inputs.evaluateAll((boxes) => boxes.map((box) => Number((box as HTMLInputElement).value)));
    const toShow = filled.map((value) => value.toLocaleString('en-US', { maximumFractionDigits: 1 }));
    assert.deepEqual(toShow.slice(0, -1), weighed);
    assert.ok((filled.at(-1) ?? 0) > 0, 'the finished weight');
    await inputs.nth(0).fill('12.5');
    const checked = async (): Promise<string> => /last check \S+/.exec(await page.locator('.mo-alarms-head').innerText())?.[0] ?? '';
    const before = await checked();
    await visitor.operator.until('a refreshed page', async () => (await checked()) !== before, ['every 10 minutes']);
    assert.equal(await inputs.nth(0).inputValue(), '12.5');
  });

  it('parks a failed batch, and requeues it from the history, once', async () => {
    const page = await visitor.look('line');
    await visitor.operator.until('a failed batch', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) > 0, [
      'every 5 minutes',
    ]);
    const failed = page.locator('.mo-tile.mo-red').first();
    const mo = await failed.locator('.mo-id').innerText();
    assert.match(await failed.locator('.mo-error').innerText(), /silo_\w+.*Compare with the paper/s);
    assert.deepEqual(await buttonsOf(failed), ['Retry', 'By hand', 'Park', 'Cancel']);
    await press(failed, 'Park', 'Park', 'nobody knows what went in');
    await page.locator('.mo-id', { hasText: mo }).waitFor({ state: 'detached' });

    const history = await visitor.look('history');
    const row = history.locator('tr', { hasText: mo });
    await row.getByText('failed: made, NOT in Odoo', { exact: true }).waitFor();
    assert.match(await row.innerText(), /nobody knows what went in.* \(Ayu\)/);
    await press(row, 'Requeue', 'Requeue the MO', 'make it again');
    await history.getByText(`${mo} may be fetched again`).waitFor();
    await row.getByRole('button', { name: 'Requeue' }).waitFor({ state: 'detached' });
  });

  it('retries a failed batch: what was weighed goes to Odoo', async () => {
    const page = await visitor.look('line');
    await visitor.operator.until('a failed batch', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) > 0, [
      'every 5 minutes',
    ]);
    const failed = page.locator('.mo-tile.mo-red').first();
    const mo = await failed.locator('.mo-id').innerText();
    await press(failed, 'Retry', 'Send to Odoo again', 'the paper says the same');
    await visitor.operator.until('it is archived', async () => (await page.locator('.mo-id', { hasText: mo }).count()) === 0, [
      'every 3 minutes',
    ]);
    const history = await visitor.look('history');
    await history.locator('tr', { hasText: mo }).getByText('completed', { exact: true }).waitFor();
  });

  it('cancels a batch; what was dosed for it stays in the history', async () => {
    const page = await visitor.look('line');
    await visitor.operator.until('a failed batch', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) > 0, [
      'every 5 minutes',
    ]);
    const failed = page.locator('.mo-tile.mo-red').first();
    const mo = await failed.locator('.mo-id').innerText();
    await press(failed, 'Cancel', 'Cancel the batch', 'thrown away');
    await page.locator('.mo-id', { hasText: mo }).waitFor({ state: 'detached' });
    const history = await visitor.look('history');
    const row = history.locator('tr', { hasText: mo });
    await row.getByText('cancelled: made, NOT in Odoo', { exact: true }).waitFor();
    assert.match((await row.locator('.moh-n').nth(1).innerText()).replaceAll(',', ''), /^[1-9]\d+(\.\d)? kg$/);
    // What is booked in Odoo by hand is read here, at a desk or in the hall.
    for (const viewport of [DESKTOP, PHONE]) {
      const there = await visitor.look('history', viewport);
      await there.getByRole('button', { name: mo }).click();
      const material = dialog(there).locator('tr', { hasText: 'silo_a' }).locator('.moh-n').nth(1);
      assert.match((await material.innerText()).replaceAll(',', ''), /^[1-9]\d*(\.\d+)?$/);
      await dialog(there).getByText('thrown away (Ayu)').waitFor();
      const tooWide = await dialog(there)
        .locator('.v-card-text')
        .evaluate((text) => text.scrollWidth - text.clientWidth);
      assert.equal(tooWide, 0, `${viewport.width}: the materials scroll sideways`);
    }
  });

  it('says in the dialog why something is refused', async () => {
    const page = await visitor.look('line');
    const other = await visitor.look('line');
    const busy = page.locator('.mo-tile', { has: page.locator('.mo-id') }).last();
    const mo = await busy.locator('.mo-id').innerText();
    await busy.getByRole('button', { name: 'Cancel' }).click();
    await write(page, 'Reason', 'too late');
    await write(page, 'Your name', 'Ayu');
    await press(other.locator('.mo-tile', { has: other.locator('.mo-id', { hasText: mo }) }), 'Cancel', 'Cancel the batch', 'first');
    await other.locator('.mo-id', { hasText: mo }).waitFor({ state: 'detached' });
    await dialog(page).getByRole('button', { name: 'Cancel the batch' }).click();
    await dialog(page).getByRole('alert').getByText(mo).waitFor();
  });

  it('searches the history, adds it up, and gives it to a spreadsheet', async () => {
    const page = await visitor.look('history');
    const rows = page.locator('.moh-scroll tbody tr');
    await rows.first().waitFor();
    const all = await rows.count();
    assert.equal(await page.locator('.moh-head b').innerText(), `${all} batch records`);
    assert.equal(await page.locator('.moh-day').count(), 1);
    const completed = await rows.getByText('completed', { exact: true }).count();
    assert.match(await page.locator('.moh-head small').innerText(), new RegExp(`^${completed} completed`));

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const file = await readFile(await (await download).path());
    assert.deepEqual([...file.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    assert.equal(file.toString().trimEnd().split('\r\n').length, 1 + all * 15);

    await page.selectOption('select[aria-label=status]', 'cancelled');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.moh-scroll tbody tr')].every((row) => row.textContent.includes('cancelled')),
    );
    await page.selectOption('select[aria-label=status]', '');
    const name = await rows.first().locator('td').nth(1).innerText();
    await page.getByLabel('MO', { exact: true }).fill(name.slice(-3));
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.moh-scroll tbody tr').length === 1);
    await page.getByLabel('MO', { exact: true }).fill('no such MO');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('0 batch records').waitFor();
  });

  it('shows an engineer the words of a slot, the last runs, one batch and the comparison', async () => {
    const page = await visitor.look('engineer');
    const other = await visitor.look('engineer');
    await page.getByText(/^slot 1 /).waitFor();
    // An answer goes to the browser that asked.
    await other.getByRole('button', { name: '4', exact: true }).click();
    await other.locator('.moe-slot tr', { hasText: 'batch_no' }).getByText('6300 = 46301 = 406301').waitFor();
    await page.locator('.moe-slot tr', { hasText: 'batch_no' }).getByText('6000 = 46001 = 406001').waitFor();
    await page.locator('.moe-tasks tr', { hasText: 'fetch MOs' }).getByText('10 MOs queued').waitFor();

    const history = await visitor.look('history');
    const mo = await history.locator('tr', { hasText: 'completed' }).first().locator('td').nth(1).innerText();
    await page.getByLabel('MO', { exact: true }).fill(mo);
    await page.getByRole('button', { name: 'Look' }).click();
    await page.locator('.moe-batch tr', { hasText: 'completed' }).waitFor();
    await page.getByRole('button', { name: /^Compare/ }).click();
    await page
      .locator('.moe-compare .moe-head', { hasText: mo })
      .getByText(/done in Odoo; equal/)
      .waitFor();

    await visitor.plant.command('mo-plc-simulator', { action: 'fault', fault: 'down', seconds: 600 });
    await page.locator('.moe-slot p.moe-bad', { hasText: /PLC_/ }).waitFor();
    await visitor.plant.command('mo-plc-simulator', { action: 'clear' });
    await page.locator('.moe-slot p', { hasText: /read \d+ s ago/ }).waitFor({ timeout: 40_000 });
  });
});
