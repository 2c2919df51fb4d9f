import { connect, createServer, type Socket } from 'node:net';

/** A network between a client and a server that a test can break. */
export interface TcpProxy {
  port: number;
  /** Connections open now. */
  open(): number;
  /** Bytes go nowhere from now on, in both directions; nobody is told. */
  hole(): void;
  /** Ends every connection; new ones work. */
  cut(): void;
  /** Lets the client's next message that holds `text` through to the server and ends the connection instead of the answer. */
  loseAnswerTo(text: string): void;
  /** Everything as it should be again, for new connections. */
  heal(): void;
  close(): Promise<void>;
}

/** @param port where to listen; 0 = any */
export async function startTcpProxy(target: { host: string; port: number }, port = 0): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let holed = false;
  let losing: string | null = null;

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    const pair = [client, upstream] as const;
    let silenced = false;
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      if (holed) return;
      if (losing !== null && bytes.includes(losing)) {
        losing = null;
        silenced = true;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (silenced) end();
      else if (!holed) client.write(bytes);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();

  const cut = (): void => {
    for (const [client, upstream] of [...pairs]) {
      client.destroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    open: () => pairs.size,
    hole: () => (holed = true),
    cut,
    loseAnswerTo: (text) => (losing = text),
    heal() {
      holed = false;
      losing = null;
      cut();
    },
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}
