import path from 'node:path';
import type { QueueResult } from '../../src/queue/gate';
import { type Child, startChild } from '../child';

export interface QueueOrder {
  line: string;
  /** The MOs of the set are numbered from `from` + 1. */
  from: number;
  count: number;
}

export interface QueueMessage {
  is: 'queued';
  /** Or the text of an error. */
  result: QueueResult | (string & {});
}

export type QueueProcess = Child<QueueOrder, QueueMessage | { is: 'ready' }>;

export async function startQueueProcesses(count: number, url: string, schema: string): Promise<QueueProcess[]> {
  const env = { DATABASE_URL: url, BENCH_SCHEMA: schema };
  const processes = Array.from({ length: count }, (): QueueProcess => startChild(path.join(__dirname, 'queue-process.ts'), env));
  await Promise.all(processes.map((process) => process.hear('ready')));
  return processes;
}
