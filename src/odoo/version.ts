import { SmartMoError } from '../errors';
import { isObject } from './envelope';
import type { Http } from './http';

export interface ServerVersion {
  /** "17.0" */
  text: string;
  major: number;
}

/**
 * Where Odoo tells its version without a login: JSON-RPC until Odoo 21, the web client's route where a proxy hides the
 * first, a plain page from Odoo 19 on (odoo.md B2).
 */
const WAYS = [
  { path: '/jsonrpc', body: { jsonrpc: '2.0', method: 'call', params: { service: 'common', method: 'version', args: [] }, id: 0 } },
  { path: '/web/webclient/version_info', body: { jsonrpc: '2.0', method: 'call', params: {}, id: 0 } },
  { path: '/web/version' },
];

/**
 * Asks the server for its version.
 * @param timeout milliseconds of one request
 * @throws what {@link Http.send} throws, ODOO_ANSWER when it tells none
 */
export async function askVersion(http: Http, timeout: number): Promise<ServerVersion> {
  let missing: unknown;
  for (const way of WAYS) {
    try {
      return readVersion((await http.send({ ...way, timeout, change: false })).body);
    } catch (error) {
      if (!(error instanceof SmartMoError && error.class === 'version')) throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** `version_info[0]` is a number, or a text such as "saas~17" on Odoo Online. */
function readVersion(body: unknown): ServerVersion {
  const told = isObject(body) && isObject(body['result']) ? body['result'] : body;
  const { server_version, version = server_version, server_version_info, version_info = server_version_info } = isObject(told) ? told : {};
  const major = Array.isArray(version_info) ? Number(/\d+/.exec(String(version_info[0]))?.[0]) : NaN;
  if (typeof version !== 'string' || !Number.isInteger(major)) {
    throw new SmartMoError('ODOO_ANSWER', 'the server does not tell a version of Odoo; check the url');
  }
  return { text: version.slice(0, 30), major };
}
