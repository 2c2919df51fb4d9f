import { connectPlc, readCycle, startFilledServer } from '../plc/product';
import type { Measured, Row } from '../row';

/** Requests of the bundled map, as the server counts them: 10 when each slot is one snapshot, 8 at the fewest. */
const MINIMUM = { slot: 10, fewest: 8 } as const;
const ONE_PER_TAG = 200;

export const requests: Row = {
  name: 'requests',
  what: 'Modbus requests of one cycle of 10 slots',
  once: true,
  async run() {
    const server = await startFilledServer();
    try {
      const findings: Measured[] = [];
      for (const mode of ['slot', 'fewest'] as const) {
        const plc = connectPlc(server.port, mode);
        await readCycle(plc);
        const { requests: sent, bytes } = await server.traffic();
        plc.close();
        findings.push({
          what: `requests of a cycle, 10 slots of 77 registers, planning "${mode}"`,
          unit: '',
          values: [sent],
          goal: MINIMUM[mode],
          yardstick: { name: 'one request per tag', value: ONE_PER_TAG },
          note: `${bytes} bytes`,
        });
      }
      return findings;
    } finally {
      await server.close();
    }
  },
};
