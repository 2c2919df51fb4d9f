import { systemClock } from '../../src/clock';
import { createPostgres } from '../../src/database/postgres';
import { SmartMoError } from '../../src/errors';
import { actOnBatch } from '../../src/line/action';
import { cancelBatch } from '../../src/line/cancel';
import { completeBatches } from '../../src/line/complete';
import { fetchOrders } from '../../src/line/fetch';
import { createLine, odooOf } from '../../src/line/line';
import { loadRecipes } from '../../src/line/load';
import { readBatches } from '../../src/line/read';
import type { Run } from '../../src/line/run';
import { createOdoo } from '../../src/odoo/client';
import { createModbusPlc } from '../../src/plc/modbus';
import { runReport } from '../../src/monitor/report';
import { bareLine, COMPLETE_OPTIONS } from '../support/bare';
import { modbusSettings } from '../support/modbus';
import { carelessFetch } from './careless-gate';
import { ODOO_TIMES, type Wish } from './member';

/**
 * The child process of createWorker(): the tasks of one line again and again, on their own timers, as Node-RED runs them.
 * Whatever is no SmartMoError is a mistake of ours and ends the process, which the audit sees.
 */
const env = (name: string): string => process.env[name] ?? '';

const bare = bareLine();
const line = createLine(bare, {
  database: createPostgres({ url: env('DATABASE_URL') }),
  odoo: createOdoo(
    {
      url: env('ODOO_URL'),
      database: env('ODOO_DATABASE'),
      login: env('ODOO_LOGIN'),
      password: env('ODOO_PASSWORD'),
      protocol: 'auto',
      ...ODOO_TIMES,
    },
    { clock: systemClock },
  ),
  plc: createModbusPlc(modbusSettings(Number(env('PLC_PORT')), { host: env('PLC_HOST'), timeout: 1 }), { clock: systemClock }),
  mapping: bare.mapping,
  clock: systemClock,
  logTag: () => '',
});
const run: Run = { actor: `worker ${process.pid}`, signal: new AbortController().signal, log: () => undefined, progress: () => undefined };

/** Small sets: the queue is empty, and the gate at work, as often as can be. */
const fetchOptions = { limit: 3, filter: '', preview: false, message: {} };
const fetchOnce = (): Promise<unknown> =>
  env('CARELESS_GATE') === '1' ? carelessFetch(line, run.signal, fetchOptions.limit) : fetchOrders(line, run, fetchOptions);

/** Seconds between two runs. The fetches of all workers come at the same moments, as those of plants do: at the full hour. */
const TASKS: { every: number; inStep?: true; task(): Promise<unknown> }[] = [
  { every: 0.5, inStep: true, task: fetchOnce },
  { every: 0.4, task: () => loadRecipes(line, run, { clearUnused: true, checkOdoo: 'prefer' }) },
  { every: 0.6, task: () => readBatches(line, run, { settle: 0.1, settleTimeout: 2, acknowledge: true, source: 'plc', payload: null }) },
  { every: 0.5, task: () => completeBatches(line, run, COMPLETE_OPTIONS) },
  { every: 5, task: () => runReport(line, run, { report: 'health', payload: {}, stuckAfterMinutes: 30, remindAfterMinutes: 240 }) },
];

const WISHES: Record<Wish, (moId: string) => Promise<unknown>> = {
  cancel: (moId) =>
    cancelBatch(line, run, {
      cancelInOdoo: true,
      freeSlot: false,
      notesTemplate: '{{payload.notes}}',
      reasons: [],
      message: { payload: { mo_id: moId, notes: 'asked by the soak' } },
    }),
  park: (moId) => actOnBatch(line, run, { action: 'park', payload: { mo_id: moId } }),
};

async function unlessOurs(task: Promise<unknown>): Promise<void> {
  try {
    await task;
  } catch (error) {
    if (!(error instanceof SmartMoError)) throw error;
  }
}

async function repeat({ every, inStep, task }: (typeof TASKS)[number]): Promise<never> {
  for (;;) {
    const ms = every * 1000;
    await systemClock.sleep(inStep ? ms - (Date.now() % ms) : ms * (0.5 + Math.random()));
    await unlessOurs(task());
  }
}

/** Logged in everywhere: from here on a run takes what it takes in a plant, however long the start took. */
async function warmUp(): Promise<void> {
  await unlessOurs(line.database.ready());
  await unlessOurs(odooOf(line).listConfirmed({ limit: 1, seen: [], domain: [] }, run.signal));
}

process.on('disconnect', () => process.exit());
process.on('message', ({ wish, moId }: { wish: Wish; moId: string }) => void unlessOurs(WISHES[wish](moId)));
void warmUp().then(() => {
  process.send?.('ready');
  return Promise.all(TASKS.map(repeat));
});
