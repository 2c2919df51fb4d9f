import assert from 'node:assert/strict';
import { alarm, buttonsOf, lamp, moIn, press, tile, visitDashboard, word } from '../support/dashboard-driver';

const EVERY_TIMER = ['every 60 minutes', 'every 5 minutes', 'every 3 minutes', 'every 10 minutes'];

/** The round trip of every kind of button; what each of them does in full is tried on Node-RED 4.1. */
describe('what an operator finds and does on the dashboard in Node-RED 5', function () {
  this.timeout(120_000);
  const visitor = visitDashboard({ version: '5' });
  const appears = (what: string, condition: () => Promise<boolean>): Promise<boolean> =>
    visitor.operator.until(what, condition, EVERY_TIMER);

  it('holds the line and lets it go', async () => {
    const page = await visitor.look('line');
    // The builtin database is made first.
    await word(page, 'WAITING FOR MO').waitFor({ timeout: 60_000 });
    const band = page.locator('.mo-line-buttons');
    await press(band, 'Put the line on hold', 'Hold the line', 'cleaning');
    await word(page, 'ON HOLD').waitFor();
    await press(band, 'Release the line', 'Release the line', 'clean');
    await word(page, 'WAITING FOR MO').waitFor();
  });

  it('one refusal of Odoo that hits several batches: one is parked and requeued, the others are sent again from one dialog', async () => {
    await visitor.plant.command('mo-odoo-simulator', { action: 'fault', fault: 'refused', method: 'write', seconds: 600 });
    const page = await visitor.look('line');
    const refused = page.locator('.mo-alarm.mo-red', { hasText: /^\d+ batches: Odoo refused/ });
    await appears('failed batches under one alarm', () => refused.isVisible());
    await lamp(page, 'Odoo', 'answers, \\d+ batches in trouble').waitFor();
    assert.match((await buttonsOf(refused)).join(), /^Retry all \d+,Park all \d+$/);
    const failed = page.locator('.mo-tile.mo-red');
    await appears('a failed batch more than two', async () => (await failed.count()) > 2);
    const mo = await failed.first().locator('.mo-id').innerText();
    await press(failed.first(), 'Park', 'Park', 'made again');
    await page.getByText(`${mo} in slot 1: parked`).waitFor();
    const history = await visitor.look('history');
    await press(history.locator('tr', { hasText: mo }), 'Requeue', 'Requeue the MO', 'make it again');
    await history.getByText(`${mo} may be fetched again`).waitFor();
    await visitor.plant.command('mo-odoo-simulator', { action: 'clear' });
    await press(refused, /^Retry all/, 'Send to Odoo again', 'put right in Odoo');
    await appears('the batches in Odoo', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) === 0);
  });

  it('a batch that the PLC gave up is cancelled, with its MO: the history offers nothing', async () => {
    const page = await visitor.look('line');
    await appears('a batch in the PLC', () => tile(page, 10).getByText('in the PLC', { exact: true }).isVisible());
    const mo = await moIn(page, 10);
    await visitor.plant.command('mo-plc-simulator', { action: 'fail', slot: 10 });
    await appears('the alarm', () => alarm(page, mo).isVisible());
    await press(tile(page, 10), 'Cancel', 'Cancel the batch', 'mixer stopped');
    await page.locator('.mo-id', { hasText: mo }).waitFor({ state: 'detached' });
    const history = await visitor.look('history');
    const row = history.locator('tr', { hasText: mo });
    await row.getByText('cancelled', { exact: true }).waitFor();
    // Its MO is cancelled in Odoo too, which no fetch ever lists again.
    assert.equal(await row.getByRole('button', { name: 'Requeue' }).count(), 0);
  });
});
