import { storeReadings } from '../../src/queue/readings';
import { queueRows } from '../../src/queue/rows';
import { testDatabase, testServer } from '../../test/support/postgres';
import { startQueueProcesses } from '../database/queue-processes';
import { emptyLine, moName, queueLine, runningUpdates } from '../database/rows';
import { onceARound, timed } from '../measure';
import type { Row } from '../row';

const PROCESSES = 8;
const SET = 10;
const LIMIT = 'no lock is shared; both sides share the cores of the machine: what SELECT 1 feels of a fetch is in the row after it';

export const processes: Row = {
  name: 'processes',
  what: '8 processes on one empty line, and a PLC update during a fetch',
  once: true,
  async run({ context, rounds }) {
    const { url } = await testServer(context);
    const database = await testDatabase(context);
    const all = await startQueueProcesses(PROCESSES, url, database.schema);
    const [first] = all;
    if (!first) throw new Error('no process');
    let next = 0;
    const order = (line: string): { line: string; from: number; count: number } => ({ line, from: (next += SET) - SET, count: SET });

    /** All at once, each with MOs of its own; right is one whole set of one of them. */
    async function isWrong(): Promise<boolean> {
      await emptyLine(database, 'main');
      const orders = all.map(() => order('main'));
      const answers = await Promise.all(all.map((process, index) => process.ask(orders[index] ?? order('main'), 'queued')));
      const winners = orders.filter((_, index) => answers[index]?.result === 'queued');
      const others = answers.filter(({ result }) => result !== 'queued' && result !== 'lost-race');
      const queued = (await queueRows(database, 'main')).map(({ mo_id }) => mo_id);
      const [winner] = winners;
      const expected = Array.from({ length: SET }, (_, index) => moName((winner?.from ?? 0) + index + 1));
      return winners.length !== 1 || others.length > 0 || queued.join() !== expected.join();
    }

    const update = async (): Promise<number> => {
      const updates = runningUpdates(await queueRows(database, 'other'), (next += 1));
      return timed(() => storeReadings(database, 'other', updates));
    };
    const duringFetch = async (work: () => Promise<number>): Promise<number> => {
      await emptyLine(database, 'main');
      const fetching = first.ask(order('main'), 'queued');
      const taken = await work();
      await fetching;
      return taken;
    };

    try {
      const wrong: number[] = [];
      for (let round = 0; round < rounds(60); round += 1) wrong.push((await isWrong()) ? 1 : 0);
      await queueLine(database, 'other', 50_000_000, SET);
      const pairs = await onceARound(rounds(60), () => duringFetch(update), update);
      const select = (): Promise<number> => timed(() => database.query('SELECT 1'));
      const floors = await onceARound(rounds(60), () => duringFetch(select), select);
      const total = wrong.reduce((sum, one) => sum + one, 0);
      return [
        {
          what: `wrong queues of ${wrong.length} rounds of ${PROCESSES} processes on an empty line`,
          unit: '',
          values: [total],
          goal: 0,
        },
        { what: 'a PLC update of 10 rows during a fetch', unit: 'ms', against: 'without one', goal: 2, pairs, limit: LIMIT },
        { what: 'SELECT 1 during a fetch', unit: 'ms', against: 'without one', goal: null, pairs: floors },
      ];
    } finally {
      await Promise.all(all.map((process) => process.close()));
    }
  },
};
