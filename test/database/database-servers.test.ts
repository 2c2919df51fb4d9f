import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtinBinaries, serverAccount } from '../../src/database/builtin-binaries';
import { startBuiltinServer, type BuiltinServer } from '../../src/database/builtin-server';
import type { Database } from '../../src/database/database';
import { createPostgres } from '../../src/database/postgres';
import type { PostgresSettings } from '../../src/database/settings';
import { SmartMoError } from '../../src/errors';
import { skip } from '../support/skip';

const FAST = { fsync: 'off' };

describe('database: servers of their own', function () {
  this.timeout(60_000);
  let root: string;
  let servers: BuiltinServer[];
  let databases: Database[];

  before(async function () {
    await builtinBinaries(await serverAccount()).catch((error: unknown) => skip(this, String(error)));
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'smart-mo-servers-'));
    servers = [];
    databases = [];
  });

  afterEach(async () => {
    for (const database of databases) await database.close();
    for (const server of servers) await server.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function start(name: string, parameters: Record<string, string> = {}): Promise<BuiltinServer> {
    const server = await startBuiltinServer(join(root, name), { parameters: { ...FAST, ...parameters } });
    servers.push(server);
    return server;
  }

  function connect(settings: PostgresSettings): Database {
    const database = createPostgres({ database: 'postgres', ...settings });
    databases.push(database);
    return database;
  }

  it('finds the primary behind a standby, and says so when there is only the standby [fault: db-standby]', async () => {
    const standby = await start('standby');
    await standby.stop();
    await writeFile(join(root, 'standby', 'data', 'standby.signal'), '');
    const again = await start('standby');
    const primary = await start('primary');
    // Two servers with one login, as in a cluster.
    const login = connect(primary);
    await login.query(`ALTER ROLE smart_mo PASSWORD '${again.password}'`);
    const { user, password } = again;
    const both = connect({ host: `127.0.0.1:${again.port},127.0.0.1:${primary.port}`, user, password });
    await both.query(`INSERT INTO {schema}.mo_line (line) VALUES ('a')`);
    assert.deepEqual(await both.query('SELECT inet_server_port() AS port'), [{ port: primary.port }]);
    const alone = connect({ host: '127.0.0.1', port: again.port, user, password });
    await assert.rejects(
      alone.ready(),
      (error) => error instanceof SmartMoError && error.class === 'transient' && /is a primary/.test(error.message),
    );
  });

  it('checks the certificate of the server unless TLS is off', async function () {
    const certificate = join(root, 'server.crt');
    const key = join(root, 'server.key');
    const account = await serverAccount();
    try {
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject], {
        stdio: 'ignore',
      });
    } catch {
      skip(this, 'no openssl to make a certificate with');
    }
    const ca = readFileSync(certificate, 'utf8');
    const plain = await start('tls');
    await plain.stop();
    for (const [name, file] of Object.entries({ 'server.crt': certificate, 'server.key': key })) {
      const copy = join(root, 'tls', 'data', name);
      await writeFile(copy, readFileSync(file), { mode: 0o600 });
      if (account) chownSync(copy, account.uid, account.gid);
    }
    const server = await start('tls', { ssl: 'on' });
    const over = (host: string, ssl: PostgresSettings['ssl']) => connect({ ...server, host, ssl });
    const tls = async (database: Database) =>
      (await database.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.ssl;
    assert.equal(await tls(over('localhost', { ca })), true);
    assert.equal(await tls(over('localhost', false)), false);
    const refused = (error: unknown): boolean => error instanceof SmartMoError && /no TLS connection .* TLS settings/.test(error.message);
    await assert.rejects(over('localhost', {}).ready(), refused);
    await assert.rejects(over('127.0.0.1', { ca }).ready(), refused);
    const url = `postgres://${server.user}:${server.password}@localhost:${server.port}/postgres?sslmode=require`;
    await assert.rejects(connect({ url }).ready(), refused);
    const withoutTls = await start('no tls');
    await assert.rejects(connect({ ...withoutTls, ssl: { ca } }).ready(), refused);
  });

  it('says that the password is missing', async () => {
    const { password: _, ...server } = await start('secret');
    await assert.rejects(
      connect(server).ready(),
      (error) => error instanceof SmartMoError && error.code === 'DB_RIGHTS' && /has none/.test(error.message),
    );
  });
});
