import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPalette, localeFile, locales } from '../support/palette';
import { checkout } from '../support/tarball';

type Catalogue = { [key: string]: string | Catalogue };

const english = 'en-US';

function catalogue(locale: string, type: string): Map<string, string> {
  return flat(JSON.parse(readFileSync(localeFile(locale, `${type}.json`), 'utf8')) as Catalogue);
}

function flat(texts: Catalogue, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, text]): [string, string][] =>
      typeof text === 'string' ? [[prefix + key, text]] : [...flat(text, `${prefix}${key}.`)],
    ),
  );
}

const placeholders = (text: string): string[] => [...text.matchAll(/__\w+__/g)].map(([name]) => name).sort();

describe('texts of the dialogs', () => {
  for (const [type, { html }] of loadPalette()) {
    it(`${type}: every key a dialog asks for is there`, () => {
      const known = catalogue(english, type);
      for (const [, list = ''] of html.matchAll(/data-i18n="([^"]+)"/g)) {
        for (const key of list.split(';').map((part) => part.replace(/^\[[^\]]+\]/, ''))) {
          // Keys of the editor itself and of shared catalogues carry a namespace.
          if (!key.includes(':')) assert.ok(known.has(key), key);
        }
      }
    });

    for (const locale of locales().filter((name) => name !== english)) {
      it(`${type}: ${locale} says the same things as ${english}`, () => {
        const wanted = catalogue(english, type);
        const found = catalogue(locale, type);
        assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
        for (const [key, text] of wanted) assert.deepEqual(placeholders(found.get(key)!), placeholders(text), key);
      });
    }

    it(`${type}: the icon exists`, () => {
      const { icon } = loadPalette().get(type)!.definition;
      const category = loadPalette().get(type)!.definition.category;
      if (category === 'config') return;
      assert.ok(icon !== undefined && existsSync(path.join(checkout, 'icons', icon)), icon);
    });
  }
});

describe('icons', () => {
  for (const file of readdirSync(path.join(checkout, 'icons'))) {
    it(`${file} is white on transparent, 40 by 60`, () => {
      const svg = readFileSync(path.join(checkout, 'icons', file), 'utf8');
      assert.match(file, /^mo-[a-z-]+\.svg$/);
      assert.match(svg, /width="40" height="60" viewBox="0 0 40 60"/);
      const colours = [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour);
      assert.deepEqual([...new Set(colours)].sort(), ['#fff', 'none']);
    });
  }
});
