import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES } from '../../src/errors';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
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

  it('and the page of the register map shows the map that is bundled', () => {
    const page = readFileSync(path.join(checkout, 'docs', 'register-map.md'), 'utf8');
    const [, shown = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
    assert.deepEqual(JSON.parse(shown), FEED_MILL_MAP);
  });
});
