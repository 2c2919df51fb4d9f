import path from 'node:path';
import { startChild } from '../child';

export interface OdooOrder {
  action: 'asked';
}

export type OdooMessage =
  | { is: 'ready'; port: number }
  /** Bodies of the lists that were asked for since the last time. */
  | { is: 'asked'; bodies: string[] };

export interface BenchOdoo {
  readonly url: string;
  asked(): Promise<{ bodies: string[] }>;
  close(): Promise<void>;
}

/** @param orders confirmed MOs with 15 components each */
export async function startBenchOdoo(orders: number): Promise<BenchOdoo> {
  const child = startChild<OdooOrder, OdooMessage>(path.join(__dirname, 'server-process.ts'), { BENCH_ORDERS: String(orders) });
  const { port } = await child.hear('ready');
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => child.ask({ action: 'asked' }, 'asked'),
    close: () => child.close(),
  };
}
