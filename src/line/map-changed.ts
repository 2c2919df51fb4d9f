import { mapHashOf } from '../queue/gate';
import type { Line } from './line';

/**
 * The queue was filled with another register map or other materials than the line has now. A hold that nobody sets or
 * releases: it is worked out from the tables at each run, so that it survives a restart and ends with its cause.
 */
export async function mapChanged({ database, line, mapping, mapProblem }: Line): Promise<boolean> {
  if (mapProblem) return false;
  const queuedWith = await mapHashOf(database, line);
  return queuedWith !== null && queuedWith !== '' && queuedWith !== mapping.hash;
}

export function mapChangedText(line: string): string {
  return `the register map or the materials of line ${line} changed while batches are queued: nothing is loaded or read; put them back, or finish, cancel or park these batches first`;
}
