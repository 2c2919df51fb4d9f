import path from 'node:path';
import { startChild } from '../child';

export type ServerOrder =
  /** Milliseconds per request; queued: requests of a connection wait for each other, else each takes the delay alone. */
  { action: 'set'; delay: number; queued: boolean } | { action: 'write'; address: number; words: number[] } | { action: 'count' };

export type ServerMessage =
  { is: 'ready'; port: number } | { is: 'counts'; requests: number; bytes: number; firstAt: number; lastAt: number };

/** What the server saw since it was asked last. */
export interface Traffic {
  requests: number;
  /** In both directions. */
  bytes: number;
  /** Milliseconds from the first request to the last answer. */
  span: number;
}

export interface ModbusServer {
  readonly port: number;
  readonly pid: number;
  set(delay: number, queued?: boolean): void;
  write(part: { address: number; words: number[] }): void;
  traffic(): Promise<Traffic>;
  close(): Promise<void>;
}

export async function startModbusServer(): Promise<ModbusServer> {
  const child = startChild<ServerOrder, ServerMessage>(path.join(__dirname, 'server-process.ts'));
  const { port } = await child.hear('ready');
  return {
    port,
    get pid() {
      return child.pid;
    },
    set: (delay, queued = true) => child.tell({ action: 'set', delay, queued }),
    write: ({ address, words }) => child.tell({ action: 'write', address, words }),
    async traffic() {
      const { requests, bytes, firstAt, lastAt } = await child.ask({ action: 'count' }, 'counts');
      return { requests, bytes, span: lastAt - firstAt };
    },
    close: () => child.close(),
  };
}
