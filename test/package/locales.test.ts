import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES } from '../../src/errors';
import { ALARM_ACTIONS } from '../../src/monitor/alarm-codes';
import { loadPalette, localeFile, locales } from '../support/palette';
import { saidSentences } from '../support/sentences';
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

/** What stays the same in every language: places that are filled in, and names of variables. */
const placeholders = (text: string): string[] =>
  [...text.matchAll(/__\w+__|\{\d+\}|\{\{[^}]+\}\}|\$\{\w+\}/g)].map(([name]) => name).sort();

interface Help {
  headings: string[];
  /** Fields of the dialog, as the help names them, and what it says about each. */
  fields: Map<string, string>;
  /** Names of properties of messages. */
  properties: string[];
  ports: string[];
  /** Everything that is set as code, sorted. */
  codes: string[];
  text: string;
}

function help(locale: string, type: string): Help {
  const text = readFileSync(localeFile(locale, `${type}.html`), 'utf8');
  assert.ok(text.startsWith(`<script type="text/html" data-help-name="${type}">`), `${locale} ${type}: its first line`);
  const all = (pattern: RegExp, part = text): string[] => [...part.matchAll(pattern)].map(([, found = '']) => found.trim());
  const [fields = '', ...others] = text.split(/(?=<h3>)/).slice(1);
  const name = /<dt[^>]*>([^<]+)/g;
  return {
    headings: all(/<h3>(.*?)<\/h3>/g),
    fields: new Map(
      [...fields.matchAll(/<dt[^>]*>([^<]+).*<\/dt>\s*<dd>(.*)<\/dd>/g)].map(([, field = '', about = '']) => [field.trim(), about]),
    ),
    properties: all(name, others.join('')),
    ports: all(/^ {4}<li>([^<]+)$/gm),
    codes: all(/<code>(.*?)<\/code>/g).sort(),
    text,
  };
}

interface Field {
  key: string;
  value: unknown;
}

/** Properties and credentials with a field in the dialog. */
function fieldsOf(type: string): Field[] {
  const { defaults, credentials = {} } = loadPalette().get(type)!.definition;
  return [
    ...Object.entries(defaults).map(([key, { value }]) => ({ key, value })),
    ...Object.keys(credentials).map((key) => ({ key, value: '' })),
  ].filter(
    // A name needs no explanation, and the type of a TypedInput has no field of its own.
    ({ key }) => key !== 'name' && !key.endsWith('Type'),
  );
}

/** What the dialog calls a field: the words beside it, or those on its tab. */
function labelOf(locale: string, type: string, key: string): string {
  const texts = catalogue(locale, type);
  return texts.get(`${type}.label.${key}`) ?? texts.get(`${type}.tab.${key}`) ?? `no label for ${key}`;
}

/** The dialog that holds what all of them share. */
const SHARED = readFileSync(path.join(checkout, 'nodes', 'mo-database.html'), 'utf8');

const literally = (text: string): string => text.replace(/[^\w\s]/g, '\\$&');

const SWITCH: Record<string, Record<string, string>> = { 'en-US': { true: 'on', false: 'off' }, id: { true: 'aktif', false: 'nonaktif' } };

/** What the help of a field has to say about its default: "Default 5", or which choice it is; nothing where it is empty. */
function wordsForDefault(locale: string, type: string, { key, value }: Field): RegExp {
  const text = typeof value === 'boolean' ? SWITCH[locale]?.[String(value)] : Array.isArray(value) ? '' : String(value);
  if (!text) return /./;
  const choice = catalogue(locale, type).get(`${type}.choice.${key}.${text}`);
  const pattern =
    choice === undefined ? `Default[^.]* (<code>)?${literally(text)}` : `${literally(choice)}</i>.*default|Default <i>${literally(choice)}`;
  return new RegExp(pattern);
}

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

    it(`${type}: has no text that nobody sees`, () => {
      for (const key of catalogue(english, type).keys()) {
        // As it stands; put together, as 'mo-line.tab.' + name; or by a rule that the dialogs share, as type + '.error.number'.
        const group = key.slice(0, key.lastIndexOf('.') + 1);
        const seen = [key, `'${group}' +`].some((text) => html.includes(text)) || SHARED.includes(`'${key.slice(type.length)}'`);
        assert.ok(seen || SHARED.includes(`'${group.slice(type.length)}' +`), key);
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

describe('sentences of the runtime that the editor shows', () => {
  // What is but values between signs is the same in every language.
  const said = [...saidSentences()].filter((template) => /[a-z]/i.test(template)).sort();

  it('are found in the sources', () => {
    assert.ok(said.includes('takes {0} of the slot and overlaps {1} ({2}); move one of them'), said.join('\n'));
  });

  for (const locale of locales().filter((name) => name !== english)) {
    it(`${locale}: has each of them, with the same values, and no other`, () => {
      const known = catalogue(locale, 'sentences');
      assert.deepEqual([...known.keys()].sort(), said);
      for (const [sentence, text] of known) assert.deepEqual(placeholders(text), placeholders(sentence), sentence);
    });
  }
});

describe('help', () => {
  const types = [...loadPalette().keys()];
  for (const locale of locales()) {
    for (const type of types) {
      it(`${locale} ${type}: explains every field of the dialog, with its default`, () => {
        const { fields } = help(locale, type);
        const shown = fieldsOf(type);
        assert.deepEqual([...fields.keys()].sort(), shown.map(({ key }) => labelOf(locale, type, key)).sort());
        for (const field of shown) {
          assert.match(fields.get(labelOf(locale, type, field.key)) ?? '', wordsForDefault(locale, type, field), field.key);
        }
      });

      it(`${locale} ${type}: names the ports as the dialog does`, () => {
        const texts = [...catalogue(locale, type)].filter(([key]) => key.startsWith(`${type}.port.`));
        assert.deepEqual(
          help(locale, type).ports,
          texts.map(([, text]) => text),
        );
      });

      if (locale === english) {
        it(`${type}: its codes are codes of the product`, () => {
          const [, list = ''] = help(locale, type).text.split('<h3>Codes</h3>');
          for (const [, code = ''] of list.matchAll(/<li><code>(.*?)<\/code>/g)) {
            assert.ok(code in ERROR_CODES || code in ALARM_ACTIONS, code);
          }
        });
        continue;
      }

      it(`${locale} ${type}: has the parts, properties and codes of ${english}`, () => {
        const { headings, fields, properties, codes } = help(locale, type);
        const wanted = help(english, type);
        assert.equal(headings.length, wanted.headings.length, headings.join());
        assert.equal(fields.size, wanted.fields.size);
        assert.deepEqual(properties, wanted.properties);
        assert.deepEqual(codes, wanted.codes);
      });
    }

    it(`${locale}: has one word for each heading`, () => {
      const words = new Map<string, Set<string>>();
      for (const type of types) {
        const { headings } = help(locale, type);
        for (const [at, heading] of help(english, type).headings.entries()) {
          words.set(heading, (words.get(heading) ?? new Set()).add(headings[at] ?? ''));
        }
      }
      for (const [heading, found] of words) assert.equal(found.size, 1, `${heading}: ${[...found].join()}`);
    });
  }

  it('id: speaks to nobody as "Anda"', () => {
    for (const type of types) {
      const texts = [help('id', type).text, ...catalogue('id', type).values()];
      assert.doesNotMatch(texts.join('\n'), /\banda\b/i, type);
    }
    assert.doesNotMatch([...catalogue('id', 'sentences').values()].join('\n'), /\banda\b/i);
  });
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
