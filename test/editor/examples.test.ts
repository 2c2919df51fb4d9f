import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { OpenPage } from '../support/browser';
import { replaceFlows, startEditorBenchAtRest, type EditorBench } from '../support/editor-bench';
import { countNodes, importExample, invalidNodes, pressDeploy } from '../support/editor-driver';
import { example } from '../support/example';
import type { Flows } from '../support/node-red';
import { checkout } from '../support/tarball';
import { waitFor } from '../support/wait';

const PACKAGE = '@smart-mo/node-red-mo-sync';
const EXAMPLES = readdirSync(path.join(checkout, 'examples')).map((file) => path.basename(file, '.json'));

for (const version of ['4', '5'] as const) {
  describe(`examples in the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    let bench: EditorBench | undefined;
    let editor: OpenPage | undefined;

    before(async function () {
      bench = await startEditorBenchAtRest(this, version);
    });
    after(() => bench?.close());

    beforeEach(async () => {
      await replaceFlows(bench!, []);
      editor = await bench!.open();
    });
    afterEach(() => editor?.close());

    const deployed = async (): Promise<Flows> => (await bench!.nodeRed.admin('flows')).body as Flows;
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
