import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../src/clock';
import { createModbusPlc } from '../../src/plc/modbus';
import { launchBrowser } from '../support/browser';
import { alarm, buttonsOf, DESKTOP, lamp, moIn, press, startVisitor, tile, word } from '../support/dashboard-driver';
import { startDashboardPlant, type DashboardPlant } from '../support/dashboard-plant';
import { modbusSettings } from '../support/modbus';
import { startOperator, type Operator } from '../support/operator';

/** The time in which a fault is to be found and cleared from the page alone. */
const TWO_MINUTES = 120_000;
const EVERY_TIMER = ['every 60 minutes', 'every 5 minutes', 'every 3 minutes', 'every 10 minutes'];

describe('five faults, found and cleared from the dashboard alone', function () {
  this.timeout(TWO_MINUTES);
  let browser: Browser | undefined;
  let plant: DashboardPlant | undefined;
  let operator: Operator;
  let page: Page;
  const visitor = startVisitor(
    () => browser!,
    () => plant!,
  );

  before(async function () {
    this.timeout(180_000);
    browser = await launchBrowser(this);
    plant = await startDashboardPlant();
    operator = startOperator(plant.nodeRed, plant.flows);
    page = await visitor.look('line');
    await operator.until('a full queue', async () => (await page.locator('.mo-id').count()) === 10, ['every 60 minutes']);
  });
  after(async () => {
    await browser?.close();
    await plant?.nodeRed.stop();
  });
  beforeEach(async () => {
    page = await visitor.look('line');
    await page.locator('.mo-id').first().waitFor();
  });
  afterEach(() => visitor.leave());

  const appears = (what: string, condition: () => Promise<boolean>): Promise<boolean> => operator.until(what, condition, EVERY_TIMER);
  const gone = async (mo: string): Promise<boolean> => (await page.locator('.mo-id', { hasText: mo }).count()) === 0;

  it('an MO that was cancelled in Odoo', async () => {
    const mo = await moIn(page, 10);
    await plant!.command('mo-odoo-simulator', { action: 'cancel', mo_id: mo });
    await appears('the alarm', () => alarm(page, mo).isVisible());
    assert.match(await alarm(page, mo).innerText(), /cancelled in Odoo.*Press cancel/s);
    assert.match(await tile(page, 10).locator('.mo-error').innerText(), /cancelled in Odoo.*Press cancel/s);
    await press(tile(page, 10), 'Cancel', 'Cancel the batch', 'cancelled in Odoo');
    await appears('no alarm', async () => (await gone(mo)) && (await page.getByText('No open alarms').isVisible()));
  });

  it('a batch that the PLC says has failed', async () => {
    const mo = await moIn(page, 9);
    await plant!.command('mo-plc-simulator', { action: 'fail', slot: 9 });
    await appears('the tile', () => tile(page, 9).getByText('failed in the PLC').isVisible());
    await appears('the alarm', () => alarm(page, mo).isVisible());
    assert.match(await alarm(page, mo).innerText(), /the PLC says the batch failed.*press cancel/s);
    await press(tile(page, 9), 'Cancel', 'Cancel the batch', 'mixer stopped');
    await appears('no alarm', async () => (await gone(mo)) && (await alarm(page, mo).count()) === 0);
  });

  it('a batch that Odoo refuses', async () => {
    await plant!.command('mo-odoo-simulator', { action: 'fault', fault: 'refused', method: 'write', seconds: 600 });
    await appears('a failed batch', async () => (await page.getByText('FAILED', { exact: true }).count()) > 0);
    const failed = page.locator('.mo-tile.mo-red').first();
    const mo = await failed.locator('.mo-id').innerText();
    await appears('the alarm', () => alarm(page, mo).isVisible());
    assert.match(await alarm(page, mo).innerText(), /ODOO_REFUSED.*Ask the ERP administrator.*press retry/s);
    assert.deepEqual(await buttonsOf(failed), ['Retry', 'Park', 'Cancel']);
    // The administrator does what the sentence asks for.
    await plant!.command('mo-odoo-simulator', { action: 'clear' });
    await press(
      page.locator('.mo-tile', { has: page.locator('.mo-id', { hasText: mo }) }),
      'Retry',
      'Send to Odoo again',
      'put right in Odoo',
    );
    await appears('the batch in Odoo', () => gone(mo));
  });

  it('an outage of Odoo is one alarm, and of the PLC another', async () => {
    await plant!.command('mo-odoo-simulator', { action: 'fault', fault: 'down', seconds: 600 });
    await appears('DOWN', () => lamp(page, 'Odoo', 'DOWN').isVisible());
    await appears('the alarm', () => alarm(page, 'ODOO_UNREACHABLE').isVisible());
    await appears('a batch that waits', async () => (await page.getByText('waits for Odoo', { exact: true }).count()) > 0);
    assert.equal(await alarm(page, 'ODOO_UNREACHABLE').count(), 1);
    assert.match(await alarm(page, 'ODOO_UNREACHABLE').innerText(), /Call the ERP administrator/);
    await plant!.command('mo-plc-simulator', { action: 'fault', fault: 'mute', seconds: 600 });
    await appears('NO PLC', () => word(page, 'NO PLC').isVisible());
    await appears('its alarm', () => alarm(page, /PLC_.*Check the network/s).isVisible());
    // Alarms push nothing off the screen.
    const { height } = DESKTOP;
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) <= height, 'the page scrolls');
    const box = await tile(page, 10).boundingBox();
    assert.ok(box && box.y + box.height <= height, 'the last tile is off the screen');
    await plant!.command('mo-plc-simulator', { action: 'clear' });
    await plant!.command('mo-odoo-simulator', { action: 'clear' });
    await appears('all well', async () => (await lamp(page, 'Odoo', 'ok').isVisible()) && (await lamp(page, 'PLC', 'ok').isVisible()));
    await appears('no alarm', () => page.getByText('No open alarms').isVisible());
  });

  it('an MO in a slot that nobody knows: the line holds itself', async () => {
    await appears('the next set', async () => (await tile(page, 1).locator('.mo-id').count()) > 0);
    await press(tile(page, 10), 'Cancel', 'Cancel the batch', 'room for a stranger');
    await tile(page, 10).getByText('empty', { exact: true }).waitFor();
    await strangerIn(10);
    await appears('the hold', () => word(page, 'ON HOLD').isVisible());
    assert.match(await page.locator('.mo-why').innerText(), /WH\/MO\/09999.*compare PLC, Odoo and history, then release/s);
    await appears(
      'the alarms',
      async () => (await alarm(page, 'on hold').isVisible()) && (await alarm(page, /Find out where this MO comes from/).isVisible()),
    );
    await press(page.locator('.mo-line-buttons'), 'Release the line', 'Release the line', 'left over from the commissioning');
    await appears('the line at work', () => word(page, 'RUNNING').isVisible());
    await appears('no hold', async () => (await alarm(page, 'on hold').count()) === 0);
  });

  /** The PLC programmer tries something: the name of an MO that was never here, in a slot that is ours. */
  async function strangerIn(slot: number): Promise<void> {
    const plc = createModbusPlc(modbusSettings(plant!.plcPort), { clock: systemClock });
    try {
      const name = Buffer.from('WH/MO/09999'.padEnd(16, '\0'));
      await plc.write(6000 + (slot - 1) * 100, [slot, ...Array.from({ length: 8 }, (_, at) => name.readUInt16BE(2 * at))]);
    } finally {
      plc.close();
    }
  }
});
