import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A cable between the product and one of its servers, with a trip wire across it. */
export interface Wire {
  /** Of 127.0.0.1; the same after heal(). */
  readonly port: number;
  /**
   * Stops the next message that matches, and nothing else: `before` the server gets it, or `after` the server has carried
   * it out and before anybody hears of it. Resolves when that has happened; the connection stays silent then.
   */
  trip(when: 'before' | 'after', request: (bytes: Buffer) => boolean, answered?: (bytes: Buffer) => boolean): Promise<void>;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

interface Trap {
  when: 'before' | 'after';
  request(bytes: Buffer): boolean;
  answered(bytes: Buffer): boolean;
  sprung(): void;
}

export async function startWire(target: { host: string; port: number }): Promise<Wire> {
  const sockets = new Set<Socket>();
  const traps = new Set<Trap>();
  let port = 0;

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target, noDelay: true });
    let caught: Trap | undefined;
    let silent = false;
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    const spring = (trap: Trap): void => {
      silent = true;
      trap.sprung();
    };
    client.on('data', (bytes) => {
      if (silent) return;
      const trap = [...traps].find(({ request }) => request(bytes));
      if (trap) {
        traps.delete(trap);
        if (trap.when === 'before') return spring(trap);
        caught = trap;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (silent) return;
      if (!caught) client.write(bytes);
      else if (caught.answered(bytes)) spring(caught);
    });
  });

  async function heal(): Promise<void> {
    if (server.listening) return;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address) port = address.port;
  }

  async function cut(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await heal();
  return {
    get port() {
      return port;
    },
    trip: (when, request, answered = () => true) => new Promise((sprung) => void traps.add({ when, request, answered, sprung })),
    cut,
    heal,
    close: cut,
  };
}
