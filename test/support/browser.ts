import { existsSync } from 'node:fs';
import type { Context } from 'mocha';
import { chromium, type Browser, type Page } from 'playwright-core';
import { skip } from './skip';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** CHROMIUM_PATH, else the browser of the system; undefined when there is none. */
function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return named ? named : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
}

/** Starts headless Chromium for a suite; without one the suite is skipped. The caller closes it. */
export async function launchBrowser(context: Context): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return skip(context, 'no browser: install chromium or set CHROMIUM_PATH');
  return chromium.launch({ executablePath, args: ARGS });
}

export interface Editor {
  page: Page;
  /** Errors of the console and of scripts since the page was opened. */
  errors: string[];
  close(): Promise<void>;
}

/** Opens the Node-RED editor and waits until palette and workspace are there; startNodeRed switches the welcome tour off. */
export async function openEditor(
  browser: Browser,
  url: string,
  options: { colorScheme?: 'light' | 'dark'; locale?: string } = {},
): Promise<Editor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  await page.goto(url);
  await page.waitForSelector('.red-ui-palette-node', { state: 'attached' });
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
  await page.waitForSelector('#red-ui-workspace-chart');
  return { page, errors, close: () => context.close() };
}
