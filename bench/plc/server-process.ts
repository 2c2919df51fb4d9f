import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { ServerMessage, ServerOrder } from './server';

/**
 * The Modbus server of the bench, a process of its own: a memory behind FC3 and FC16 that answers after `delay` ms. It counts
 * requests and bytes, and remembers when the first request of a cycle came and when its last answer left.
 */
const REPLY_LATER = 0;
const memory = new Uint16Array(65_536);
let delay = 0;
let queued = true;
let counts = { requests: 0, bytes: 0, firstAt: 0, lastAt: 0 };

const now = (): number => performance.now();

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  /** When the device is through with the requests of this connection that came so far. */
  let free = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    while (received.length >= 8) {
      const length = 6 + received.readUInt16BE(4);
      if (received.length < length) return;
      const request = received.subarray(0, length);
      received = received.subarray(length);
      const at = now();
      if (counts.requests === 0) counts.firstAt = at;
      counts.requests += 1;
      counts.bytes += length;
      const due = (queued ? Math.max(at, free) : at) + delay;
      free = due;
      if (due - at <= REPLY_LATER) reply(socket, request);
      else setTimeout(reply, due - at, socket, request);
    }
  });
}

function reply(socket: Socket, request: Buffer): void {
  if (socket.destroyed) return;
  const answer = answerTo(request);
  counts.bytes += answer.length;
  socket.write(answer);
  counts.lastAt = now();
}

function answerTo(request: Buffer): Buffer {
  const code = request.readUInt8(7);
  const address = request.readUInt16BE(8);
  const count = request.readUInt16BE(10);
  if (code === 16) {
    for (let index = 0; index < count; index += 1) memory[address + index] = request.readUInt16BE(13 + 2 * index);
    const echo = Buffer.from(request.subarray(0, 12));
    echo.writeUInt16BE(6, 4);
    return echo;
  }
  const answer = Buffer.allocUnsafe(9 + 2 * count);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3 + 2 * count, 4);
  request.copy(answer, 6, 6, 8);
  answer.writeUInt8(2 * count, 8);
  for (let index = 0; index < count; index += 1) answer.writeUInt16BE(memory[address + index] ?? 0, 9 + 2 * index);
  return answer;
}

const OBEY: { [Action in ServerOrder['action']]: (order: Extract<ServerOrder, { action: Action }>) => void } = {
  set: (order) => ({ delay, queued } = order),
  write: ({ address, words }) => memory.set(words, address),
  count: () => {
    tell({ is: 'counts', ...counts });
    counts = { requests: 0, bytes: 0, firstAt: 0, lastAt: 0 };
  },
};

function tell(message: ServerMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit());
process.on('message', (order: ServerOrder) => (OBEY[order.action] as (order: ServerOrder) => void)(order));
const server = createServer(serve).listen(0, '127.0.0.1', 1024, () => tell({ is: 'ready', port: (server.address() as AddressInfo).port }));
