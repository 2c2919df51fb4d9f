import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Stands in for libmodbus-loop.c where it cannot be compiled: the same cycle over bare sockets. argv: port, PLCs; each line on
 * standard input is one cycle of all PLCs, the answer is its time in microseconds.
 */
const [port, plcs] = process.argv.slice(2).map(Number) as [number, number];
const SLOTS = 10;
const WORDS = 77;
const BASE = 6000;
const STRIDE = 100;
const ANSWER = 9 + 2 * WORDS;

function openPlc(): () => Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let received = 0;
  let answered = (): void => undefined;
  socket.on('data', (chunk) => {
    received += chunk.length;
    if (received < ANSWER) return;
    received = 0;
    answered();
  });
  const request = Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, WORDS]);
  return async () => {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      request.writeUInt16BE(BASE + slot * STRIDE, 8);
      await new Promise<void>((resolve) => {
        answered = resolve;
        socket.write(Buffer.from(request));
      });
    }
  };
}

const readers = Array.from({ length: plcs }, openPlc);
createInterface({ input: process.stdin }).on('line', () => {
  const started = process.hrtime.bigint();
  void Promise.all(readers.map((read) => read())).then(() => {
    console.log(String(Number(process.hrtime.bigint() - started) / 1000));
  });
});
