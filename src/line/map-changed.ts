import { mapHashOf } from '../queue/gate';
import type { Line } from './line';

/** The queue was filled with another register map or other materials than the line has now (plc.md, register map). */
export async function mapChanged({ database, line, mapping }: Line): Promise<boolean> {
  const queuedWith = await mapHashOf(database, line);
  return queuedWith !== null && queuedWith !== '' && queuedWith !== mapping.hash;
}

export function mapChangedText(line: string): string {
  return `the register map or the materials of line ${line} changed while batches are queued; put them back, or finish, cancel or park these batches first`;
}
