import type { Clock } from '../clock';
import type { Database } from '../database/database';
import { SmartMoError } from '../errors';
import type { Odoo } from '../odoo/odoo';
import type { Mapping } from '../plc/mapping';
import type { Plc } from '../plc/plc';
import type { SlotReading } from '../plc/slot';
import type { Material } from '../material';
import { noSightings, type Sightings } from './sightings';

/** What an integrator sets on mo-line, parsed. Tolerances are percent. */
export interface LineSettings {
  /** Key in tables and payloads. */
  line: string;
  /** How many batches the PLC holds at once. */
  slots: number;
  materials: readonly Material[];
  recipes: 'write' | 'none';
  scaleManual: boolean;
  /** The plan of the scada protocol is that of the BoM: scale it to the order. */
  scaleBom: boolean;
  recipeTolerance: number;
  weightTolerance: number;
  onMismatch: 'fail' | 'warn';
  onFailedBit: 'alarm' | 'cancel';
  mode: 'live' | 'observe';
  staleAfterMinutes: number;
}

/** The work of a line that must not run twice at once in this process. Other processes are kept out by the tables. */
export type TaskName = 'gate' | 'fetch' | 'write' | 'read' | 'complete' | 'health';

/** One physical line at run time: its settings, its connections and what is in flight. Shared by all nodes of the line. */
export interface Line extends LineSettings {
  readonly database: Database;
  readonly odoo: Odoo | null;
  readonly plc: Plc | null;
  readonly mapping: Mapping;
  /** Why the register map cannot be used; then the mapping is good for showing what the tables hold, and for nothing else. */
  readonly mapProblem: SmartMoError | null;
  readonly clock: Clock;
  /** When this process began to know the line: what it has not asked since then it does not know. */
  readonly startedAt: Date;
  /** How far the database clock is ahead of that of this process, as last seen (monitor/one-clock). */
  readonly skew: { ms: number };
  readonly inFlight: Set<TaskName>;
  /** What messages have shown of the slots, for plc-batch-reader with source msg. */
  readonly sightings: Sightings;
  /** What the PLC showed at the last read, by slot; kept in memory only (read-slots.ts). */
  readonly lastReadings: Map<number, SlotReading>;
  /** Alarms announced from memory, because the table of alarms is what is out of reach: code and since when. */
  readonly announced: Map<string, Date>;
  /** Why the line shall be on hold from the start of this process; null once stored. */
  startHold: string | null;
  /** "" or "[line2]": log lines name the line when a flow has more than one. */
  readonly logTag: () => string;
}

export interface LineDependencies {
  database: Database;
  odoo: Odoo | null;
  plc: Plc | null;
  mapping: Mapping;
  mapProblem?: SmartMoError | null;
  clock: Clock;
  logTag: () => string;
  startHold?: string | null;
}

export function createLine(settings: LineSettings, dependencies: LineDependencies): Line {
  const state = {
    startedAt: dependencies.clock.now(),
    skew: { ms: 0 },
    inFlight: new Set<TaskName>(),
    announced: new Map<string, Date>(),
    sightings: noSightings(),
    lastReadings: new Map<number, SlotReading>(),
  };
  return { ...settings, startHold: null, mapProblem: null, ...dependencies, ...state };
}

/** @throws CONFIG_MISSING when the line has no Odoo */
export function odooOf(line: Line): Odoo {
  if (line.odoo) return line.odoo;
  throw new SmartMoError('CONFIG_MISSING', `line ${line.line} has no Odoo; choose one in its mo-line node`);
}

/** @throws CONFIG_MISSING when the line has no PLC, MAP_INVALID when nobody knows what its words mean */
export function plcOf(line: Line): Plc {
  if (line.mapProblem) throw line.mapProblem;
  if (line.plc) return line.plc;
  throw new SmartMoError('CONFIG_MISSING', `line ${line.line} has no PLC; choose one in its mo-line node`);
}
