import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { chromiumPath, BROWSER_ARGS, openEditor, openPage } from '../test/support/browser';
import { startDashboardPlant, type DashboardPlant } from '../test/support/dashboard-plant';
import { act, openDialog } from '../test/support/editor-driver';
import { nodeId } from '../test/support/example';

/**
 * `npm run pictures`: takes the pictures of the README from the running product, docs/*.png, and stops it again.
 * Simulated plant, dashboard and editor are those of `npm start`, on free ports and in a temporary folder.
 */
const DOCS = path.resolve(__dirname, '..', 'docs');
const LARGEST_KB = 250;
const PATIENCE_MS = 90_000;

async function main(): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('No browser: install chromium or set CHROMIUM_PATH.');
  mkdirSync(DOCS, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: BROWSER_ARGS });
  try {
    const plant = await startDashboardPlant({ timers: true });
    try {
      await takeDashboard(browser, plant);
      await takeEngineer(browser, plant);
      await takeHistory(browser, plant);
      await takeEditor(browser, plant);
      await takeDialog(browser, plant);
    } finally {
      await plant.nodeRed.stop();
    }
  } finally {
    await browser.close();
  }
}

async function takeDashboard(browser: Browser, plant: DashboardPlant): Promise<void> {
  // In the middle of a set: the slots before this one are made, it is being made, the others wait.
  const views = [
    { file: 'dashboard-phone.png', viewport: { width: 390, height: 844 }, slot: 2 },
    { file: 'dashboard.png', viewport: { width: 1280, height: 660 }, slot: 4 },
  ];
  for (const { file, viewport, slot } of views) {
    const { page, close } = await openPage(browser, { viewport });
    await page.goto(plant.page('line'));
    await page.locator(`.mo-tile:nth-child(${slot}).mo-blue`).waitFor({ timeout: PATIENCE_MS });
    // Bars slide to their value.
    await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
    await shoot(page, file);
    await close();
  }
}

/** A slot that is being made, a batch with all its events, and the comparison. */
async function takeEngineer(browser: Browser, plant: DashboardPlant): Promise<void> {
  const { page, close } = await openPage(browser, { viewport: { width: 1280, height: 800 } });
  await page.goto(plant.page('engineer'));
  await page.locator('.moe-tasks tr', { hasText: /MOs queued/ }).waitFor();
  await page.getByRole('button', { name: '5', exact: true }).click();
  await page.locator('.moe-state', { hasText: /^slot 5 shows/ }).waitFor({ timeout: PATIENCE_MS });
  await page.getByLabel('MO', { exact: true }).fill('WH/MO/00001');
  await page.getByRole('button', { name: 'Look' }).click();
  await page.locator('.moe-batch tr', { hasText: 'completed' }).waitFor({ timeout: PATIENCE_MS });
  await shoot(page, 'dashboard-engineer.png');
  await close();
}

/** After the first set. */
async function takeHistory(browser: Browser, plant: DashboardPlant): Promise<void> {
  const { page, close } = await openPage(browser, { viewport: { width: 1280, height: 660 } });
  await page.goto(plant.page('history'));
  await page.locator('.moh-head', { hasText: /^\d\d batch records/ }).waitFor({ timeout: PATIENCE_MS });
  await shoot(page, 'dashboard-history.png');
  await close();
}

async function takeEditor(browser: Browser, plant: DashboardPlant): Promise<void> {
  const { page, close } = await openEditor(browser, plant.nodeRed.url, { viewport: { width: 1720, height: 980 } });
  await act(page, 'core:toggle-palette', 'core:toggle-sidebar', 'core:toggle-show-grid', 'core:zoom-out');
  // Palette and sidebar slide away.
  await page.waitForFunction(() => (document.querySelector('#red-ui-workspace')?.getBoundingClientRect().left ?? 99) < 20);
  await page.locator('#red-ui-workspace-chart').evaluate((chart) => chart.scrollTo(0, 0));
  await page.locator('.red-ui-flow-node-status-label', { hasText: /\d+ read/ }).waitFor({ timeout: PATIENCE_MS });
  await shoot(page, 'flow.png');
  await close();
}

/** The dialog of the line with the answer of its Test button, and the help beside it. */
async function takeDialog(browser: Browser, plant: DashboardPlant): Promise<void> {
  const { page, close } = await openEditor(browser, plant.nodeRed.url, { viewport: { width: 1440, height: 900 } });
  const dialog = await openDialog(page, { id: nodeId(plant.flows, { type: 'mo-line' }), type: 'mo-line' });
  await dialog.help();
  const answer = await dialog.test();
  if (!answer.ok) throw new Error(answer.text);
  const { x = 0, y = 0 } = (await page.locator('.red-ui-tray').last().boundingBox()) ?? {};
  await shoot(page, 'dialog-line.png', { x, y, width: 1440 - x, height: 900 - y });
  await dialog.cancel();
  await close();
}

async function shoot(page: Page, name: string, clip?: { x: number; y: number; width: number; height: number }): Promise<void> {
  const file = path.join(DOCS, name);
  await page.screenshot({ path: file, ...(clip && { clip }) });
  const size = Math.round(statSync(file).size / 1024);
  console.log(`docs/${name}: ${size} KB`);
  if (size > LARGEST_KB) throw new Error(`docs/${name} is larger than ${LARGEST_KB} KB: take a smaller view`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
