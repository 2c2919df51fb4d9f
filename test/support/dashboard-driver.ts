import assert from 'node:assert/strict';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser, openPage } from './browser';
import { type DashboardPlant, type PlantOptions, startDashboardPlant } from './dashboard-plant';
import { nodeRedMissing } from './node-red';
import { faintLamps, faintTexts } from './editor-contrast';
import { type Operator, startOperator } from './operator';
import { skip } from './skip';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** What a page shows first when it is there. */
const FIRST = { line: '.mo-band', engineer: '.moe', history: '.moh', simulator: '.mos' } as const;
export type PageName = keyof typeof FIRST;

/** All of a page, without the frame of the dashboard around it. */
export const contents = (page: Page, name: PageName): Locator => page.locator(name === 'line' ? '.mo' : FIRST[name]);

/** Somebody in front of the dashboard of a running plant, who reads what it says and presses what it offers. */
export interface Visitor {
  readonly plant: DashboardPlant;
  readonly operator: Operator;
  /** Opens a page; it is closed after the test, and must not have had an error in its console. */
  look(name: PageName, viewport?: { width: number; height: number }): Promise<Page>;
}

/** Plant, browser and visitor for the tests of the suite around this call; without a browser or that Node-RED it is skipped. */
export function visitDashboard(options: PlantOptions = {}): Visitor {
  let browser: Browser | undefined;
  let started: { plant: DashboardPlant; operator: Operator } | undefined;
  let opened: Awaited<ReturnType<typeof openPage>>[] = [];
  const running = (): NonNullable<typeof started> => {
    assert.ok(started, 'the plant runs from the first test to the last');
    return started;
  };

  before(async function () {
    this.timeout(180_000);
    const missing = nodeRedMissing(options.version ?? '4');
    if (missing !== null) skip(this, missing);
    browser = await launchBrowser(this);
    const plant = await startDashboardPlant(options);
    started = { plant, operator: startOperator(plant.nodeRed, plant.flows) };
  });
  afterEach(async () => {
    const pages = opened;
    opened = [];
    for (const { close } of pages) await close();
    assert.deepEqual(
      pages.flatMap(({ errors }) => errors),
      [],
    );
  });
  after(async () => {
    await browser?.close();
    await started?.plant.nodeRed.stop();
  });

  return {
    get plant() {
      return running().plant;
    },
    get operator() {
      return running().operator;
    },
    async look(name, viewport = DESKTOP) {
      assert.ok(browser);
      const view = await openPage(browser, { viewport });
      opened.push(view);
      await view.page.goto(running().plant.page(name));
      await view.page.locator(FIRST[name]).waitFor();
      return view.page;
    },
  };
}

/**
 * Presses the timers until so many batches wait in the PLC, one of them in that slot, and the page shows it as it has just been read.
 * Then those behind the first have a batch time and more, however fast the plant is and slow the page.
 */
export async function untilWaiting({ operator }: Visitor, page: Page, count: number, slot?: number): Promise<void> {
  const there = slot === undefined ? waiting(page) : tile(page, slot).and(waiting(page));
  await operator.until(
    `${count} batches that wait in the PLC`,
    async () =>
      (await lamp(page, 'PLC', 'ok read [0-3] s ago').isVisible()) && (await waiting(page).count()) >= count && (await there.count()) > 0,
  );
}

/** What cannot be read there, light or dark: texts and lamps that stand out too little. Leaves the page light. */
export async function unreadable(root: Locator): Promise<string[]> {
  const page = root.page();
  const found: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await atRest(page);
    const texts = await faintTexts(root, { faded: true });
    const lamps = await faintLamps(root, '.mo-dot');
    found.push(...[...texts, ...lamps].map((text) => `${colorScheme}: ${text}`));
  }
  return found;
}

/** Colours and bars glide to where they are going. */
export async function atRest(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
}

/** Tiles of batches that the PLC has and has not begun, as it was last read. */
export const waiting = (page: Page): Locator => page.locator('.mo-tile', { has: page.getByText('in the PLC', { exact: true }) });
export const tile = (page: Page, slot: number): Locator => page.locator('.mo-tile').nth(slot - 1);
export const lamp = (page: Page, name: string, word: string): Locator =>
  page.locator('.mo-lamp', { hasText: new RegExp(`^\\s*${name} ${word}`) });
export const word = (page: Page, text: string): Locator => page.locator('.mo-word', { hasText: new RegExp(`^${text}$`) });
export const alarm = (page: Page, text: string | RegExp): Locator => page.locator('.mo-alarm', { hasText: text });
export const moIn = (page: Page, slot: number): Promise<string> => tile(page, slot).locator('.mo-id').innerText();
export const buttonsOf = (of: Locator): Promise<string[]> => of.locator('.mo-button').allInnerTexts();
/** The dialog that asks before something is done. */
export const dialog = (page: Page): Locator => page.locator('.v-dialog .v-card');

/** As a person does it: a click into the field, then the keys. */
export async function write(page: Page, field: string, text: string): Promise<void> {
  const input = dialog(page).getByLabel(field, { exact: true });
  await input.click();
  // The name of the last time is still there.
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
  assert.equal(await input.inputValue(), text);
}

/** Presses a button of a tile, an alarm or the band, and confirms; `sure` is what the dialog's own button says. */
export async function press(on: Locator, button: string | RegExp, sure: string, why: string, who = 'Ayu'): Promise<void> {
  const page = on.page();
  await on.getByRole('button', { name: button, exact: true }).click();
  assert.equal(await dialog(page).getByRole('button', { name: sure }).isDisabled(), true, 'nothing is done without reason and name');
  await write(page, 'Reason', why);
  await write(page, 'Your name', who);
  await dialog(page).getByRole('button', { name: sure }).click();
}
