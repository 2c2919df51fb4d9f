import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { systemClock } from '../../src/clock';
import { createModbusPlc } from '../../src/plc/modbus';
import {
  alarm,
  atRest,
  buttonsOf,
  contents,
  DESKTOP,
  dialog,
  lamp,
  moIn,
  PHONE,
  press,
  tile,
  unreadable,
  untilWaiting,
  visitDashboard,
  waiting,
  word,
} from '../support/dashboard-driver';
import { modbusSettings } from '../support/modbus';
import { waitFor } from '../support/wait';

/** The time in which a fault is to be found and cleared from the page alone. */
const TWO_MINUTES = 120_000;
const EVERY_TIMER = ['every 60 minutes', 'every 5 minutes', 'every 3 minutes', 'every 10 minutes'];

describe('a plant in trouble: what the dashboard alone shows, and what is cleared from it', function () {
  this.timeout(TWO_MINUTES);
  let page: Page;
  let isKept = false;
  const visitor = visitDashboard();

  before(async function () {
    this.timeout(TWO_MINUTES);
    page = await visitor.look('line');
    await visitor.operator.until('a full queue', async () => (await page.locator('.mo-id').count()) === 10, ['every 60 minutes']);
  });
  beforeEach(async () => {
    page = await visitor.look('line');
    await page.locator('.mo-id').first().waitFor();
  });

  // One that fails leaves no fault to the next.
  afterEach(async () => {
    await letGo();
    for (const simulator of ['mo-odoo-simulator', 'mo-plc-simulator'] as const) await visitor.plant.command(simulator, { action: 'clear' });
  });

  const appears = (what: string, condition: () => Promise<boolean>): Promise<boolean> =>
    visitor.operator.until(what, condition, EVERY_TIMER);
  /** Lets the PLC stop before slot 10, with nothing dosed there, until letGo() or the end of the test. */
  async function keepSlot10(): Promise<void> {
    await untilWaiting(visitor, page, 2, 10);
    await visitor.plant.command('mo-plc-simulator', { action: 'hold', slot: 10 });
    isKept = true;
  }
  async function letGo(): Promise<void> {
    if (isKept) await visitor.plant.command('mo-plc-simulator', { action: 'restart', slot: 10 });
    isKept = false;
  }
  const gone = async (mo: string): Promise<boolean> => (await page.locator('.mo-id', { hasText: mo }).count()) === 0;

  it('does not flicker: a refresh that brings nothing new leaves every element as it is, where it is', async () => {
    // Loading goes on for a while after the set is queued.
    await waitFor(async () => (await waiting(page).count()) === 10, { what: 'ten recipes in the PLC', deadlineMs: 60_000 });
    let refreshes = 0;
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => (refreshes += payload.includes('"word"') ? 1 : 0)));
    await page.reload();
    const blocks = '.mo-band, .mo-word, .mo-lamp, .mo-dot, .mo-tile, .mo-buttons, .mo-button, .mo-bar, .mo-alarms';
    await waitFor(() => refreshes > 0, { what: 'the first refresh', deadlineMs: 30_000 });
    await page.locator('.mo-id').first().waitFor();
    await atRest(page);
    const kept = await page.evaluateHandle((selector) => {
      const elements = [...document.querySelectorAll(selector)].map((element) => ({
        element,
        box: JSON.stringify(element.getBoundingClientRect()),
      }));
      const changed: string[] = [];
      new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records) {
          for (const node of [...addedNodes, ...removedNodes]) if (node instanceof Element) changed.push(node.outerHTML);
        }
      }).observe(document.querySelector('.mo') ?? document, { childList: true, subtree: true });
      return { elements, changed };
    }, blocks);
    const before = refreshes;
    await waitFor(() => refreshes >= before + 3, { what: 'three refreshes', deadlineMs: 30_000 });
    const { moved, changed, count } = await kept.evaluate(({ elements, changed }) => ({
      count: elements.length,
      changed,
      moved: elements
        .filter(({ element, box }) => !element.isConnected || JSON.stringify(element.getBoundingClientRect()) !== box)
        .map(({ element }) => element.className),
    }));
    assert.ok(count > 50, `${count} elements were looked at`);
    assert.deepEqual({ moved, changed }, { moved: [], changed: [] });
  });

  it('an MO that was cancelled in Odoo', async () => {
    await keepSlot10();
    const mo = await moIn(page, 10);
    await visitor.plant.command('mo-odoo-simulator', { action: 'cancel', mo_id: mo });
    await appears('the alarm', () => alarm(page, mo).isVisible());
    assert.match(
      await alarm(page, mo).innerText(),
      /^slot 10 .*cancelled in Odoo while its recipe waits in the PLC.*Press cancel, and take the recipe out of its slot/s,
    );
    assert.match(await tile(page, 10).locator('.mo-error').innerText(), /cancelled in Odoo.*Press cancel/s);
    // The others go on meanwhile.
    const [count, tiles] = await page.evaluate(() => [
      document.querySelector('.mo-count')?.textContent ?? '',
      document.querySelectorAll('.mo-id').length,
    ]);
    assert.match(count, new RegExp(`^${tiles} in the queue: 1 needs you(?: · |$)`));
    await page.getByRole('button', { name: /^1 batch needs you: slot 10$/ }).click();
    await page.locator('.mo-tile.mo-shown .mo-slot', { hasText: '10' }).waitFor();
    await alarm(page, mo).getByRole('button', { name: 'slot 10' }).waitFor();
    assert.deepEqual(await buttonsOf(tile(page, 10)), ['Cancel']);
    const top = async (slot: number): Promise<number> => (await tile(page, slot).boundingBox())?.y ?? 0;
    assert.ok((await top(10)) > (await top(1)), 'a plant has its slots in mind');
    await page.setViewportSize(PHONE);
    assert.ok((await top(10)) < (await top(1)), 'on a phone the tile in trouble comes first');
    await page.setViewportSize(DESKTOP);
    await tile(page, 10).getByRole('button', { name: 'Cancel' }).click();
    assert.match(
      await dialog(page).innerText(),
      /is cancelled in Odoo already.*has its recipe in slot 10 and has dosed nothing yet: take it out there first/s,
    );
    assert.deepEqual(await unreadable(dialog(page)), []);
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    // The tile is left where the operator pressed, although the alarm above it goes, and the tile belongs further down now.
    const phone = await visitor.look('line', PHONE);
    await alarm(phone, mo).waitFor();
    const topOf = (): Promise<number> => tile(phone, 10).evaluate((element) => element.getBoundingClientRect().top);
    await tile(phone, 10).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const where = await topOf();
    await press(tile(phone, 10), 'Cancel', 'Cancel the batch', 'cancelled in Odoo');
    // No timer is needed: what was done is looked at at once.
    await phone.getByText('No open alarms').waitFor();
    await dialog(phone).waitFor({ state: 'detached' });
    await waitFor(async () => Math.abs((await topOf()) - where) < 4, { what: `the tile where it was, at ${where}` });
    await page.getByText('No open alarms').waitFor();
    assert.ok(await gone(mo));
  });

  it('a batch that the PLC says has failed', async () => {
    let mo = '';
    await appears('a batch that failed', async () => {
      if (mo !== '' && (await tile(page, 9).getByText('failed in the PLC').isVisible())) return true;
      // Of one that was made before the PLC heard of it there is nothing to fail: then it is one of the next set.
      if (await tile(page, 9).getByText('in the PLC', { exact: true }).isVisible()) {
        mo = await moIn(page, 9);
        await visitor.plant.command('mo-plc-simulator', { action: 'fail', slot: 9, mo_id: mo });
      }
      return false;
    });
    await appears('the alarm', () => alarm(page, mo).isVisible());
    assert.match(await alarm(page, mo).innerText(), /the PLC says the batch failed.*press cancel/s);
    await press(tile(page, 9), 'Cancel', 'Cancel the batch', 'mixer stopped');
    await page.getByText(`${mo} in slot 9: cancelled`).waitFor();
    await appears('no alarm', async () => (await gone(mo)) && (await alarm(page, mo).count()) === 0);
  });

  it('a batch that failed half dosed, while the PLC makes another: one instruction, whole on every screen; what was dosed is booked', async () => {
    const dosed = page.locator('.mo-tile', { has: page.getByText('dosing', { exact: true }) }).first();
    let slot = 0;
    await appears('a batch that failed half dosed', async () => {
      const shown = slot === 0 ? '' : await tile(page, slot).innerText();
      if (shown.includes('failed in the PLC')) return true;
      // One that was made before the PLC heard of it cannot fail any more: the next one can.
      // A failed one keeps the next set away: there has to be another of this set.
      if (shown.includes('dosing') || (await dosed.count()) === 0 || (await waiting(page).count()) === 0) return false;
      slot = Number(await dosed.locator('.mo-slot').innerText());
      await visitor.plant.command('mo-plc-simulator', { action: 'fail', slot });
      return false;
    });
    const failed = tile(page, slot);
    await appears('the PLC at another', async () => /has gone on to slot \d+/.test(await failed.innerText()));
    const text = (await failed.locator('.mo-error').innerText()).replace(/\s+/g, ' ');
    assert.match(
      text,
      /^The PLC says the batch failed (at \S+ \S+ \([\d.,]+ of [\d.,]+ kg\)|with everything weighed), and has gone on to slot \d+ Good feed: finish it by hand\. Bad feed: press cancel\.$/,
    );
    assert.match(await alarm(page, /the PLC says the batch failed/).innerText(), /has gone on to slot \d+ Good feed: finish it by hand/);
    assert.deepEqual(await buttonsOf(failed), ['By hand', 'Cancel']);
    for (const viewport of [DESKTOP, { width: 1280, height: 900 }, PHONE]) {
      await page.setViewportSize(viewport);
      const cut = await failed
        .locator('.mo-error, .mo-error b, .mo-error span')
        .evaluateAll((parts) =>
          parts.filter(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight).map(({ textContent }) => textContent),
        );
      assert.deepEqual([cut, await cutOff(page)], [[], []], JSON.stringify(viewport));
    }
    await page.setViewportSize(DESKTOP);
    const mo = await moIn(page, slot);
    await failed.getByRole('button', { name: 'Cancel' }).click();
    assert.match(await dialog(page).innerText(), /The PLC has dosed [\d.,]+ kg of it so far: .* press Booked in the history/);
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await press(failed, 'Cancel', 'Cancel the batch', 'thrown away');
    await page.getByText(`in slot ${slot}: cancelled`).waitFor();
    const history = await visitor.look('history');
    await history.selectOption('select[aria-label=status]', 'dosed, not in Odoo');
    const record = history.locator('tr', { hasText: mo });
    await record.getByText('cancelled: dosed, NOT in Odoo', { exact: true }).waitFor();
    await press(record, 'Booked', 'It is booked', 'stock move 18');
    await record.waitFor({ state: 'detached' });
  });

  it('one refusal of Odoo that hits several batches: one alarm, one dialog, an entry for each', async () => {
    await untilWaiting(visitor, page, 3);
    await visitor.plant.command('mo-odoo-simulator', { action: 'fault', fault: 'refused', method: 'write', seconds: 600 });
    await appears('the first refusal', async () => /not completed yet: Odoo refused/.test(await page.locator('.mo-why').innerText()));
    await page.locator('.mo-band.mo-yellow').waitFor();
    await lamp(page, 'Odoo', 'answers, \\d+ batch(es)? in trouble').waitFor();
    const counts = (await page.locator('.mo-count').innerText()).match(/\d+/g)?.map(Number) ?? [];
    assert.equal(
      counts[0],
      counts.slice(1).reduce((sum, count) => sum + count, 0),
      'each batch is counted once',
    );
    const refused = page.locator('.mo-alarm.mo-red', { hasText: /^\d+ batches: Odoo refused/ });
    await appears('failed batches under one alarm', () => refused.isVisible());
    assert.equal(await page.locator('.mo-alarm.mo-red', { hasText: 'ODOO_REFUSED' }).count(), 1);
    assert.deepEqual(await unreadable(contents(page, 'line')), []);
    assert.deepEqual(await cutOff(page), []);
    assert.match(await refused.innerText(), /Odoo refused the quantities of the MO: ".*Call the ERP administrator.*press retry/s);
    assert.deepEqual(
      (await buttonsOf(refused)).map((text) => text.replace(/\d+/, 'n')),
      ['Retry all n', 'Park all n'],
    );
    assert.deepEqual(await buttonsOf(page.locator('.mo-tile.mo-red').first()), ['Retry', 'Park', 'Cancel']);
    // The administrator does what the sentence asks for.
    await visitor.plant.command('mo-odoo-simulator', { action: 'clear' });
    const hit = await refused
      .locator('.mo-for-all .mo-jump')
      .evaluateAll((slots) => slots.map((slot) => (slot.getAttribute('title') ?? '').replace('show ', '')));
    assert.ok(hit.length > 1);
    await press(refused, /^Retry all/, 'Send to Odoo again', 'the lots are there');
    await page.getByText(/^\d+ batches are sent to Odoo again$/).waitFor();
    await refused.waitFor({ state: 'detached' });
    const engineer = await visitor.look('engineer');
    for (const mo of hit) {
      await engineer.getByLabel('MO', { exact: true }).fill(mo);
      await engineer.getByRole('button', { name: 'Look' }).click();
      await engineer.locator('.moe-batch tr', { hasText: /retried\s*Ayu.*the lots are there/s }).waitFor();
    }
    await appears('the batches in Odoo', async () => (await page.getByText('made, NOT IN ODOO', { exact: true }).count()) === 0);
  });

  it('an outage of Odoo is one alarm, and of the PLC another', async () => {
    // Without any there would be none that waits, and no next set while Odoo is away.
    await untilWaiting(visitor, page, 2);
    await visitor.plant.command('mo-odoo-simulator', { action: 'fault', fault: 'down', seconds: 600 });
    await appears('DOWN', () => lamp(page, 'Odoo', 'DOWN').isVisible());
    await appears('the alarm', () => alarm(page, 'ODOO_UNREACHABLE').isVisible());
    await appears('a batch that waits', async () => (await page.getByText('waits for Odoo', { exact: true }).count()) > 0);
    assert.equal(await alarm(page, 'ODOO_UNREACHABLE').count(), 1);
    assert.match(await alarm(page, 'ODOO_UNREACHABLE').innerText(), /Call the ERP administrator/);
    await visitor.plant.command('mo-plc-simulator', { action: 'fault', fault: 'mute', seconds: 600 });
    await appears('NO PLC', () => word(page, 'NO PLC').isVisible());
    await appears('its alarm', () => alarm(page, /Check the network.*PLC_/s).isVisible());
    // Alarms push nothing off the screen.
    const { height } = DESKTOP;
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) <= height, 'the page scrolls');
    const box = await tile(page, 10).boundingBox();
    assert.ok(box && box.y + box.height <= height, 'the last tile is off the screen');
    await visitor.plant.command('mo-plc-simulator', { action: 'clear' });
    await visitor.plant.command('mo-odoo-simulator', { action: 'clear' });
    await appears('all well', async () => (await lamp(page, 'Odoo', 'ok').isVisible()) && (await lamp(page, 'PLC', 'ok').isVisible()));
    // The PLC has made the batch of slot 10 all the same, after it was cancelled here: only a person knows when that is booked.
    const late = alarm(page, /after the batch left the queue.*Book in Odoo by hand/s);
    await appears('its weight', () => late.isVisible());
    const [mo = ''] = /WH\/MO\/\d+/.exec(await late.innerText()) ?? [];
    await press(late, 'Booked', 'It is booked', 'stock move 17');
    await page.getByText(`${mo} in slot 10: booked by hand`).waitFor();
    await appears('no alarm', () => page.getByText('No open alarms').isVisible());
  });

  it('an MO in a slot that nobody knows: the line holds itself', async () => {
    await keepSlot10();
    await press(tile(page, 10), 'Cancel', 'Cancel the batch', 'room for a stranger');
    await tile(page, 10).getByText('empty', { exact: true }).waitFor();
    await strangerIn(10);
    await appears('the hold', () => word(page, 'ON HOLD').isVisible());
    assert.match(await page.locator('.mo-why').innerText(), /WH\/MO\/09999.*compare PLC, Odoo and history, then release/s);
    await appears(
      'the alarms',
      async () => (await alarm(page, 'on hold').isVisible()) && (await alarm(page, /Find out where this MO comes from/).isVisible()),
    );
    // With the two links down there are four, and each is seen without scrolling.
    await visitor.plant.command('mo-odoo-simulator', { action: 'fault', fault: 'down', seconds: 600 });
    await visitor.plant.command('mo-plc-simulator', { action: 'fault', fault: 'mute', seconds: 600 });
    await appears('four alarms', () => page.getByText('4 open alarms', { exact: true }).isVisible());
    const bottoms = await page
      .locator('.mo-alarm')
      .evaluateAll((alarms) => alarms.map((element) => element.getBoundingClientRect().bottom));
    const list = await page.locator('.mo-alarms-list').evaluate((element) => element.getBoundingClientRect().bottom);
    assert.ok(
      bottoms.length === 4 && Math.max(...bottoms) <= Math.min(list, DESKTOP.height) + 1,
      `${bottoms.join(', ')} in a list that ends at ${list}`,
    );
    for (const simulator of ['mo-odoo-simulator', 'mo-plc-simulator'] as const) await visitor.plant.command(simulator, { action: 'clear' });
    await press(page.locator('.mo-line-buttons'), 'Release the line', 'Release the line', 'left over from the commissioning');
    await appears('the line at work', () => word(page, 'RUNNING').isVisible());
    await appears('no hold', async () => (await alarm(page, 'on hold').count()) === 0);
  });

  it('shows the queue and the mistake when the register map has one, and nothing to press', async () => {
    await untilWaiting(visitor, page, 2);
    const slot = Number(await waiting(page).last().locator('.mo-slot').innerText());
    const mo = await moIn(page, slot);
    const { nodeRed, flows } = visitor.plant;
    await nodeRed.deploy(
      flows.map((node) => (node['type'] === 'mo-line' ? { ...node, map: '{"version": 1}' } : node)),
      'nodes',
    );
    await word(page, 'BLOCKED').waitFor();
    assert.match(await page.locator('.mo-why').innerText(), /^the register map .*Correct the map.*MAP_INVALID$/s);
    assert.equal(await moIn(page, slot), mo);
    assert.equal(await page.locator('.mo-button').count(), 0);
    await nodeRed.deploy(flows, 'nodes');
    // STARTING until the PLC has been read (monitor-report.test.ts).
    await visitor.operator.until('RUNNING', () => word(page, 'RUNNING').isVisible(), ['every 5 minutes']);
  });

  it('parks all the batches of one cause at once, and says first what becomes of their weights', async () => {
    await untilWaiting(visitor, page, 3);
    await visitor.plant.command('mo-odoo-simulator', { action: 'fault', fault: 'refused', method: 'write', seconds: 600 });
    const refused = page.locator('.mo-alarm.mo-red', { hasText: /^\d+ batches: Odoo refused/ });
    await appears('failed batches under one alarm', () => refused.isVisible());
    await refused.getByRole('button', { name: /^Park all/ }).click();
    const asked = await dialog(page).innerText();
    const parked = asked.match(/WH\/MO\/\d+/g) ?? [];
    assert.ok(parked.length > 1, asked);
    assert.match(
      asked,
      new RegExp(
        `^Park ${parked.length} batches\\?.*Cancel would cancel the order there too.*made ${parked.length} of them: the weights`,
        's',
      ),
    );
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await press(refused, /^Park all/, 'Park', 'booked by hand');
    await page.getByText(/^\d+ batches are parked, they are in the history as failed$/).waitFor();
    for (const mo of parked) await page.locator('.mo-id', { hasText: mo }).waitFor({ state: 'detached' });
    const history = await visitor.look('history');
    for (const mo of parked) await history.locator('tr', { hasText: mo }).getByText('failed: made, NOT in Odoo', { exact: true }).waitFor();
    await visitor.plant.command('mo-odoo-simulator', { action: 'clear' });
  });

  /** Texts and buttons that reach out of their tile, and are cut off at its border. */
  const cutOff = (of: Page): Promise<string[]> =>
    of.locator('.mo-tile').evaluateAll((tiles) =>
      tiles.flatMap((element) => {
        const { right, bottom } = element.getBoundingClientRect();
        const outside = [...element.querySelectorAll('.mo-error, .mo-button, .mo-numbers')].filter((inner) => {
          const box = inner.getBoundingClientRect();
          return box.right > right || box.bottom > bottom;
        });
        return outside.map((inner) => `${element.querySelector('.mo-slot')?.textContent}: ${inner.textContent}`);
      }),
    );

  /** The PLC programmer tries something: the name of an MO that was never here, in a slot that is ours. */
  async function strangerIn(slot: number): Promise<void> {
    const plc = createModbusPlc(modbusSettings(visitor.plant.plcPort), { clock: systemClock });
    try {
      const name = Buffer.from('WH/MO/09999'.padEnd(16, '\0'));
      await plc.write(6000 + (slot - 1) * 100, [slot, ...Array.from({ length: 8 }, (_, at) => name.readUInt16BE(2 * at))]);
    } finally {
      plc.close();
    }
  }
});
