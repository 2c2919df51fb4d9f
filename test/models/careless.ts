import { plcOf, type Line } from '../../src/line/line';
import { acknowledge } from '../../src/plc/handshake';
import { readSlots } from '../../src/plc/read-slots';
import type { Database } from '../../src/database/database';
import type { Tasks } from '../support/plant';
import { carelessFetch, WITHOUT_FENCE } from '../soak/careless-gate';
import { signal, withMishap } from '../support/mishap';
import { ALL_DAY, type TaskOf, type World } from './world';

/** A task as somebody would write it who trusts that nothing happens in between. */
export interface Careless {
  /** The invariant that it breaks, as it stands in the error. */
  breaks: RegExp;
  task: TaskOf;
  /** What must be taken away before the tables let it happen. */
  prepare(database: Database): Promise<unknown>;
  run(line: Line, tasks: Tasks): Promise<unknown>;
  /** What may happen at any plant, and is the end of it. */
  misfortune(world: World): Promise<void>;
}

const never = new AbortController().signal;

export const CARELESS: Record<string, Careless> = {
  'a gate that counts the rows and then inserts': {
    breaks: /I1|I2|I3/,
    task: 'fetch',
    prepare: (database) =>
      database.transaction(async (tx) => {
        await tx.query('SET LOCAL search_path = {schema}');
        await tx.query(WITHOUT_FENCE);
      }),
    run: (line) => carelessFetch(line, never),
    async misfortune({ run, line }) {
      const { ended, end } = signal();
      // It has counted, and is stopped before it asks Odoo.
      const stalled = withMishap(line(0), { at: 2, effect: 'before', kind: 'stall', until: ended });
      const first = run('fetch', stalled.line);
      await Promise.race([stalled.reached, first]);
      await run('fetch', line(1));
      end();
      await first;
    },
  },
  'a reader that tells the PLC before it stores': {
    breaks: /I10/,
    task: 'read',
    prepare: () => Promise.resolve(),
    async run(line, tasks) {
      const plc = plcOf(line);
      const { readings } = await readSlots(plc, line.mapping, { orderQuantity: () => undefined, signal: never });
      for (const reading of readings) if (reading.finished) await acknowledge(plc, line.mapping, reading);
      return tasks.read();
    },
    async misfortune({ run, line, scan, check, replace }) {
      for (const task of ['fetch', 'load'] as const) await run(task, line(0));
      await scan(ALL_DAY);
      for (let at = 1; at < 20; at += 1) {
        await run('read', withMishap(line(0), { at, effect: 'before', kind: 'die' }).line);
        await check();
        replace(0);
      }
    },
  },
};
