import { readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { installedModules } from '../../test/support/tarball';
import type { Row } from '../row';

interface LockedPackage {
  resolved?: string;
  hasInstallScript?: boolean;
}

/** node-red-contrib-modbus, which does not install from the registry alone. */
const OTHER = { name: 'node-red-contrib-modbus, as measured before', megabytes: 20.9, packages: 38 };

export const install: Row = {
  name: 'install',
  what: 'what an installation without optional packages brings',
  package: true,
  once: true,
  async run({ progress }) {
    progress('the package is built and installed');
    const modules = await installedModules();
    const lock = JSON.parse(readFileSync(path.join(modules, '.package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };
    const packages = Object.values(lock.packages);
    const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript === true);
    // Our own tarball is a file here; everything else has to be a tarball of the one registry that npm is set to.
    const others = packages.filter(({ resolved }) => resolved !== undefined && !resolved.startsWith('file:'));
    const registries = new Set(
      others.map(({ resolved = '' }) => (/^https?:.*\.tgz$/.test(resolved) ? new URL(resolved).origin : resolved)),
    );
    const whole = await sizeOf(modules);
    const own = await sizeOf(path.join(modules, '@smart-mo'));
    return [
      {
        what: 'size of an installation',
        unit: 'MB',
        values: [whole / 1e6],
        goal: 12,
        limit: 'most of it are the packages that it depends on: the row after it says how much',
        yardstick: { name: OTHER.name, value: OTHER.megabytes },
      },
      { what: 'size of the packages that it depends on', unit: 'MB', values: [(whole - own) / 1e6], goal: null },
      {
        what: 'packages of an installation',
        unit: '',
        values: [packages.length],
        goal: null,
        yardstick: { name: OTHER.name, value: OTHER.packages },
      },
      { what: 'install scripts that have to run', unit: '', values: [scripts.length], goal: 0 },
      {
        what: 'places apart from the registry that packages come from',
        unit: '',
        values: [Math.max(0, registries.size - 1)],
        goal: 0,
      },
    ];
  },
};

/** Bytes of the files in a folder; links are not followed: the tests put some there. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(file);
    else if (entry.isFile()) bytes += (await lstat(file)).size;
  }
  return bytes;
}
