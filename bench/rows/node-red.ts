import { readBatches } from '../../src/line/read';
import { startNodeRed } from '../../test/support/node-red';
import { testDatabase, testServer } from '../../test/support/postgres';
import { moName, queueLine } from '../database/rows';
import { benchLine, quietRun } from '../line';
import { onceARound, timed } from '../measure';
import { readFlow } from '../node-red/flow';
import { runningSlot } from '../plc/memory';
import { connectPlc, MAPPING, startFilledServer } from '../plc/product';
import { startYardstick } from '../plc/yardstick';
import type { Measured, Row } from '../row';

/** Reads in a row make one measurement: the clock of a function node counts milliseconds. */
const READS = 5;

export const nodeRed: Row = {
  name: 'node-red',
  what: 'the same cycle inside Node-RED, and what Node-RED itself adds to a run',
  package: true,
  async run({ context, quick, rounds, progress }) {
    const { url } = await testServer(context);
    const database = await testDatabase(context);
    const server = await startFilledServer();
    const yardstick = await startYardstick(server.port);
    const plc = connectPlc(server.port);
    const outside = benchLine({ database, plc });
    await queueLine(database, outside.line, 0, MAPPING.slots);
    for (let slot = 1; slot <= MAPPING.slots; slot += 1) server.write(runningSlot(MAPPING, slot, moName(slot), 10));
    progress('Node-RED starts');
    const env = {
      DATABASE_URL: `${url}?sslmode=disable`,
      ODOO_URL: 'http://127.0.0.1:9',
      ODOO_DATABASE: 'x',
      ODOO_LOGIN: 'x',
      ODOO_PASSWORD: 'x',
      PLC_HOST: '127.0.0.1',
      PLC_PORT: String(server.port),
    };
    const red = await startNodeRed({ flows: readFlow(database.schema), env });
    const messages: number[] = [];

    async function readInside(reads: number): Promise<number> {
      const { body } = await red.admin(`bench/read?reads=${reads}`);
      const { ms, messages: seen } = body as { ms: number; messages: number };
      messages.push(seen / reads);
      return ms / reads;
    }

    /** As the PLC sees it: from the first request to the last answer. */
    async function span(cycle: () => Promise<unknown>): Promise<number> {
      await server.traffic();
      await cycle();
      return (await server.traffic()).span;
    }

    const options = { settle: 0, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null } as const;
    const readOutside = async (): Promise<void> => {
      for (let read = 0; read < READS; read += 1) await readBatches(outside, quietRun(), options);
    };

    try {
      const findings: Measured[] = [];
      for (const delay of quick ? [5] : [5, 20]) {
        server.set(delay);
        const pairs = await onceARound(
          rounds(60),
          () => span(() => readInside(1)),
          () => span(yardstick.cycle),
        );
        findings.push({
          what: `cycle of 10 requests, PLC takes ${delay} ms, inside Node-RED`,
          unit: 'ms',
          against: yardstick.name,
          goal: 1.08,
          pairs,
          limit: 'the same reader outside Node-RED, timed at the PLC too, is in the row after it',
        });
        const outsides = await onceARound(
          rounds(30),
          () => span(() => readBatches(outside, quietRun(), options)),
          () => span(yardstick.cycle),
        );
        const alone = `the same reader outside Node-RED, PLC takes ${delay} ms`;
        findings.push({ what: alone, unit: 'ms', against: yardstick.name, goal: null, pairs: outsides });
      }
      server.set(5);
      const pairs = await onceARound(
        rounds(30),
        () => readInside(READS),
        async () => (await timed(readOutside)) / READS,
      );
      findings.push({
        what: 'a run of plc-batch-reader, database included',
        unit: 'ms',
        against: 'the same task outside Node-RED',
        goal: 1.05,
        pairs,
        limit: 'a message, a status and a log line for each run',
      });
      findings.push({ what: 'messages that a run of plc-batch-reader sends', unit: '', values: messages, goal: 1, worst: true });
      return findings;
    } finally {
      plc.close();
      await red.stop();
      await yardstick.close();
      await server.close();
    }
  },
};
