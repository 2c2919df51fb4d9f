import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SmartMoError } from '../errors';

/** State of a simulator that survives kill -9: set `value`, await `save()`, and only then let the answer go out. */
export interface StateFile<T> {
  value: T;
  /**
   * Resolves when `value`, as it is now or newer, is on the disk. Calls that come in while a write is under way share
   * the next one.
   * @throws Error of the file system (disk full, no right to write)
   */
  save(): Promise<void>;
}

/**
 * Opens a JSON state file; a missing one starts with `initial` and appears with the first save.
 * A save writes a temporary file, syncs it and renames it, so that the file always holds one complete state.
 * @param path null keeps the state in memory only
 * @throws SmartMoError CONFIG_INVALID when the file is there and is not JSON
 */
export function openStateFile<T>(path: string | null, initial: T): StateFile<T> {
  if (path === null) return { value: initial, save: () => Promise.resolve() };

  mkdirSync(dirname(path), { recursive: true });
  let underWay: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const file: StateFile<T> = {
    value: load(path, initial),
    save() {
      if (next) return next;
      if (!underWay) return (underWay = write());
      // A write under way may have taken its picture before the caller's change, so only the one after it will do.
      next = underWay
        .catch(() => undefined)
        .then(() => {
          next = null;
          return (underWay = write());
        });
      return next;
    },
  };

  async function write(): Promise<void> {
    try {
      await replaceFile(path as string, JSON.stringify(file.value));
    } finally {
      underWay = null;
    }
  }

  return file;
}

function load<T>(path: string, initial: T): T {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return initial;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new SmartMoError('CONFIG_INVALID', `the state file ${path} is not JSON; delete it to let the simulator start afresh`, {
      value: path,
    });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  syncDirectory(dirname(path));
}

/** Without this a power cut may bring the old name back. Windows cannot open a directory and does not need it. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
