import type { SecureContextOptions } from 'node:tls';
import { isEmpty } from '../../src/settings';
import { readerOf } from './config-nodes';
import type { Config, Red } from './types';

/** What a tls-config node says, as Node.js takes it. */
export type TlsOptions = Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase'> & {
  rejectUnauthorized?: boolean;
  servername?: string;
};

/** The node "tls-config" of Node-RED itself, as far as it is used here. */
interface TlsConfigNode {
  type: 'tls-config';
  /** False when a file could not be read or half of a pair is missing. */
  valid: boolean;
  addTLSOptions(options: TlsOptions): TlsOptions;
}

/**
 * Options of the tls-config that the field `tls` names; undefined when it names none.
 * @throws CONFIG_INVALID when the node is missing or cannot read its certificates
 */
export function tlsOptions(RED: Red, config: Config): TlsOptions | undefined {
  if (isEmpty(config.tls)) return undefined;
  const found: unknown = RED.nodes.getNode(String(config.tls));
  if (isTlsConfig(found) && found.valid) return found.addTLSOptions({});
  throw readerOf(config).invalid('tls', config.tls, 'a TLS configuration that exists and whose certificates can be read');
}

function isTlsConfig(node: unknown): node is TlsConfigNode {
  return typeof node === 'object' && node !== null && 'type' in node && node.type === 'tls-config' && 'addTLSOptions' in node;
}
