import path from 'node:path';
import { SmartMoError } from '../../src/errors';
import { ownerOf } from './config-nodes';
import { labelOf } from './labels';
import type { Config, Red } from './types';

const OURS = 'smart-mo-sync';

/** Node-RED's own folder; what this package keeps on disk lies below it. */
function userDir(RED: Red): string {
  return RED.settings.userDir ?? process.cwd();
}

/** Where a simulator keeps its state. */
export function stateFile(RED: Red, nodeId: string): string {
  return path.join(userDir(RED), OURS, `${nodeId}.json`);
}

/**
 * Absolute path of the folder of the builtin database.
 * @throws CONFIG_INVALID when it would lie outside of Node-RED's own folder
 */
export function builtinDirectory(RED: Red, config: Config, directory: string): string {
  const outside = path.isAbsolute(directory) || path.win32.isAbsolute(directory) || directory.split(/[\\/]/).includes('..');
  if (!outside) return path.resolve(userDir(RED), directory);
  throw new SmartMoError(
    'CONFIG_INVALID',
    `${labelOf(config.type, 'directory')} of ${ownerOf(config)} is "${directory}"; it must be a path below Node-RED's user directory, such as ${OURS}/postgres: open the node and change it`,
    { value: directory },
  );
}
