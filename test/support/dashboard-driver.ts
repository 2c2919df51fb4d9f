import assert from 'node:assert/strict';
import type { Browser, Locator, Page } from 'playwright-core';
import { openPage } from './browser';
import type { DashboardPlant } from './dashboard-plant';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** What a page shows first when it is there. */
const FIRST = { line: '.mo-band', engineer: '.moe', history: '.moh', simulator: '.mos' } as const;
export type PageName = keyof typeof FIRST;

/** Somebody in front of the dashboard, who reads what it says and presses what it offers. */
export interface Visitor {
  look(name: PageName, viewport?: { width: number; height: number }): Promise<Page>;
  /** Closes the pages; none of them may have had an error in its console. */
  leave(): Promise<void>;
}

export function startVisitor(browser: () => Browser, plant: () => DashboardPlant): Visitor {
  let opened: Awaited<ReturnType<typeof openPage>>[] = [];
  return {
    async look(name, viewport = DESKTOP) {
      const view = await openPage(browser(), { viewport });
      opened.push(view);
      await view.page.goto(plant().page(name));
      await view.page.locator(FIRST[name]).waitFor();
      return view.page;
    },
    async leave() {
      const pages = opened;
      opened = [];
      for (const { close } of pages) await close();
      assert.deepEqual(
        pages.flatMap(({ errors }) => errors),
        [],
      );
    },
  };
}

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

/** Presses a button of a tile or of the band, and confirms; `sure` is what the dialog's own button says. */
export async function press(on: Locator, button: string, sure: string, why: string, who = 'Ayu'): Promise<void> {
  const page = on.page();
  await on.getByRole('button', { name: button, exact: true }).click();
  assert.equal(await dialog(page).getByRole('button', { name: sure }).isDisabled(), true, 'nothing is done without reason and name');
  await write(page, 'Reason', why);
  await write(page, 'Your name', who);
  await dialog(page).getByRole('button', { name: sure }).click();
}
