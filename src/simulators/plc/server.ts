import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, SmartMoError } from '../../errors';
import { splitFrames } from './frames';

export interface ModbusServer {
  readonly port: number;
  /** Ends every connection at once, as a device that loses power does. */
  dropConnections(): void;
  /** False: nobody listens, connections are refused. The port stays the same. */
  listen(on: boolean): void;
  /** Drops everything and stops listening. */
  close(): Promise<void>;
}

export interface ModbusServerOptions {
  /** 0 = any free port. */
  port: number;
  /** Asked with the number of open connections. False: the new one is reset at once. */
  accept(open: number): boolean;
  /** Told once when another program has taken the port while nobody listened. */
  onTrouble(text: string): void;
  /** Deals with one whole request frame. A connection has one request under way at a time. */
  answer(frame: Buffer, connection: Connection): Promise<void>;
}

export interface Connection {
  send(bytes: Buffer): void;
  end(): void;
  reset(): void;
}

/**
 * Modbus TCP on 127.0.0.1: cuts the byte streams into frames and hands them over. The server of modbus-serial is not used
 * here: it cannot take any free port, checks no limits, and leaves no place for frames that are wrong on purpose.
 * @throws SmartMoError CONFIG_INVALID when the port cannot be had
 */
export async function startModbusServer({ port, accept, answer, onTrouble }: ModbusServerOptions): Promise<ModbusServer> {
  const sockets = new Set<Socket>();

  const server = createServer({ noDelay: true }, (socket) => {
    if (!accept(sockets.size)) return void socket.resetAndDestroy();
    let pending: Buffer = Buffer.alloc(0);
    let turn = Promise.resolve();
    const connection: Connection = {
      send: (bytes) => {
        if (socket.writable) socket.write(bytes);
      },
      end: () => socket.end(),
      reset: () => socket.resetAndDestroy(),
    };
    const reply = async (frame: Buffer): Promise<void> => {
      if (!socket.destroyed) await answer(frame, connection);
    };
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      const split = splitFrames(Buffer.concat([pending, bytes]));
      if (!split) return void socket.destroy();
      pending = split.rest;
      for (const frame of split.frames) turn = turn.then(() => reply(frame)).catch(() => void socket.destroy());
    });
  });

  const refusal = (at: number, { code, message }: NodeJS.ErrnoException): SmartMoError => {
    const reason = code === 'EADDRINUSE' ? 'is already in use' : `cannot be opened (${code ?? message})`;
    const remedy = 'choose another Port for the PLC simulator, and the same in the PLC node';
    return new SmartMoError('CONFIG_INVALID', `port ${at} of 127.0.0.1 ${reason}; ${remedy}`, { value: at });
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusal(port, error)));
    server.listen(port, '127.0.0.1', resolve);
  });
  server.removeAllListeners('error');

  const own = (server.address() as AddressInfo).port;
  // Somebody else may take the port while it is free: every later listen(true) tries again.
  let told = false;
  server.on('listening', () => (told = false));
  server.on('error', (error) => {
    if (!told) onTrouble(`${describe(refusal(own, error))}; it is tried again until the port is free`);
    told = true;
  });
  const dropConnections = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  return {
    port: own,
    dropConnections,
    listen(on) {
      if (on === server.listening) return;
      if (on) server.listen(own, '127.0.0.1');
      else server.close();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropConnections();
      }),
  };
}
