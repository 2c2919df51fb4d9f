import { namesInHistory } from '../queue/history';
import { queueRows } from '../queue/rows';
import type { QueueRow } from '../queue/batch';
import type { Line } from './line';

/** What became of MOs that the PLC shows and the rows of a run do not: queued since the rows were read, or ended on this line. */
export interface Known {
  arrived: Set<string>;
  inHistory: Set<string>;
}

/**
 * Another process may queue and load a whole set between the rows of a run and its look at the PLC. The queue is asked before the
 * history: what leaves it in between is in the history then, and no MO of this line falls between the two.
 */
export async function knownMeanwhile(line: Line, rows: readonly QueueRow[], names: readonly string[]): Promise<Known> {
  const before = new Set(rows.map((row) => row.mo_id));
  const strangers = names.filter((mo_id) => mo_id !== '' && !before.has(mo_id));
  if (strangers.length === 0) return { arrived: new Set(), inHistory: new Set() };
  const arrived = (await queueRows(line.database, line.line)).map((row) => row.mo_id).filter((mo_id) => !before.has(mo_id));
  return { arrived: new Set(arrived), inHistory: await namesInHistory(line.database, line.line, strangers) };
}
