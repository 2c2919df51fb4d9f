import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { onFirstUse } from '../../src/first-use';

type Texts = Partial<Record<'label' | 'tab' | 'column', Partial<Record<string, string>>>>;

const ofType = new Map<string, () => Texts>();

/** How a dialog calls a field: "Longest gap bridged" for maxGap of mo-plc. The runtime speaks English, so the English texts count. */
export function labelOf(type: string, field: string): string {
  const { label, tab } = textsOf(type);
  return label?.[field] ?? tab?.[field] ?? field;
}

/** How the list of materials calls a column. */
export function columnOf(type: string, field: string): string {
  return textsOf(type).column?.[field] ?? field;
}

function textsOf(type: string): Texts {
  const known = ofType.get(type) ?? onFirstUse(() => readTexts(type));
  ofType.set(type, known);
  return known();
}

function readTexts(type: string): Texts {
  const file = path.join(__dirname, '..', 'locales', 'en-US', `${type}.json`);
  if (!existsSync(file)) return {};
  const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Texts | undefined>;
  return texts[type] ?? {};
}
