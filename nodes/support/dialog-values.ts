import type { Node, NodeCredentials } from 'node-red';
import { SmartMoError } from '../../src/errors';
import type { Fields } from '../../src/settings';
import type { Config, ConfigNodes, Red } from './types';

/** How registerType describes the credentials of a type. */
export type Credentials = NodeCredentials<Record<string, unknown>>;

/** What a dialog holds, as the node would get it at a deploy. */
export interface DialogValues {
  config: Config;
  credentials: Fields;
  /** Environment variables named in fields that are no credentials, by field. */
  variables: Record<string, VariableValue>;
}

export interface VariableValue {
  name: string;
  /** null: it is not set, or not shown. */
  value: string | null;
  /** Its name or its value looks like a secret. */
  hidden: boolean;
}

/** What the editor shows in place of a secret that was deployed before. */
const UNTOUCHED = '__PWRD__';
const VARIABLE = /^\$(?:\{(\S+)\}|\((\S+)\))$/;

/**
 * The fields of a dialog in the shape of a deployed node: `${NAME}` filled in from the environment of Node-RED, an
 * untouched secret taken from the stored ones of that node.
 * @throws INPUT_INVALID when it is no dialog
 */
export function dialogValues(RED: Red, type: keyof ConfigNodes, credentials: Credentials, body: unknown): DialogValues {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !('id' in body) || typeof body.id !== 'string') {
    throw new SmartMoError('INPUT_INVALID', 'the request must be a JSON object with the id and the fields of the node');
  }
  const { id } = body;
  const fields: Fields = { ...body };
  const stored = storedSecrets(RED, type, id);
  const node: Node | null = RED.nodes.getNode(id);
  const filled = Object.entries(fields).map(([key, value]): [string, unknown] => {
    const untouched = value === UNTOUCHED && credentials[key]?.type === 'password';
    return [key, withVariables(RED, node, untouched ? stored[key] : value)];
  });
  const name = typeof fields['name'] === 'string' ? fields['name'] : '';
  return {
    config: { ...Object.fromEntries(filled.filter(([key]) => !(key in credentials))), id, type, name, z: '' },
    credentials: Object.fromEntries(filled.filter(([key]) => key in credentials)),
    variables: Object.fromEntries(
      filled.flatMap(([key, value]) => {
        const name = key in credentials ? undefined : nameOf(fields[key]);
        return name === undefined ? [] : [[key, variableOf(name, value === fields[key] ? null : String(value))]];
      }),
    ),
  };
}

/** A person may have put the variable of a password into another field: that must not show it. */
function variableOf(name: string, value: string | null): VariableValue {
  const hidden = value !== null && (/pass|secret|token|key|credential/i.test(name) || /:\/\/[^/]*@/.test(value));
  return { name, value: hidden ? null : value, hidden };
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' ? VARIABLE.exec(value)?.slice(1).find(Boolean) : undefined;
}

/** The id comes from outside: only a node of the same type gives its secrets away. */
function storedSecrets(RED: Red, type: string, id: string): Fields {
  const known: string[] = [];
  RED.nodes.eachNode((node) => {
    if (node.type === type) known.push(node.id);
  });
  return known.includes(id) ? { ...RED.nodes.getCredentials(id) } : {};
}

/** As Node-RED does when it makes a node; a variable that is not set leaves the text as it is. */
function withVariables(RED: Red, node: Node | null, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => withVariables(RED, node, entry));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withVariables(RED, node, entry)]));
  }
  const name = nameOf(value);
  if (name === undefined) return value;
  // The types ask for a node; the editor's Test comes before there is one, and then the process environment counts.
  const found: unknown = RED.util.evaluateNodeProperty(`\${${name}}`, 'env', node as Node, {});
  return found === '' ? value : found;
}
