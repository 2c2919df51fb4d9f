import { onceARound, timed } from '../measure';
import { connectPlc, readCycle, startFilledServer } from '../plc/product';
import { startYardstick } from '../plc/yardstick';
import type { Measured, Row } from '../row';

/** Milliseconds that the PLC takes for a request. */
const DELAYS = [5, 20];
const LIMIT = 'what one thread of Node.js needs for the bare requests is in the row after it';

export const cycle: Row = {
  name: 'cycle',
  what: 'a cycle of 10 requests at 5 and 20 ms, outside Node-RED, against a C loop',
  async run({ quick, rounds, progress }) {
    const server = await startFilledServer();
    const yardstick = await startYardstick(server.port);
    const floor = await startYardstick(server.port, 1, { bare: true });
    const plc = connectPlc(server.port);
    try {
      const findings: Measured[] = [];
      for (const delay of quick ? DELAYS.slice(0, 1) : DELAYS) {
        server.set(delay);
        progress(`PLC at ${delay} ms`);
        const pairs = await onceARound(rounds(40), () => timed(() => readCycle(plc)), yardstick.cycle);
        const what = `cycle of 10 requests, PLC takes ${delay} ms, outside Node-RED`;
        findings.push({ what, unit: 'ms', against: yardstick.name, goal: 1.08, pairs, limit: LIMIT });
        const floors = await onceARound(rounds(40), floor.cycle, yardstick.cycle);
        const bare = `the same 10 requests over ${floor.name}, nothing checked or decoded`;
        findings.push({ what: bare, unit: 'ms', against: yardstick.name, goal: null, pairs: floors });
      }
      return findings;
    } finally {
      plc.close();
      await floor.close();
      await yardstick.close();
      await server.close();
    }
  },
};
