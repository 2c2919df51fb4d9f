import type { Node } from 'node-red';
import { isEmpty } from '../../src/settings';
import type { Config, Message, Red } from './types';

/** What `${NAME}` becomes in a field of type env: Node-RED has put the value there, which is not a name any more. */
const VALUE = /^(true|false|yes|no|on|off|[0-9]+)$/i;

/** What a TypedInput (field `x` with its type in `xType`) means for this message; empty where nothing is set. */
export function typedValue(RED: Red, node: Node, config: Config, field: string, message: Message): unknown {
  const entered = config[field];
  const type = config[`${field}Type`];
  if (isEmpty(entered) || (type !== 'env' && type !== 'msg')) return entered;
  const text = String(entered);
  const value: unknown = RED.util.evaluateNodeProperty(text, type, node, message);
  return value === '' && type === 'env' && VALUE.test(text) ? text : value;
}
