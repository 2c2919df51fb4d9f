import assert from 'node:assert/strict';
import type { BrowserContextOptions } from 'playwright-core';
import { launchBrowser, openEditor, type OpenPage } from './browser';
import { nodeRedMissing, startNodeRed, type Flows, type NodeRed, type NodeRedOptions } from './node-red';
import { skip } from './skip';

/** A Node-RED process, and a browser to look at its editor with. */
export interface EditorBench {
  nodeRed: NodeRed;
  /** The editor in a window of its own. */
  open(options?: BrowserContextOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

/** Starts both; the suite is skipped where one of them is missing. */
export async function startEditorBench(context: Mocha.Context, options: NodeRedOptions & { version: '4' | '5' }): Promise<EditorBench> {
  context.timeout(180_000);
  const missing = nodeRedMissing(options.version);
  if (missing !== null) skip(context, missing);
  const browser = await launchBrowser(context);
  const nodeRed = await startNodeRed(options).catch(async (error: unknown) => {
    await browser.close();
    throw error;
  });
  return {
    nodeRed,
    open: (window) => openEditor(browser, nodeRed.url, window),
    async close() {
      await browser.close();
      await nodeRed.stop();
    },
  };
}

/**
 * After each test of one editor that serves many: it has had no error in its console. Gives the editor for the next test, a new one
 * after a failure: a dialog that stays open would fail all the tests behind it.
 */
export async function keepEditor(
  test: Mocha.Test | undefined,
  { open }: EditorBench,
  editor: OpenPage,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  assert.deepEqual(editor.errors, []);
  if (test?.state !== 'failed') return editor;
  await editor.close();
  return open(options);
}

/** As startEditorBench, with flows that never run: only what the editor makes of them is looked at. */
export async function startEditorBenchAtRest(context: Mocha.Context, version: '4' | '5'): Promise<EditorBench> {
  const bench = await startEditorBench(context, { version, settings: { runtimeState: { enabled: true, ui: false } } });
  await bench.nodeRed.admin('flows/state', { method: 'POST', body: { state: 'stop' } });
  return bench;
}

/** Puts flows into the runtime, past the editor. */
export async function replaceFlows({ nodeRed }: EditorBench, flows: Flows): Promise<void> {
  await nodeRed.admin('flows', { method: 'POST', body: { flows }, headers: { 'Node-RED-API-Version': 'v2' } });
}
