import type { Clock } from '../clock';
import { SmartMoError } from '../errors';
import { isObject } from './envelope';
import type { Http } from './http';
import { createJson2 } from './json2';
import { createJsonRpc } from './jsonrpc';
import { createSession, type SessionTransport } from './session';
import type { OdooSettings } from './settings';
import type { Protocol, Transport } from './transport';
import { askVersion, type ServerVersion } from './version';

/** Versions with JSON-RPC and the fields used here. */
const OLDEST_MAJOR = 14;
/** First version with JSON-2. */
const JSON2_MAJOR = 19;

const NOT_FOUND = 404;
const TOO_MANY_REQUESTS = 429;

export interface Chosen {
  version: ServerVersion;
  transport: Transport | SessionTransport;
}

/**
 * Makes the chooser of protocols of one Odoo. Logins are remembered over all choices. `auto` takes scada where the plant
 * module answers, else JSON-2 from Odoo 19 on when the secret is accepted as an API key, else JSON-RPC (odoo.md part A).
 * @returns asks the server what it is; throws CONFIG_INVALID for an Odoo too old for the protocol, and what a request throws
 */
export function createChooser(http: Http, settings: OdooSettings, clock: Clock): () => Promise<Chosen> {
  const timeout = settings.timeout * 1000;
  const json2 = createJson2(http, settings, clock);
  const transports: Record<Protocol, Transport | SessionTransport> = {
    jsonrpc: createJsonRpc(http, settings, clock),
    json2,
    scada: createSession(http, settings, clock),
  };

  let moduleSeen = false;

  async function best({ major }: ServerVersion): Promise<Protocol> {
    if (await hasPlantModule()) return 'scada';
    return major >= JSON2_MAJOR && (await takesKey()) ? 'json2' : 'jsonrpc';
  }

  async function hasPlantModule(): Promise<boolean> {
    try {
      const { body } = await http.send({ path: '/api/scada/health', timeout, change: false });
      const told = isObject(body) && isObject(body['result']) ? body['result'] : body;
      return (moduleSeen = isObject(told) && typeof told['status'] === 'string');
    } catch (error) {
      if (!(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
      // An Odoo that is away or busy says nothing; a page, a redirect or a 4xx is what stock Odoo says to an unknown address,
      // or a proxy for a while: only a 404 takes the module away from an Odoo that had it.
      const status = Number(error.value);
      if (error.code === 'ODOO_UNREACHABLE' && !(status < 500 && status !== TOO_MANY_REQUESTS)) throw error;
      if (status === NOT_FOUND) moduleSeen = false;
      return moduleSeen;
    }
  }

  async function takesKey(): Promise<boolean> {
    try {
      await json2.uid();
      return true;
    } catch (error) {
      // An unknown database too: JSON-RPC says so in words.
      if (error instanceof SmartMoError && (error.code === 'ODOO_AUTH' || error.value === settings.database)) return false;
      throw error;
    }
  }

  return async () => {
    const version = await askVersion(http, timeout);
    const oldest = settings.protocol === 'json2' ? JSON2_MAJOR : OLDEST_MAJOR;
    if (version.major < oldest) {
      const what = settings.protocol === 'auto' ? '' : ` for protocol "${settings.protocol}"`;
      const sentence = `Odoo ${version.text} is too old${what}; version ${oldest} is the oldest that works`;
      throw new SmartMoError('CONFIG_INVALID', sentence, { value: version.text });
    }
    return { version, transport: transports[settings.protocol === 'auto' ? await best(version) : settings.protocol] };
  };
}
