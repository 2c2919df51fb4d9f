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
  /** Connections open now. */
  open(): number;
  /** Bytes go nowhere from now on, in both directions; nobody is told. */
  hole(): void;
  /** Ends every connection; new ones work. */
  drop(): void;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Everything as it should be again, for new connections. */
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
  let holed = false;

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
      if (silent || holed) return;
      const trap = [...traps].find(({ request }) => request(bytes));
      if (trap) {
        traps.delete(trap);
        if (trap.when === 'before') return spring(trap);
        caught = trap;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (silent || holed) return;
      if (!caught) client.write(bytes);
      else if (caught.answered(bytes)) spring(caught);
    });
  });

  function drop(): void {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  }

  async function heal(): Promise<void> {
    if (holed) drop();
    holed = false;
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
    drop();
    await closed;
  }

  await heal();
  return {
    get port() {
      return port;
    },
    trip: (when, request, answered = () => true) => new Promise((sprung) => void traps.add({ when, request, answered, sprung })),
    open: () => sockets.size / 2,
    hole: () => (holed = true),
    drop,
    cut,
    heal,
    close: cut,
  };
}
