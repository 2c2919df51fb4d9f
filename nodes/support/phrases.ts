import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { onFirstUse } from '../../src/first-use';
import { ENGLISH, type Phrases } from '../../src/sentence';

const ofLanguage = new Map<string, () => Phrases>();

/**
 * The sentences of the language that an editor asks for in Accept-Language, from its locale; none where it has none, which is
 * English.
 */
export function phrasesOf(acceptLanguage: string | undefined): Phrases {
  const [language = ''] = /^[a-z]{2,3}(?![a-z])/.exec(acceptLanguage?.toLowerCase() ?? '') ?? [];
  const known = ofLanguage.get(language) ?? onFirstUse(() => readPhrases(language));
  ofLanguage.set(language, known);
  return known();
}

function readPhrases(language: string): Phrases {
  const file = path.join(__dirname, '..', 'locales', language, 'sentences.json');
  if (language === '' || !existsSync(file)) return ENGLISH;
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>));
}
