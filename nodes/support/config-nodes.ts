import type { Node } from 'node-red';
import { describe, SmartMoError } from '../../src/errors';
import { type Fields, isEmpty, type SettingsReader, settingsReader } from '../../src/settings';
import { labelOf } from './labels';
import type { Config, ConfigNodes, Red } from './types';

/** A node as a person finds it in the editor: `mo-plc "Mixer"`, or by its id when it has no name. */
export function ownerOf(config: { type: string; id: string; name?: string }): string {
  return config.name ? `${config.type} "${config.name}"` : `${config.type} ${config.id}`;
}

/** Reader of the node's own fields; `fields` instead of the config for its credentials, or for the values of its TypedInputs. */
export function readerOf(config: Config, fields: Fields = config): SettingsReader {
  return settingsReader(fields, ownerOf(config), { variables: variablesOf(config), labelOf: (field) => labelOf(config.type, field) });
}

/** The variable behind every TypedInput of type env: the field holds its name. */
function variablesOf(config: Config): Record<string, string> {
  const inputs = Object.keys(config).filter((key) => config[key] === 'env' && key.endsWith('Type'));
  return Object.fromEntries(inputs.map((key) => key.slice(0, -'Type'.length)).map((field) => [field, String(config[field])]));
}

/**
 * Makes the thing a configuration node stands for, once. A mistake in the fields is logged now and thrown at every use;
 * Node-RED itself goes on.
 */
export function offer<Thing>(node: Node, make: () => Thing): () => Thing {
  try {
    const thing = make();
    return () => thing;
  } catch (error) {
    node.error(describe(error));
    return () => {
      throw error;
    };
  }
}

/**
 * The configuration node that a field names, or null when the field is empty.
 * @throws CONFIG_MISSING when the node does not exist or is disabled
 */
export function configNode<Type extends keyof ConfigNodes>(RED: Red, type: Type, config: Config, field: string): ConfigNodes[Type] | null {
  const id = config[field];
  if (isEmpty(id)) return null;
  const found: unknown = RED.nodes.getNode(String(id));
  if (isOfType(found, type)) return found;
  throw new SmartMoError(
    'CONFIG_MISSING',
    `${labelOf(config.type, field)} of ${ownerOf(config)} names a ${type} that does not exist or is disabled; open the node and choose one`,
  );
}

/** @throws CONFIG_MISSING also when the field is empty */
export function requiredConfigNode<Type extends keyof ConfigNodes>(RED: Red, type: Type, config: Config, field: string): ConfigNodes[Type] {
  const found = configNode(RED, type, config, field);
  if (found) return found;
  throw new SmartMoError('CONFIG_MISSING', `${labelOf(config.type, field)} of ${ownerOf(config)} is empty; open the node and choose one`);
}

function isOfType<Type extends keyof ConfigNodes>(node: unknown, type: Type): node is ConfigNodes[Type] {
  return typeof node === 'object' && node !== null && 'type' in node && node.type === type;
}
