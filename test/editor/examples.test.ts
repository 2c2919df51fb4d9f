import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser, openEditor, type OpenPage } from '../support/browser';
import { countNodes, importExample, invalidNodes, pressDeploy } from '../support/editor-driver';
import { example } from '../support/example';
import { nodeRedMissing, startNodeRed, type Flows, type NodeRed } from '../support/node-red';
import { skip } from '../support/skip';
import { checkout } from '../support/tarball';
import { waitFor } from '../support/wait';

const PACKAGE = '@smart-mo/node-red-mo-sync';
const EXAMPLES = readdirSync(path.join(checkout, 'examples')).map((file) => path.basename(file, '.json'));

for (const version of ['4', '5'] as const) {
  describe(`examples in the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    let browser: Browser | undefined;
    let nodeRed: NodeRed;
    let editor: OpenPage | undefined;

    before(async function () {
      this.timeout(180_000);
      const missing = nodeRedMissing(version);
      if (missing !== null) skip(this, missing);
      browser = await launchBrowser(this);
      nodeRed = await startNodeRed({ version, settings: { runtimeState: { enabled: true, ui: false } } });
      // The flows stay at rest: what they do when they run is the matter of other tests.
      await nodeRed.admin('flows/state', { method: 'POST', body: { state: 'stop' } });
    });
    after(async () => {
      await browser?.close();
      await nodeRed?.stop();
    });

    beforeEach(async () => {
      await nodeRed.admin('flows', { method: 'POST', body: { flows: [] }, headers: { 'Node-RED-API-Version': 'v2' } });
      editor = await openEditor(browser!, nodeRed.url);
    });
    afterEach(() => editor?.close());

    const deployed = async (): Promise<Flows> => (await nodeRed.admin('flows')).body as Flows;
    /** What people see as nodes; the editor keeps the others apart. */
    const nodesOf = (flow: Flows): Flows => flow.filter(({ type }) => !['tab', 'group', 'global-config'].includes(String(type)));

    for (const name of EXAMPLES) {
      it(`imports and deploys "${name}"`, async () => {
        const { page, errors } = editor!;
        await importExample(page, PACKAGE, name);
        assert.equal(await countNodes(page), nodesOf(example(name)).length);
        assert.deepEqual(await invalidNodes(page), []);
        await pressDeploy(page);
        await waitFor(async () => nodesOf(await deployed()).length === nodesOf(example(name)).length, { what: 'the flow in the runtime' });
        assert.deepEqual(errors, []);
      });
    }

    it('keeps configuration nodes that are filled in when a second example is imported as a copy', async () => {
      const { page, errors } = editor!;
      await importExample(page, PACKAGE, '05 - Simulated plant');
      await importExample(page, PACKAGE, '03 - Line dashboard');
      assert.deepEqual(await invalidNodes(page), []);
      await pressDeploy(page);
      const lines = (await deployed()).filter(({ type }) => type === 'mo-line' || type === 'mo-odoo');
      assert.deepEqual(
        lines.map(({ type, url }) => [type, url]),
        [
          ['mo-odoo', 'http://127.0.0.1:8069'],
          ['mo-line', undefined],
        ],
      );
      assert.deepEqual(errors, []);
    });
  });
}
