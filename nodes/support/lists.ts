import type { Material } from '../../src/material';
import { type Fields, isEmpty, type SettingsReader, settingsReader } from '../../src/settings';
import { columnOf, labelOf } from './labels';

/** A field that holds a list of texts; empty entries are left out. @throws CONFIG_INVALID */
export function textList(read: SettingsReader, field: string, value: unknown): string[] {
  if (isEmpty(value)) return [];
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) throw read.invalid(field, value, 'a list of texts');
  return value.map((entry) => String(entry).trim()).filter((entry) => entry !== '');
}

/**
 * The materials of a line as the editor's list keeps them; an empty list stands for the bundled ones.
 * @param owner the mo-line, for the error
 * @throws CONFIG_MISSING, CONFIG_INVALID naming the row of the list
 */
export function materialList(value: unknown, bundled: readonly Material[], owner: string): Material[] {
  if (isEmpty(value) || (Array.isArray(value) && value.length === 0)) return [...bundled];
  const line = settingsReader({ materials: value }, owner, { labelOf: (field) => labelOf('mo-line', field) });
  if (!Array.isArray(value)) throw line.invalid('materials', value, 'a list');

  const materials = value.map((entry: unknown, index) => material(entry, index, owner, line));
  const twice = materials.find(({ tag }, index) => materials.findIndex((other) => other.tag === tag) !== index);
  if (twice) throw line.invalid('materials', twice.tag, 'a list in which every tag comes once');
  return materials;
}

function material(entry: unknown, index: number, owner: string, line: SettingsReader): Material {
  if (typeof entry !== 'object' || entry === null) throw line.invalid('materials', entry, 'a list of materials');
  const fields: Fields = { ...entry };
  const read = settingsReader(fields, `material ${isEmpty(fields.tag) ? index + 1 : String(fields.tag)} of ${owner}`, {
    labelOf: (field) => columnOf('mo-line', field),
  });
  const tag = read.text('tag', { pattern: /^[A-Za-z0-9_.-]{1,32}$/, allowed: '1 to 32 letters, digits, dots, dashes or underscores' });
  // Tags are keys of objects; these would be found in every object.
  if (tag in Object.prototype || tag === 'prototype') throw read.invalid('tag', tag, 'another name; this one is reserved by JavaScript');
  return {
    tag,
    code: read.text('code', { fallback: '' }),
    product: read.text('product'),
    manual: read.flag('manual', false),
    share: read.number('share', { fallback: 0, min: 0, max: 100 }),
    max: read.number('max', { fallback: 0, min: 0 }),
  };
}
