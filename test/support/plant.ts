import { systemClock } from '../../src/clock';
import type { Database } from '../../src/database/database';
import { cancelBatch, type CancelOptions } from '../../src/line/cancel';
import { completeBatches, type CompleteOptions } from '../../src/line/complete';
import { fetchOrders, type FetchOptions } from '../../src/line/fetch';
import { runGate } from '../../src/line/gate';
import { createLine, type Line, type LineSettings } from '../../src/line/line';
import { loadRecipes } from '../../src/line/load';
import type { Outcome } from '../../src/line/outcome';
import { readBatches, type ReadOptions } from '../../src/line/read';
import type { Run } from '../../src/line/run';
import { runReport } from '../../src/monitor/report';
import { createOdoo } from '../../src/odoo/stock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { testDatabase } from './postgres';
import { waitFor } from './wait';

/** A whole plant in one process: real PostgreSQL, the stand-ins for Odoo and PLC behind real sockets, and one line. */
export interface Plant {
  line: Line;
  odoo: OdooSimulator;
  plc: PlcSimulator;
  database: Database;
  /** Log lines of all runs so far. */
  log: string[];
  gate(options?: { enabled?: boolean; manual?: boolean }): Promise<Outcome>;
  fetch(options?: Partial<FetchOptions>): Promise<Outcome>;
  load(): Promise<Outcome>;
  read(options?: Partial<ReadOptions>): Promise<Outcome>;
  complete(options?: Partial<CompleteOptions>): Promise<Outcome>;
  cancel(payload: object, options?: Partial<CancelOptions>): Promise<Outcome>;
  report(report: string, payload?: object): Promise<Outcome>;
  /** MO names in mo_batch, by slot. */
  queued(): Promise<string[]>;
  history(): Promise<{ mo_id: string; status: string; run: number }[]>;
  /** The PLC has finished everything that was loaded. */
  plcIsDone(batches: number): Promise<void>;
  /** A second line object on the same tables, as another process has it. */
  otherProcess(): Line;
  close(): Promise<void>;
}

export interface PlantOptions {
  orders?: number;
  slots?: number;
  line?: Partial<LineSettings>;
  plc?: { batchTime?: number; speed?: number; deviation?: number };
}

const SETTINGS: LineSettings = {
  line: 'main',
  slots: 10,
  materials: FEED_MILL_MATERIALS,
  recipes: 'write',
  scaleManual: false,
  recipeTolerance: 20,
  weightTolerance: 30,
  onMismatch: 'fail',
  onFailedBit: 'alarm',
  mode: 'live',
  staleAfterMinutes: 15,
};

const SERIAL = { device: '', baudRate: 19200, dataBits: 8, parity: 'even', stopBits: 1 } as const;

export async function startPlant(context: Mocha.Context, options: PlantOptions = {}): Promise<Plant> {
  const settings = { ...SETTINGS, ...options.line, slots: options.slots ?? SETTINGS.slots };
  const database = await testDatabase(context);
  const mapping = compileMapping({ map: FEED_MILL_MAP, materials: settings.materials, slots: settings.slots });
  const odooServer = await startOdooSimulator({ port: 0, orders: options.orders ?? 25 });
  const plcServer = await startPlcSimulator(
    { port: 0, unit: 1, mapping, batchTime: 60, speed: 2000, deviation: 1, seed: 1, stateFile: null, ...options.plc },
    { clock: systemClock },
  );
  const connect = (): Line =>
    createLine(settings, {
      database,
      mapping,
      clock: systemClock,
      logTag: () => '',
      odoo: createOdoo(
        { url: odooServer.url, database: 'demo', login: 'demo', password: 'demo', protocol: 'auto', timeout: 2, retryMin: 0.05, retryMax: 0.2 },
        { clock: systemClock },
      ),
      plc: createModbusPlc(
        { transport: 'tcp', host: '127.0.0.1', port: plcServer.port, unit: 1, timeout: 1, ...SERIAL, planning: 'slot', maxWords: 125, maxGap: 50 },
        { clock: systemClock },
      ),
    });
  const lines = [connect()];
  const [line] = lines as [Line];
  const log: string[] = [];
  const closing = new AbortController();
  const run: Run = { actor: 'test', signal: closing.signal, log: (_level, text) => void log.push(text), progress: () => undefined };

  return {
    line,
    odoo: odooServer,
    plc: plcServer,
    database,
    log,
    gate: ({ enabled = true, manual = false } = {}) => runGate(line, run, { enabled, manual, stuckAfterMinutes: 30 }),
    fetch: (given = {}) => fetchOrders(line, run, { limit: 10, filter: '', preview: false, message: {}, ...given }),
    load: () => loadRecipes(line, run, { clearUnused: true, checkOdoo: 'prefer' }),
    read: (given = {}) => readBatches(line, run, { settle: 0.02, settleTimeout: 1, acknowledge: true, source: 'plc', payload: null, ...given }),
    complete: (given = {}) =>
      completeBatches(line, run, { markDone: true, maxAttempts: 10, concurrency: 1, strictConsumption: false, noteTemplate: '', payload: null, ...given }),
    cancel: (payload, given = {}) =>
      cancelBatch(line, run, { cancelInOdoo: true, freeSlot: false, notesTemplate: '{{payload.notes}}', reasons: [], message: { payload }, ...given }),
    report: (report, payload = {}) => runReport(line, run, { report, payload, stuckAfterMinutes: 30, remindAfterMinutes: 240 }),
    async queued() {
      const rows = await database.query<{ mo_id: string }>('SELECT mo_id FROM {schema}.mo_batch ORDER BY batch_no');
      return rows.map((row) => row.mo_id);
    },
    history: () => database.query('SELECT mo_id, status, run FROM {schema}.mo_histories ORDER BY id'),
    async plcIsDone(batches) {
      await waitFor(() => plcServer.weighed().length >= batches, { what: `${batches} batches finished in the PLC` });
      // The finished bit follows the weights in a later scan.
      await waitFor(() => plcServer.slots().every((slot) => !['waiting', 'dosing', 'mixing'].includes(slot.state)), { what: 'the cell at rest' });
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
      await Promise.all([odooServer.close(), plcServer.close(), database.close()]);
    },
  };
}

/** Gate, fetch, load, PLC, read, complete: one whole set, as the four timers would do it. */
export async function runSet(plant: Plant): Promise<string[]> {
  const before = plant.plc.weighed().length;
  await plant.fetch();
  const set = await plant.queued();
  await plant.load();
  await plant.plcIsDone(before + set.length);
  await plant.read();
  await plant.complete();
  return set;
}
