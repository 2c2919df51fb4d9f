import { type Clock, systemClock } from '../../src/clock';
import type { Database } from '../../src/database/database';
import { type Action, actOnBatch } from '../../src/line/action';
import { cancelBatch, type CancelOptions } from '../../src/line/cancel';
import { completeBatches, type CompleteOptions } from '../../src/line/complete';
import { fetchOrders, type FetchOptions } from '../../src/line/fetch';
import { runGate } from '../../src/line/gate';
import { createLine, type Line, type LineSettings } from '../../src/line/line';
import { type LoadOptions, loadRecipes } from '../../src/line/load';
import type { Outcome } from '../../src/line/outcome';
import { readBatches, type ReadOptions } from '../../src/line/read';
import type { Run } from '../../src/line/run';
import { type ReportOptions, runReport } from '../../src/monitor/report';
import type { QueueRow } from '../../src/queue/batch';
import { queueRows } from '../../src/queue/rows';
import { createOdoo } from '../../src/odoo/client';
import { FEED_MILL_MAP } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { round } from '../../src/units';
import { COMPLETE_OPTIONS, LINE_SETTINGS } from './bare';
import { modbusSettings } from './modbus';
import { testDatabase, testWorker } from './postgres';
import { waitFor } from './wait';

/** The tasks of one line object, with the settings of the nodes at their defaults. */
export interface Tasks {
  gate(options?: { enabled?: boolean; manual?: boolean; stuckAfterMinutes?: number }): Promise<Outcome>;
  fetch(options?: Partial<FetchOptions>): Promise<Outcome>;
  load(options?: Partial<LoadOptions>): Promise<Outcome>;
  read(options?: Partial<ReadOptions>): Promise<Outcome>;
  complete(options?: Partial<CompleteOptions>): Promise<Outcome>;
  cancel(payload: unknown, options?: Partial<CancelOptions>): Promise<Outcome>;
  act(action: Action, payload?: object): Promise<Outcome>;
  report(report: string, payload?: unknown, options?: Partial<ReportOptions>): Promise<Outcome>;
}

/** A whole plant in one process: real PostgreSQL, the stand-ins for Odoo and PLC behind real sockets, and one line. */
export interface Plant extends Tasks {
  line: Line;
  odoo: OdooSimulator;
  plc: PlcSimulator;
  database: Database;
  /** Log lines of all runs so far. */
  log: string[];
  /** The tasks of another line object on the same plant, and what is special about its runs. */
  on(line: Line, given?: Partial<Run>): Tasks;
  /** MO names in mo_batch, by slot. */
  queued(): Promise<string[]>;
  history(): Promise<{ mo_id: string; status: string; run: number }[]>;
  /** The PLC has finished everything that was loaded. */
  plcIsDone(batches: number): Promise<void>;
  /** The PLC has taken every recipe that was loaded. */
  plcHasTaken(): Promise<void>;
  /** Rows of mo_batch, by slot. */
  rows(): Promise<QueueRow[]>;
  /** As if the PLC had made every queued batch, each material a little less than planned (see {@link weighedOf}), and task 2 had stored it. */
  finishAll(weigh?: typeof weighedOf, slots?: readonly number[]): Promise<void>;
  /** What faults of the stand-in Odoo have struck so far, oldest first: "http-503 strikes write". */
  struck: string[];
  /** Retries and leases that lie in the future are due. */
  letTimePass(): Promise<void>;
  /** As if the clock of the database had gone on for that many minutes, and no other one. */
  age(minutes: number): Promise<void>;
  /** A second line object on the same tables, as another process has it. */
  otherProcess(): Line;
  close(): Promise<void>;
}

export interface PlantOptions {
  orders?: number;
  slots?: number;
  line?: Partial<LineSettings>;
  plc?: { batchTime?: number; speed?: number; deviation?: number };
  /** Of the PLC alone; a test that moves it decides when the PLC goes on. */
  plcClock?: Clock;
  odoo?: { version?: string; timeout?: number };
  /** What the line works with. Default: the tables of `database`, with the rights of a working role. */
  lineDatabase?: Database;
  /** Past everything that a test breaks, as the owner of the tables. */
  database?: Database;
}

/** What the database stamps; when a task started is told by the clock of its process. */
const STAMPS = [
  ['mo_batch', ['created_at', 'loaded_at', 'started_at', 'finished_at', 'last_read_from_plc', 'updated_at']],
  ['mo_task', ['ok_at', 'error_at']],
] as const;

export async function startPlant(context: Mocha.Context, options: PlantOptions = {}): Promise<Plant> {
  const settings = { ...LINE_SETTINGS, ...options.line, slots: options.slots ?? LINE_SETTINGS.slots };
  const database = options.database ?? (await testDatabase(context));
  const lineDatabase = options.lineDatabase ?? (await testWorker(context, database));
  const mapping = compileMapping({ map: FEED_MILL_MAP, materials: settings.materials, slots: settings.slots });
  const { version = '17', timeout = 2 } = options.odoo ?? {};
  const struck: string[] = [];
  const odooServer = await startOdooSimulator(
    { port: 0, orders: options.orders ?? 25, version },
    { onEvent: ({ event, text }) => event === 'fault' && struck.push(text) },
  );
  const plcServer = await startPlcSimulator(
    { port: 0, unit: 1, mapping, batchTime: 60, speed: 2000, deviation: 1, seed: 1, stateFile: null, ...options.plc },
    { clock: options.plcClock ?? systemClock },
  );
  const connect = (): Line =>
    createLine(settings, {
      database: lineDatabase,
      mapping,
      clock: systemClock,
      logTag: () => '',
      odoo: createOdoo(
        {
          url: odooServer.url,
          database: 'demo',
          login: 'demo',
          password: 'demo',
          protocol: 'auto',
          timeout,
          retryMin: 0.05,
          retryMax: 0.2,
        },
        { clock: systemClock },
      ),
      plc: createModbusPlc(modbusSettings(plcServer.port, { timeout: 1 }), { clock: systemClock }),
    });
  const lines = [connect()];
  const [line] = lines as [Line];
  const log: string[] = [];
  const closing = new AbortController();
  const anyRun: Run = { actor: 'test', signal: closing.signal, log: (_level, text) => void log.push(text), progress: () => undefined };

  const on = (target: Line, special: Partial<Run> = {}): Tasks => tasksOf(target, { ...anyRun, ...special });
  const tasksOf = (target: Line, run: Run): Tasks => ({
    gate: ({ enabled = true, manual = false, stuckAfterMinutes = 30 } = {}) => runGate(target, run, { enabled, manual, stuckAfterMinutes }),
    fetch: (given = {}) => fetchOrders(target, run, { limit: 10, filter: '', preview: false, message: {}, ...given }),
    load: (given = {}) => loadRecipes(target, run, { clearUnused: true, checkOdoo: 'prefer', ...given }),
    read: (given = {}) =>
      readBatches(target, run, { settle: 0.02, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null, ...given }),
    complete: (given = {}) => completeBatches(target, run, { ...COMPLETE_OPTIONS, ...given }),
    cancel: (payload, given = {}) =>
      cancelBatch(target, run, {
        cancelInOdoo: true,
        freeSlot: false,
        notesTemplate: '{{payload.notes}}',
        reasons: [],
        message: { payload },
        ...given,
      }),
    act: (action, payload = {}) => actOnBatch(target, run, { action, payload }),
    report: (report, payload = {}, options = {}) =>
      runReport(target, run, { report, payload, stuckAfterMinutes: 30, remindAfterMinutes: 240, ...options }),
  });

  return {
    line,
    odoo: odooServer,
    plc: plcServer,
    database,
    log,
    struck,
    ...on(line),
    on,
    rows: () => queueRows(database, line.line),
    async finishAll(weigh = weighedOf, slots) {
      for (const row of await queueRows(database, line.line)) {
        if ((row.state !== 'queued' && row.state !== 'running') || slots?.includes(row.batch_no) === false) continue;
        const { actual, weight } = weigh(row);
        await database.query(
          `UPDATE {schema}.mo_batch SET state = 'finished', actual = $2, actual_weight = $3, status_manufacturing = 1, finished_at = now()
           WHERE id = $1`,
          [row.id, JSON.stringify(actual), weight],
        );
      }
    },
    async letTimePass() {
      await database.query(`UPDATE {schema}.mo_batch SET next_try_at = now() - interval '1 s' WHERE next_try_at > now()`);
    },
    async age(minutes) {
      await database.transaction(async (tx) => {
        // The guard stamps every change.
        await tx.query('ALTER TABLE {schema}.mo_batch DISABLE TRIGGER mo_batch_guard');
        for (const [table, columns] of STAMPS) {
          const older = columns.map((column) => `${column} = ${column} - $1 * interval '1 min'`);
          await tx.query(`UPDATE {schema}.${table} SET ${older.join(', ')}`, [minutes]);
        }
        await tx.query('ALTER TABLE {schema}.mo_batch ENABLE TRIGGER mo_batch_guard');
      });
    },
    async queued() {
      const rows = await database.query<{ mo_id: string }>('SELECT mo_id FROM {schema}.mo_batch ORDER BY batch_no');
      return rows.map((row) => row.mo_id);
    },
    history: () => database.query('SELECT mo_id, status, run FROM {schema}.mo_histories ORDER BY id'),
    async plcIsDone(batches) {
      // A recipe is taken in the scan after it was written, and the finished bit follows the weights in a later one.
      const isAtRest = (): boolean =>
        plcServer.slots().every(({ state, recipe }) => recipe === null && !['waiting', 'dosing', 'mixing'].includes(state));
      await waitFor(() => plcServer.weighed().length >= batches && isAtRest(), {
        what: `${batches} batches finished in the PLC, and the cell at rest`,
        everyMs: 5,
      });
    },
    async plcHasTaken() {
      await waitFor(() => plcServer.slots().every(({ recipe }) => recipe === null), { what: 'every recipe taken', everyMs: 5 });
    },
    otherProcess() {
      const other = connect();
      lines.push(other);
      return other;
    },
    async close() {
      closing.abort();
      for (const one of lines) {
        one.odoo?.close();
        one.plc?.close();
      }
      await Promise.all([odooServer.close(), plcServer.close(), database.close(), lineDatabase.close()]);
    },
  };
}

/**
 * What a PLC might have weighed for a batch: about 97 % of each plan, of no two materials the same share, so that figures
 * of Odoo's own or of another material show. With two decimals, as Odoo keeps them.
 */
export function weighedOf({ materials }: Pick<QueueRow, 'materials'>): { actual: Record<string, number>; weight: number } {
  const weighed = materials
    .filter(({ manual }) => !manual)
    .map(({ tag, planned }, index) => [tag, round(planned * (0.965 + index / 1000), 2)] as const);
  const byHand = materials.reduce((sum, { manual, planned }) => sum + (manual ? planned : 0), 0);
  return {
    actual: Object.fromEntries(weighed),
    weight: round(
      weighed.reduce((sum, [, quantity]) => sum + quantity, byHand),
      3,
    ),
  };
}

/** Fetch, load, PLC, read: a set that is made and stored. Returns its MOs, by slot. */
export async function makeSet(plant: Plant): Promise<string[]> {
  const before = plant.plc.weighed().length;
  await plant.fetch();
  const set = await plant.queued();
  await plant.load();
  await plant.plcIsDone(before + set.length);
  await plant.read();
  return set;
}

/** One whole set, as the four timers would do it. */
export async function runSet(plant: Plant): Promise<string[]> {
  const set = await makeSet(plant);
  await plant.complete();
  return set;
}
