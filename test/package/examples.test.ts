import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPalette } from '../support/palette';
import { checkout } from '../support/tarball';

interface FlowNode {
  id: string;
  type: string;
  z?: string;
  wires?: string[][];
  links?: string[];
  credentials?: Record<string, string>;
  [key: string]: unknown;
}

const folder = path.join(checkout, 'examples');
const palette = loadPalette();
const builtIn = new Set([
  'id',
  'type',
  'z',
  'g',
  'x',
  'y',
  'wires',
  'd',
  'l',
  'info',
  'credentials',
  'icon',
  'env',
  'inputLabels',
  'outputLabels',
]);
/** What a credential of an example may hold: a reference to the environment, or the login of the simulator. */
const harmless = /^(\$\{[A-Z_]+\}|demo|)$/;

for (const file of readdirSync(folder)) {
  describe(`example "${file}"`, () => {
    let flow: FlowNode[];
    let byId: Map<string, FlowNode>;
    let ours: FlowNode[];

    before(() => {
      flow = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as FlowNode[];
      byId = new Map(flow.map((node) => [node.id, node]));
      ours = flow.filter(({ type }) => palette.has(type));
    });

    it('is named for people', () => {
      assert.match(file, /^\d\d - [A-Z].+\.json$/);
    });

    it('has ids that are random hex and unique', () => {
      for (const { id } of flow) assert.match(id, /^[0-9a-f]{8,16}(\.[0-9a-f]+)?$/, id);
      assert.equal(byId.size, flow.length);
    });

    it('uses each property a node knows, and no other', () => {
      for (const node of ours) {
        const { defaults } = palette.get(node.type)!.definition;
        const unknown = Object.keys(node).filter((key) => !(key in defaults) && !builtIn.has(key));
        assert.deepEqual(unknown, [], `${node.type} ${node.id}`);
      }
    });

    it('wires only existing outputs to existing nodes', () => {
      for (const node of flow) {
        for (const target of [...(node.wires ?? []).flat(), ...(node.links ?? [])]) assert.ok(byId.has(target), `${node.id} -> ${target}`);
        const outputs = palette.get(node.type)?.definition.outputs;
        if (outputs !== undefined) assert.equal(node.wires?.length ?? 0, outputs, `outputs of ${node.type} ${node.id}`);
      }
    });

    it('points to configuration nodes that are in it', () => {
      for (const node of ours) {
        for (const [key, { type, required }] of Object.entries(palette.get(node.type)!.definition.defaults)) {
          if (type === undefined || (!required && !node[key])) continue;
          assert.equal(byId.get(String(node[key]))?.type, type, `${node.type} ${node.id}: ${key}`);
        }
      }
    });

    it('is accepted by the validators of the dialogs', () => {
      for (const node of ours) {
        for (const [key, { validate }] of Object.entries(palette.get(node.type)!.definition.defaults)) {
          if (validate)
            assert.equal(validate.call({ ...node, _: (text: string) => text }, node[key], {}), true, `${node.type} ${node.id}: ${key}`);
        }
      }
    });

    it('holds no secret', () => {
      for (const { id, credentials = {} } of flow) {
        for (const [key, value] of Object.entries(credentials)) assert.match(value, harmless, `${id}: ${key}`);
      }
    });
  });
}
