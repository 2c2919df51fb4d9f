import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../clock';
import { describe, SmartMoError } from '../../errors';
import type { HttpRequest, Reply } from './http-exchange';

/** One request and the means to answer it. */
export interface Incoming {
  readonly request: HttpRequest;
  send(reply: Reply): void;
  drip(reply: Reply): Promise<void>;
  destroy(): void;
}

export interface HttpServer {
  readonly port: number;
  /** Refuses connections for that long, then opens the same port again. */
  down(seconds: number): Promise<void>;
  /** Opens the port again at once when it is down. */
  up(): Promise<void>;
  isUp(): boolean;
  /** Breaks every connection and frees the port. */
  close(): Promise<void>;
}

const MAX_BODY = 64 * 1024 * 1024;
const HOST = '127.0.0.1';

/**
 * Listens on 127.0.0.1 and hands over complete requests.
 * @param onTrouble told once when another program has taken the port while it was down
 * @throws SmartMoError CONFIG_INVALID when the port cannot be had
 */
export async function startHttpServer(
  wantedPort: number,
  clock: Clock,
  handle: (incoming: Incoming) => Promise<void>,
  onTrouble: (text: string) => void,
): Promise<HttpServer> {
  const stopped = new AbortController();
  let server = await listen(wantedPort);
  let downs = 0;
  const { port } = server.address() as AddressInfo;

  async function listen(atPort: number): Promise<Server> {
    const opened = createServer((request, response) => void serve(request, response));
    // Longer than any client keeps an idle connection: one closed by us just as it is used again would look like a fault.
    opened.keepAliveTimeout = 65_000;
    await new Promise<void>((resolve, reject) => {
      opened.once('error', (error) =>
        reject(
          new SmartMoError(
            'CONFIG_INVALID',
            `the Odoo simulator cannot use port ${atPort} (${error.message}); choose another Port for it, and the same in the Address of the Odoo node`,
            {
              value: atPort,
            },
          ),
        ),
      );
      opened.listen(atPort, HOST, resolve);
    });
    return opened;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      await handle({
        request: {
          method: request.method ?? 'GET',
          path: (request.url ?? '/').split('?')[0] ?? '/',
          headers: request.headers,
          body,
        },
        send: (reply) => void response.writeHead(reply.status, withLength(reply)).end(reply.body),
        drip: (reply) => drip(reply, response),
        destroy: () => response.socket?.resetAndDestroy(),
      });
    } catch {
      // The client went away, or the simulator is being closed: nobody is left to tell.
      response.destroy();
    }
  }

  async function drip(reply: Reply, response: ServerResponse): Promise<void> {
    response.writeHead(reply.status, withLength(reply));
    for (const byte of Buffer.from(reply.body)) {
      if (response.destroyed) return;
      response.write(Buffer.of(byte));
      await clock.sleep(200, stopped.signal);
    }
    response.end();
  }

  async function shut(): Promise<void> {
    if (!server.listening) return;
    const ended = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await ended;
  }

  async function up(): Promise<void> {
    if (!server.listening && !stopped.signal.aborted) server = await listen(port);
  }

  /** Somebody may have taken the port meanwhile: tries once a second until it is free, or until another `down` takes over. */
  async function reopenAfter(seconds: number, turn: number): Promise<void> {
    await clock.sleep(seconds * 1000, stopped.signal);
    let told = false;
    while (turn === downs) {
      try {
        await up();
        return;
      } catch (error) {
        if (!told) onTrouble(`${describe(error)}; it is tried again every second`);
        told = true;
        await clock.sleep(1000, stopped.signal);
      }
    }
  }

  return {
    port,
    up,
    isUp: () => server.listening,
    async down(seconds) {
      await shut();
      // Rejects only when the simulator is closed meanwhile.
      reopenAfter(seconds, ++downs).catch(() => undefined);
    },
    async close() {
      stopped.abort();
      await shut();
    },
  };
}

function withLength(reply: Reply): Record<string, string | number> {
  return { ...reply.headers, 'Content-Length': Buffer.byteLength(reply.body) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
