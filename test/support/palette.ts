import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { checkout } from './tarball';

/** What a dialog hands to RED.nodes.registerType, as far as tests look at it. */
export interface Definition {
  category: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  defaults: Record<
    string,
    { value: unknown; required?: boolean; type?: string; validate?: (this: object, value: unknown, options?: object) => unknown }
  >;
  credentials?: Record<string, { type: string }>;
  outputLabels?: unknown;
}

export interface PaletteEntry {
  definition: Definition;
  html: string;
}

const nodesFolder = path.join(checkout, 'nodes');

/** The definition of every node as its dialog registers it, by type. The dialogs share one realm, as in a browser. */
export function loadPalette(): Map<string, PaletteEntry> {
  const palette = new Map<string, PaletteEntry>();
  const realm = vm.createContext({ console });
  for (const file of readdirSync(nodesFolder).filter((name) => name.endsWith('.html'))) {
    const html = readFileSync(path.join(nodesFolder, file), 'utf8');
    const registerType = (type: string, definition: Definition): void => void palette.set(type, { definition, html });
    // No dialog is open.
    const $ = (): object => ({ val: () => undefined });
    const RED = { nodes: { registerType, node: () => null, eachConfig: () => undefined }, _: (key: string) => key, settings: {} };
    for (const [, script = ''] of html.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g)) {
      Object.assign(realm, { RED, $ });
      vm.runInContext(script, realm, { filename: file });
    }
  }
  return palette;
}

/** The languages the dialogs speak. */
export function locales(): string[] {
  const folder = path.join(nodesFolder, 'locales');
  return readdirSync(folder).filter((name) => readdirSync(path.join(folder, name)).length > 0);
}

/** Path of a file of one locale. */
export function localeFile(locale: string, file: string): string {
  return path.join(nodesFolder, 'locales', locale, file);
}
