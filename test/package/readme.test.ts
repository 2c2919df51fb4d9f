import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES } from '../../src/errors';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { example } from '../support/example';
import { loadPalette, localeFile } from '../support/palette';
import { checkout } from '../support/tarball';

describe('the README', () => {
  let readme: string;

  before(() => {
    readme = readFileSync(path.join(checkout, 'README.md'), 'utf8');
  });

  it('has one row for every error code, with the sentence of src/errors.ts', () => {
    const [, table = ''] = readme.split('| code | means | do |');
    const rows = [...table.matchAll(/^\| `([A-Z]+_?[A-Z_]*)` \| (.+?) \|/gm)].map(([, code, text]) => [code, text]);
    assert.deepEqual(Object.fromEntries(rows), ERROR_CODES);
  });

  it('names only commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const [, name = ''] of readme.matchAll(/npm run ([\w:-]+)/g)) assert.ok(name in scripts, `npm run ${name}`);
  });

  it('shows only pictures and pages that are there', () => {
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      assert.doesNotThrow(() => readFileSync(path.join(checkout, decodeURIComponent(target))), target);
    }
  });

  it('calls everything in the ten steps what the editor calls it', () => {
    const [, steps = ''] = /### Go live, step by step\n(.*?)\n## /s.exec(readme) ?? [];
    const outside = ['Manufacturing / User', '01 - Smart MO Sync', 'Configuration nodes', 'Deploy'];
    const names = example('01 - Smart MO Sync').flatMap(({ name, line, label }) => [name, label, line].map(String));
    const texts = [...loadPalette().keys()].map((type) => readFileSync(localeFile('en-US', `${type}.json`), 'utf8')).join('\n');
    const used = [...steps.matchAll(/(?<![*\w])\*([^*\n]+)\*/g)].map(([, name = '']) => name);
    assert.ok(used.length > 15);
    for (const name of used) {
      assert.ok(outside.includes(name) || names.includes(name) || texts.includes(`"${name}`), name);
    }
  });

  it('and the page of the register map shows the map that is bundled', () => {
    const page = readFileSync(path.join(checkout, 'docs', 'register-map.md'), 'utf8');
    const [, shown = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
    assert.deepEqual(JSON.parse(shown), FEED_MILL_MAP);
  });
});
