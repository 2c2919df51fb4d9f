import type { ConnectionOptions } from 'node:tls';
import { SmartMoError } from '../errors';
import { say } from '../sentence';

/** What a database node is set to. An empty text counts as not set. */
export interface PostgresSettings {
  /** postgres://user:password@host:port,host:port/database; wins over the five fields below. */
  url?: string | undefined;
  /** One host or a list, "db1,db2:5433"; the primary among them is found. Default "localhost". */
  host?: string | undefined;
  /** For hosts without a port of their own. Default 5432. */
  port?: number | undefined;
  /** Default "smart_mo". */
  database?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  /** Default "public". */
  schema?: string | undefined;
  /** Connections at most. Default 5. */
  poolSize?: number | undefined;
  /** TLS options of Node, {} for "verify with the system's CAs", false for none. */
  ssl?: ConnectionOptions | false | undefined;
  timeouts?: Partial<Timeouts> | undefined;
  /** "leave": the tables are not made; for looking at a database only. Default "make". */
  tables?: 'make' | 'leave' | undefined;
}

/** Milliseconds. The server's limits are shorter than `query`, so that the clearer error comes first. */
export interface Timeouts {
  connect: number;
  /** Answer to one statement, measured here: the only one that notices a black-holed link. */
  query: number;
  statement: number;
  lock: number;
  idleInTransaction: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connect: 5_000, query: 25_000, statement: 20_000, lock: 10_000, idleInTransaction: 30_000 };

export interface Server {
  host: string;
  port: number;
}

/** Where to connect and as whom. */
export interface Access {
  servers: readonly Server[];
  database: string;
  user: string;
  password: string;
  ssl: ConnectionOptions | false;
}

/**
 * @throws SmartMoError CONFIG_MISSING without a user, CONFIG_INVALID for an address that cannot be read; the text never
 * shows the URL, because it may hold the password.
 */
export function accessFrom(settings: PostgresSettings): Access {
  const address = settings.url ? parseUrl(settings.url) : { host: settings.host, database: settings.database };
  const user = settings.url ? address.user : settings.user;
  if (!user) throw new SmartMoError('CONFIG_MISSING', say`the database node has no user: fill in user and password, or the URL`);
  return {
    servers: parseHosts(address.host || 'localhost', settings.port || 5432),
    database: address.database || 'smart_mo',
    user,
    password: (settings.url ? address.password : settings.password) ?? '',
    ssl: settings.ssl || (address.tls ? {} : false),
  };
}

interface Address {
  host?: string | undefined;
  database?: string | undefined;
  user?: string;
  password?: string;
  tls?: boolean;
}

/** The URL class of Node knows no host list. The last @ ends the password, so that one with an @ in it works too. */
function parseUrl(url: string): Address {
  const parts = /^postgres(?:ql)?:\/\/(?:(?<login>.*)@)?(?<host>[^/?#@]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>.*))?$/s.exec(
    url.trim(),
  )?.groups;
  if (!parts) {
    throw new SmartMoError(
      'CONFIG_INVALID',
      say`the database URL cannot be read: it must look like postgres://user:password@host:5432/database`,
    );
  }
  const login = parts['login'] ?? '';
  const colon = login.includes(':') ? login.indexOf(':') : login.length;
  // The other values of sslmode allow an unencrypted link; one that asks for TLS is never answered without it.
  const tls = /^(require|verify-ca|verify-full)$/.test(new URLSearchParams(parts['query']).get('sslmode') ?? '');
  return {
    host: parts['host'],
    database: decode(parts['database'] ?? ''),
    user: decode(login.slice(0, colon)),
    password: decode(login.slice(colon + 1)),
    tls,
  };
}

/** A stray % in a password that nobody encoded stays what it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseHosts(list: string, defaultPort: number): Server[] {
  return list.split(',').map((entry) => {
    const text = entry.trim();
    const parts = /^\[(?<six>[^\]]+)\](?::(?<port6>\d+))?$|^(?<name>[^:]+)(?::(?<port>\d+))?$|^(?<bare>[0-9a-fA-F:.]+)$/.exec(text)?.groups;
    const host = parts?.['six'] ?? parts?.['name'] ?? parts?.['bare'];
    const port = Number(parts?.['port6'] ?? parts?.['port'] ?? defaultPort);
    if (!host || !Number.isInteger(port) || port < 1 || port > 65535) {
      throw new SmartMoError('CONFIG_INVALID', `"${text}" is no address of a PostgreSQL server: write host, host:port, or a list of them`, {
        value: text,
      });
    }
    return { host, port };
  });
}
