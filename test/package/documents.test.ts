import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES } from '../../src/errors';
import { ALARM_ACTIONS, BY_VALUE } from '../../src/monitor/alarm-codes';
import { documentedEndpoints } from '../support/openapi';
import { loadPalette, localeFile } from '../support/palette';
import { checkout } from '../support/tarball';

const PAGES = readdirSync(path.join(checkout, 'docs')).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : []));
const textOf = (page: string): string => readFileSync(path.join(checkout, page), 'utf8');

/** What the palette calls the nodes. */
const PALETTE = new Set(
  [...loadPalette().keys()].map((type) => /"palette": "([^"]+)"/.exec(readFileSync(localeFile('en-US', `${type}.json`), 'utf8'))?.[1]),
);

/** Every row of the table under that heading whose first cell is a code; codes without their backquotes. */
function tableUnder(page: string, heading: string): string[][] {
  const [, after = ''] = textOf(page).split(`# ${heading}\n`);
  const rows = (after.split('\n#')[0] ?? '').split('\n').filter((row) => row.startsWith('| `'));
  return rows.map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replace(/^`([^`]+)`$/, '$1')),
  );
}

/** What an alarm may ask for, whatever its value. */
const ACTIONS = [ALARM_ACTIONS, ...Object.values(BY_VALUE)].flatMap((actions) => Object.values(actions));

/** The anchor of a heading, as web pages of a repository make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

describe('the README and the pages under docs', () => {
  it('troubleshooting explains every error code and every alarm code, once', () => {
    const codes = tableUnder('docs/troubleshooting.md', 'Error codes').map(([code]) => code);
    assert.deepEqual(codes.sort(), Object.keys(ERROR_CODES).sort());
  });

  it('troubleshooting explains every alarm and says what to do about it, by its value too, in the words of the alarm', () => {
    const alarms = tableUnder('docs/troubleshooting.md', 'Alarm codes');
    for (const [code, meaning = ''] of alarms) assert.match(meaning, /^.{20,}\.$/, code);
    assert.deepEqual(Object.fromEntries(alarms.map(([code, , action]) => [code, action])), ALARM_ACTIONS);
    assert.equal(alarms.length, Object.keys(ALARM_ACTIONS).length);
    const byValue = Object.entries(BY_VALUE).flatMap(([code, of]) => Object.entries(of).map(([value, action]) => [code, value, action]));
    assert.deepEqual(tableUnder('docs/troubleshooting.md', 'What to do depends on the value'), byValue);
  });

  it('an alarm asks for what a person can do: one sentence or more, and only buttons that there are', () => {
    const buttons = new Set(['retry', 'park', 'cancel', 'release', 'booked']);
    for (const action of ACTIONS) {
      assert.match(action, /^[A-Z].*\.$/, action);
      for (const [, button = ''] of action.matchAll(/\b[Pp]ress (\w+)/g)) assert.ok(buttons.has(button), `${button}: ${action}`);
    }
  });

  it('the way from the Python middleware leads to endpoints that exist', () => {
    const [, table = ''] = textOf('docs/from-the-python-middleware.md').split('| before | now |');
    const known = new Set(documentedEndpoints());
    let seen = 0;
    for (const [, now = ''] of (table.split('\n\n')[0] ?? '').matchAll(/^\|[^|]+\| (.*) \|$/gm)) {
      for (const [, endpoint = ''] of now.matchAll(/`((?:GET|POST) [^`?]+)/g)) {
        assert.ok(known.has(endpoint), endpoint);
        seen += 1;
      }
    }
    assert.ok(seen >= 5);
  });

  for (const page of [...PAGES, 'README.md']) {
    it(`${page}: every link leads somewhere`, () => {
      for (const [, target = '', anchor = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
        const file = path.join(checkout, target === '' ? page : path.join(path.dirname(page), decodeURIComponent(target)));
        assert.ok(existsSync(file), target);
        if (anchor === '') continue;
        const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
        assert.ok(headings.includes(anchor), `${target}#${anchor}`);
      }
    });

    it(`${page}: names no code that does not exist`, () => {
      for (const [code = ''] of textOf(page).matchAll(/\b(?:DB|SCHEMA|MAP|BATCH|CONFIG|INPUT|BUILTIN)_[A-Z_]+\b/g)) {
        if (!/^(BATCH_STUCK|BATCH_WEIGHT|DB_LOG)/.test(code)) assert.ok(code in ERROR_CODES, code);
      }
    });
  }

  it('troubleshooting and the pages for doing something call everything what the editor and the dashboard call it', () => {
    const outside = ['01 - Smart MO Sync', 'Import copy', '+', 'confirmed', 'Manufacturing / User'];
    const texts = [...loadPalette().keys()].map((type) => readFileSync(localeFile('en-US', `${type}.json`), 'utf8')).join('\n');
    const shown =
      texts +
      readdirSync(path.join(checkout, 'examples'))
        .map((file) => textOf(`examples/${file}`))
        .join('\n');
    for (const page of ['troubleshooting', 'restore', 'second-line', 'database', 'from-the-python-middleware']) {
      const prose = textOf(`docs/${page}.md`).replace(/```.*?```|`[^`\n]*`/gs, '');
      for (const [, name = ''] of prose.matchAll(/(?<![*\w])\*([^*\n]+)\*(?!\*)/g)) {
        assert.ok(outside.includes(name) || shown.includes(name), `${page}: ${name}`);
      }
    }
  });

  it('no alarm names a node by its type: the palette shows another name', () => {
    const actions = ACTIONS.join('\n');
    for (const [type, { definition }] of loadPalette()) {
      if (definition.category !== 'config') assert.ok(!actions.includes(type), type);
    }
    for (const [, name = ''] of actions.matchAll(/the node "([^"]+)"/g)) assert.ok(PALETTE.has(name), name);
  });

  it('the README leads to every page', () => {
    for (const page of PAGES) assert.ok(textOf('README.md').includes(`(${page})`), page);
  });
});
