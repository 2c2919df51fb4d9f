import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Flows } from './node-red';
import { checkout } from './tarball';

/** A shipped example as it is in the package: "01 - Smart MO Sync". */
export function example(name: string): Flows {
  return JSON.parse(readFileSync(path.join(checkout, 'examples', `${name}.json`), 'utf8')) as Flows;
}

/** Id of the only node of that name or type. */
export function nodeId(flows: Flows, of: { name?: string; type?: string }): string {
  const found = flows.filter((node) => Object.entries(of).every(([key, value]) => node[key] === value));
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`the flow has ${found.length} nodes with ${JSON.stringify(of)}`);
  return String(only['id']);
}

/** What the editor does to a group that is selected and disabled. */
export function disableGroup(flows: Flows, name: string): Flows {
  const group = nodeId(flows, { type: 'group', name });
  return flows.map((node) => (node['g'] === group ? { ...node, d: true } : node));
}

/** Timers that wait for their button. */
export function withoutTimers(flows: Flows): Flows {
  return flows.map((node) => (node['type'] === 'inject' ? { ...node, repeat: '', once: false } : node));
}

/** The nodes of a type with other values. */
export function change(flows: Flows, type: string, values: Record<string, unknown>): Flows {
  return flows.map((node) => (node['type'] === type ? { ...node, ...values } : node));
}

/** Two files imported one after the other: the editor keeps the configuration nodes of the first. */
export function together(first: Flows, second: Flows): Flows {
  const known = new Set(first.map((node) => node['id']));
  return [...first, ...second.filter((node) => !known.has(node['id']))];
}
