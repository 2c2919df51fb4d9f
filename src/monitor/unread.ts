import { minutesBetween } from '../clock';
import type { Line } from '../line/line';
import type { Snapshot } from './snapshot';

/** A dead PLC, or a reader that nobody triggers, must not look like a calm one (plc.md, reading; invariant I14). null: read in time. */
export function unread(line: Line, { rows, tasks, now }: Pick<Snapshot, 'rows' | 'tasks' | 'now'>): { since: Date; text: string } | null {
  const [first] = rows;
  const last = tasks.find(({ task }) => task === 'read');
  // Without a PLC the slots come in messages, or nobody reads them at all.
  if (!first || (!line.plc && !last)) return null;
  const since = last?.ok_at ?? first.created_at;
  const minutes = minutesBetween(since, now.database);
  if (minutes < line.staleAfterMinutes) return null;
  const text = `batches are in the queue, but the PLC was not read for ${minutes} min; check that the node "read batches" ${line.plc ? 'is triggered' : 'gets its messages'}`;
  return { since, text };
}
