import { systemClock } from '../src/clock';
import type { DatabaseSettings } from '../src/database/connect';
import { describe } from '../src/errors';
import type { Fields } from '../src/settings';
import { offer, readerOf } from './support/config-nodes';
import { offerTest } from './support/editor-routes';
import { library } from './support/library';
import { tlsOptions } from './support/tls';
import type { Config, DatabaseNode, Red } from './support/types';
import { builtinDirectory } from './support/user-dir';
import { CLOSE_PATIENCE_MS, within } from './support/within';

const CREDENTIALS = { url: { type: 'password' }, user: { type: 'text' }, password: { type: 'password' } } as const;

/** The PostgreSQL that holds the queue: a server, or the builtin one. The tables are there as soon as it is deployed. */
export default function (RED: Red): void {
  function DatabaseConfig(this: DatabaseNode, config: Config): void {
    RED.nodes.createNode(this, config);
    this.tables = () => [config.id];
    this.database = offer(this, () => {
      const settings = settingsOf(RED, config, this.credentials);
      const database = library().openDatabase(settings, { clock: systemClock });
      const address = addressOf(settings);
      const identity = library().tablesIdentity(database);
      this.tables = () => [address, identity() ?? address];
      // Every use tries again, so that here the trouble is only told.
      database.ready().catch((error: unknown) => this.error(describe(error)));
      this.on('close', (removed: boolean, done: () => void) => {
        void within(CLOSE_PATIENCE_MS, removed ? database.stop() : database.close()).then(done);
      });
      return database;
    });
  }

  RED.nodes.registerType('mo-database', DatabaseConfig, { credentials: CREDENTIALS });
  offerTest(RED, 'mo-database', {
    credentials: CREDENTIALS,
    test: ({ config, credentials }) => library().probeDatabase(settingsOf(RED, config, credentials)),
  });
}

function addressOf(settings: DatabaseSettings): string {
  if (settings.mode === 'builtin') return `${settings.directory} ${settings.schema}`;
  const { servers, database } = library().accessFrom(settings);
  const hosts = servers.map(({ host, port }) => `${host.toLowerCase().replace(/^localhost$/, '127.0.0.1')}:${port}`);
  return `${hosts.join(',')}/${database} ${settings.schema}`;
}

/** @throws CONFIG_MISSING, CONFIG_INVALID naming field, value and node */
function settingsOf(RED: Red, config: Config, credentials: Fields): DatabaseSettings {
  const read = readerOf(config);
  const secrets = readerOf(config, credentials);
  const shared = {
    database: read.text('database', { fallback: 'smart_mo' }),
    schema: read.text('schema', {
      fallback: 'public',
      pattern: /^[a-z_][a-z0-9_]{0,62}$/,
      allowed: 'lower-case letters, digits and underscores',
    }),
    poolSize: read.number('poolSize', { fallback: 5, min: 1, max: 100, whole: true }),
  };
  if (read.choice('mode', ['postgres', 'builtin'], 'postgres') === 'builtin') {
    return {
      mode: 'builtin',
      ...shared,
      directory: builtinDirectory(RED, config, read.text('directory', { fallback: 'smart-mo-sync/postgres' })),
    };
  }
  const user = secrets.text('user', { fallback: '' });
  return {
    mode: 'postgres',
    ...shared,
    // With neither a URL nor a user nobody filled the node in, or the variable that holds the URL is not set.
    url: secrets.secret('url', { required: user === '' }),
    host: read.text('host', { fallback: 'localhost' }),
    port: read.number('port', { fallback: 5432, min: 1, max: 65_535, whole: true }),
    user,
    password: secrets.secret('password'),
    ssl: tlsOptions(RED, config) ?? false,
  };
}
