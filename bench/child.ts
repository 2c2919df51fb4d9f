import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkout } from '../test/support/tarball';

/** A TypeScript program of the bench as a process of its own that talks by messages. It ends with this process. */
export interface Child<Order extends object, Message extends { is: string }> {
  readonly pid: number;
  tell(order: Order): void;
  /** The next message of that kind. @throws when the process ends instead */
  hear<Kind extends Message['is']>(kind: Kind): Promise<Extract<Message, { is: Kind }>>;
  /** Tells and hears. */
  ask<Kind extends Message['is']>(order: Order, kind: Kind): Promise<Extract<Message, { is: Kind }>>;
  close(): Promise<void>;
}

export function startChild<Order extends object, Message extends { is: string }>(
  file: string,
  env: Record<string, string> = {},
): Child<Order, Message> {
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, file], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const listeners = new Set<(message: Message) => void>();
  child.on('message', (message: Message) => listeners.forEach((listen) => listen(message)));

  function hear<Kind extends Message['is']>(kind: Kind): Promise<Extract<Message, { is: Kind }>> {
    return new Promise((resolve, reject) => {
      const listen = (message: Message): void => {
        if (message.is !== kind) return;
        listeners.delete(listen);
        resolve(message as Extract<Message, { is: Kind }>);
      };
      listeners.add(listen);
      void ended.then(() => reject(new Error(`${file} ended before it said ${kind}`)));
    });
  }

  const tell = (order: Order): void => void child.send(order);
  return {
    get pid() {
      return child.pid ?? 0;
    },
    tell,
    hear,
    ask: (order, kind) => {
      const heard = hear(kind);
      tell(order);
      return heard;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
