import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { nodeRedMissing, startNodeRed, type NodeRed } from '../support/node-red';
import { skip } from '../support/skip';
import { checkout } from '../support/tarball';

const {
  'node-red': { nodes },
} = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { 'node-red': { nodes: object } };
const NODES = Object.keys(nodes);

interface NodeSet {
  module: string;
  types: string[];
  enabled: boolean;
  err?: unknown;
}

for (const version of ['4', '5'] as const) {
  describe(`the tarball installed in Node-RED ${version}`, function () {
    this.timeout(180_000);
    let nodeRed: NodeRed | undefined;

    before(async function () {
      const missing = nodeRedMissing(version);
      if (missing !== null) skip(this, missing);
      nodeRed = await startNodeRed({ version });
    });
    after(() => nodeRed?.stop());

    it('loads every node', async () => {
      const sets = (await nodeRed!.admin('nodes')).body as NodeSet[];
      const ours = sets.filter(({ module }) => module === '@smart-mo/node-red-mo-sync');
      assert.deepEqual(
        ours.filter(({ err, enabled }) => err !== undefined || !enabled),
        [],
      );
      assert.equal(ours.flatMap(({ types }) => types).length, NODES.length);
    });

    it('serves the icons and lists the examples', async () => {
      const icons = (await nodeRed!.admin('icons')).body as Record<string, string[]>;
      assert.equal(icons['@smart-mo/node-red-mo-sync']?.length, NODES.length);
      const examples = JSON.stringify((await nodeRed!.admin('library/examples/flows/@smart-mo/node-red-mo-sync')).body);
      assert.match(examples, /Simulated plant/);
    });
  });
}
