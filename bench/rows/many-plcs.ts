import { onceARound, timed } from '../measure';
import { connectPlc, readCycle, startFilledServer } from '../plc/product';
import { startYardstick } from '../plc/yardstick';
import type { Row } from '../row';

const PLCS = 100;
const QUICK_PLCS = 20;
const DELAY_MS = 5;

export const manyPlcs: Row = {
  name: 'many-plcs',
  what: '100 PLCs read at once by one process, against 100 threads of C',
  async run({ quick, rounds }) {
    const count = quick ? QUICK_PLCS : PLCS;
    const server = await startFilledServer();
    server.set(DELAY_MS);
    const yardstick = await startYardstick(server.port, count);
    const floor = await startYardstick(server.port, count, { bare: true });
    const before = memory();
    const plcs = Array.from({ length: count }, () => connectPlc(server.port));
    const readAll = (): Promise<unknown> => Promise.all(plcs.map(readCycle));
    try {
      await readAll();
      const each = (memory() - before) / count;
      const pairs = await onceARound(rounds(60), () => timed(readAll), yardstick.cycle);
      // One thread of Node.js has a floor of its own, however little it does with the answers.
      const floors = await onceARound(rounds(15), () => timed(readAll), floor.cycle);
      return [
        {
          what: `${count} PLCs at ${DELAY_MS} ms, a cycle of all`,
          unit: 'ms',
          against: `${count} threads, ${yardstick.name}`,
          goal: 1.15,
          pairs,
          limit:
            'one thread sends a thousand requests in 50 ms and checks and decodes every answer, C has a hundred: sending alone is in the next row',
        },
        {
          what: `${count} PLCs at ${DELAY_MS} ms, beside one thread of Node.js that checks and decodes nothing`,
          unit: 'ms',
          against: floor.name,
          goal: null,
          pairs: floors,
        },
        { what: 'memory of a PLC connection', unit: 'MB', values: [each], goal: 1 },
      ];
    } finally {
      for (const plc of plcs) plc.close();
      await floor.close();
      await yardstick.close();
      await server.close();
    }
  },
};

/** Resident megabytes. */
function memory(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
