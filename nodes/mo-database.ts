import { systemClock } from '../src/clock';
import { openDatabase } from '../src/database/connect';
import { describe } from '../src/errors';
import { offer, readerOf } from './support/config-nodes';
import { tlsOptions } from './support/tls';
import type { Config, DatabaseNode, Red } from './support/types';
import { builtinDirectory } from './support/user-dir';
import { CLOSE_PATIENCE_MS, within } from './support/within';

/** The PostgreSQL that holds the queue: a server, or the builtin one. The tables are there as soon as it is deployed. */
export default function (RED: Red): void {
  function DatabaseConfig(this: DatabaseNode, config: Config): void {
    RED.nodes.createNode(this, config);
    const read = readerOf(config);
    const secrets = readerOf(config, this.credentials);
    this.lines = new Map();
    this.database = offer(this, () => {
      const shared = {
        database: read.text('database', { fallback: 'smart_mo' }),
        schema: read.text('schema', {
          fallback: 'public',
          pattern: /^[a-z_][a-z0-9_]{0,62}$/,
          allowed: 'lower-case letters, digits and underscores',
        }),
        poolSize: read.number('poolSize', { fallback: 5, min: 1, max: 100, whole: true }),
      };
      const builtin = read.choice('mode', ['postgres', 'builtin'], 'postgres') === 'builtin';
      const settings = builtin
        ? {
            mode: 'builtin' as const,
            ...shared,
            directory: builtinDirectory(RED, config, read.text('directory', { fallback: 'smart-mo-sync/postgres' })),
          }
        : {
            mode: 'postgres' as const,
            ...shared,
            url: secrets.secret('url'),
            host: read.text('host', { fallback: 'localhost' }),
            port: read.number('port', { fallback: 5432, min: 1, max: 65_535, whole: true }),
            user: secrets.text('user', { fallback: '' }),
            password: secrets.secret('password'),
            ssl: tlsOptions(RED, config) ?? (false as const),
          };
      const database = openDatabase(settings, { clock: systemClock });
      // Every use tries again, so that here the trouble is only told.
      database.ready().catch((error: unknown) => this.error(describe(error)));
      this.on('close', (removed: boolean, done: () => void) => {
        void within(CLOSE_PATIENCE_MS, removed ? database.stop() : database.close()).then(done);
      });
      return database;
    });
  }

  RED.nodes.registerType('mo-database', DatabaseConfig, {
    credentials: { url: { type: 'password' }, user: { type: 'text' }, password: { type: 'password' } },
  });
}
