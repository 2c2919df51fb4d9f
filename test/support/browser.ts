import { existsSync } from 'node:fs';
import type { Context } from 'mocha';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { skip } from './skip';

export const BROWSER_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long a click may wait for what it clicks. */
const ACTION_MS = 20_000;

/** CHROMIUM_PATH, else the browser of the system; undefined when there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return named ? named : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
}

/** Starts headless Chromium for a suite; without one the suite is skipped. The caller closes it. */
export async function launchBrowser(context: Context): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return skip(context, 'no browser: install chromium or set CHROMIUM_PATH');
  return chromium.launch({ executablePath, args: BROWSER_ARGS });
}

export interface OpenPage {
  page: Page;
  /** Errors of the console and of scripts since the page was opened. */
  errors: string[];
  close(): Promise<void>;
}

/**
 * Opens the Node-RED editor and waits until palette and workspace are there; startNodeRed switches the welcome tour off.
 * Node-RED 5 takes the colour scheme on, Node-RED 4 is always light.
 */
export async function openEditor(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const { page, errors, close } = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
  await page.addInitScript(() => localStorage.setItem('view-dark-theme', 'auto'));
  await page.goto(url);
  await page.waitForSelector('.red-ui-palette-node', { state: 'attached' });
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
  await page.waitForSelector('#red-ui-workspace-chart');
  return { page, errors, close };
}

/** A blank page of its own context; every error of its console and scripts is collected. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<OpenPage> {
  const context = await browser.newContext(options);
  // The compiler wraps named functions in this helper; those sent to the page need it there.
  await context.addInitScript('globalThis.__name = (fn) => fn');
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_MS);
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  return { page, errors, close: () => context.close() };
}
