import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import { checkout } from '../support/tarball';

/** A node of this checkout, because rules that need types only read files of the project. */
const node = readdirSync(path.join(checkout, 'nodes'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `nodes/${file}`)[0]!;

const long = (lines: number): string => 'export {};\n'.repeat(lines);

const bites: [rule: string, what: string, file: string, code: string][] = [
  ['no-restricted-imports', 'Node-RED in src', 'src/clock.ts', "import 'node-red';"],
  ['no-restricted-imports', 'an inner package of Node-RED in src', 'src/clock.ts', "import '@node-red/util';"],
  ['no-restricted-imports', 'a node in src', 'src/line/line.ts', "import '../../nodes/mo-line';"],
  ['no-restricted-imports', 'pg outside src/database', 'src/clock.ts', "import 'pg';"],
  ['no-restricted-imports', 'axios outside src/odoo/http.ts', 'src/odoo/odoo.ts', "import 'axios';"],
  ['no-restricted-imports', 'modbus-serial outside src/plc', 'src/clock.ts', "import 'modbus-serial';"],
  ['no-restricted-imports', 'the line in src/plc', 'src/plc/plc.ts', "import '../line/line';"],
  ['no-restricted-imports', 'pg in a node', node, "import 'pg';"],
  ['no-restricted-imports', 'axios in a node', node, "import 'axios';"],
  ['no-restricted-imports', 'modbus-serial in a node', node, "import 'modbus-serial';"],
  ['no-restricted-imports', 'another node in a node', node, "import './mo-plc';"],
  [
    'no-restricted-syntax',
    'a pool outside src/database',
    'src/clock.ts',
    'declare const Pool: new () => object; export const pool = new Pool();',
  ],
  ['no-restricted-syntax', 'pool.connect outside src/database', 'src/clock.ts', 'declare const pool: { connect(): void }; pool.connect();'],
  ['no-restricted-syntax', 'this.pool.connect in a node', node, 'declare const a: { pool: { connect(): void } }; a.pool.connect();'],
  ['no-restricted-properties', 'process.exit in src', 'src/clock.ts', 'process.exit(1);'],
  ['no-console', 'console in src', 'src/clock.ts', "console.log('x');"],
  ['no-restricted-syntax', 'it.only in a test', 'test/package/lint.test.ts', "it.only('x', () => {});"],
  ['no-restricted-syntax', 'describe.skip in a test', 'test/package/lint.test.ts', "describe.skip('x', () => {});"],
  ['max-lines', 'a node of more than 120 lines', node, long(121)],
  ['max-lines', 'more than 350 lines in src', 'src/clock.ts', long(351)],
  ['@typescript-eslint/no-floating-promises', 'a floating promise', 'src/clock.ts', 'async function f(): Promise<void> {}\nf();'],
  ['@typescript-eslint/no-explicit-any', 'any', 'src/clock.ts', 'export const x: any = 1;'],
  ['@typescript-eslint/ban-ts-comment', 'ts-ignore', 'src/clock.ts', '// @ts-ignore\nexport const x = 1;'],
  ['@typescript-eslint/no-explicit-any', 'any behind eslint-disable', 'src/clock.ts', '/* eslint-disable */\nexport const x: any = 1;'],
];

const passes: [what: string, file: string, code: string][] = [
  ['src in a node', node, "import '../src/errors';"],
  ['support in a node', node, "import './support/types';"],
  ['axios in src/odoo/http.ts', 'src/odoo/http.ts', "import 'axios';"],
  ['pg in src/database', 'src/database/database.ts', "import 'pg';"],
  ['modbus-serial in src/plc', 'src/plc/plc.ts', "import 'modbus-serial';"],
];

describe('house rules of the linter', function () {
  this.timeout(120_000);
  // With CI set, typescript-eslint would read the files from disk and not see the samples.
  const parserOptions = { disallowAutomaticSingleRunInference: true };
  const eslint = new ESLint({ cwd: checkout, overrideConfig: { languageOptions: { parserOptions } } });

  async function broken(file: string, code: string): Promise<(string | null)[]> {
    assert.ok(existsSync(path.join(checkout, file)), `${file} is gone: choose another file for this sample`);
    const [result] = await eslint.lintText(code, { filePath: path.join(checkout, file) });
    return result!.messages.filter(({ severity }) => severity === 2).map(({ ruleId }) => ruleId);
  }

  for (const [rule, what, file, code] of bites) {
    it(`refuse ${what} (${file})`, async () => {
      const rules = await broken(file, code);
      assert.ok(rules.includes(rule), `${rule} did not bite; these did: ${rules.join(', ') || 'none'}`);
    });
  }

  for (const [what, file, code] of passes) {
    it(`allow ${what} (${file})`, async () => {
      assert.deepEqual(await broken(file, code), []);
    });
  }
});
