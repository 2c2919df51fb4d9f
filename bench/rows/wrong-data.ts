import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createModbusDevice, FAULTS, right, wordAt } from '../../test/support/misbehaving-plc';
import { connectPlc } from '../plc/product';
import type { Row } from '../row';

/** Seconds the product waits for an answer, and for how long it may take to end a request whatever the device does. */
const TIMEOUT = 0.1;
const SETTLED_MS = 10_000;
const WORDS = 10;

export const wrongData: Row = {
  name: 'wrong-data',
  what: 'wrong values and requests that never end, in every misbehaviour of a device',
  once: true,
  async run({ rounds }) {
    let behave = right;
    const open = new Set<Socket>();
    const server = createModbusDevice((socket, asked) => behave(socket, asked));
    server.on('connection', (socket) => open.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const counts = { requests: 0, wrong: 0, unsettled: 0 };
    try {
      for (const fault of Object.values(FAULTS)) {
        const plc = connectPlc((server.address() as AddressInfo).port, 'slot', TIMEOUT);
        const ask = async (address: number): Promise<void> => {
          counts.requests += 1;
          const answer = plc.read('holding', address, WORDS).catch(() => null);
          const words = await Promise.race([answer, late()]);
          if (words === 'late') counts.unsettled += 1;
          else if (words?.some((word, index) => word !== wordAt(address + index))) counts.wrong += 1;
        };
        // One fault at a time: two in a row are answered with a pause before the next attempt.
        for (let round = 0; round < rounds(10, 1); round += 1) {
          behave = right;
          await ask(round);
          behave = fault.behave;
          await Promise.all([ask(100 + round), ask(200 + round)]);
          behave = right;
          for (let more = 0; more < 3; more += 1) await ask(300 + 10 * round + more);
        }
        plc.close();
      }
    } finally {
      for (const socket of open) socket.destroy();
      server.close();
    }
    const where = `of ${counts.requests} requests to a device with ${Object.keys(FAULTS).length} misbehaviours`;
    return [
      {
        what: `wrong values ${where}`,
        unit: '',
        values: [counts.wrong],
        goal: 0,
      },
      { what: `requests without an end ${where}`, unit: '', values: [counts.unsettled], goal: 0 },
    ];
  },
};

async function late(): Promise<'late'> {
  return new Promise((resolve) => setTimeout(() => resolve('late'), SETTLED_MS).unref());
}
