import { createBuiltin, type BuiltinSettings } from './builtin';
import type { Database } from './database';
import { createPostgres, type DatabaseDeps } from './postgres';
import type { PostgresSettings } from './settings';

export type DatabaseSettings = ({ mode: 'postgres' } & PostgresSettings) | ({ mode: 'builtin' } & BuiltinSettings);

/** A database with `stop()` whatever its mode: what a removed node calls. For a server of somebody else it is close(). */
export function openDatabase(settings: DatabaseSettings, deps: DatabaseDeps = {}): Database & { stop(): Promise<void> } {
  if (settings.mode === 'builtin') return createBuiltin(settings, deps);
  const database = createPostgres(settings, deps);
  return { ...database, stop: () => database.close() };
}
