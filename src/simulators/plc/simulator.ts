import type { Clock } from '../../clock';
import { describe, SmartMoError } from '../../errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../plc/feed-mill';
import { compileMapping, type Mapping } from '../../plc/mapping';
import { openStateFile } from '../state-file';
import { type Cell, type CellEvent, type CellState, createCell, EMPTY_CELL, type SlotPicture, type Weighed } from './cell';
import { parseCommand, type PlcCommand } from './commands';
import { createFaults } from './faults';
import { FRAME_FAULTS } from './frame-faults';
import { answerFrame, exceptionFrame, EXCEPTIONS, type ModbusDevice, ModbusRefusal, unitOf } from './frames';
import { seededNoise } from './noise';
import { createPanel } from './panel';
import type { Registers } from './registers';
import { startModbusServer } from './server';
import { createSlotView } from './slot-view';

export interface PlcSimulatorOptions {
  /** Port of 127.0.0.1; default 0, any free one. */
  port: number;
  /** Modbus unit it answers to, default 1; requests to other units stay unanswered. */
  unit: number;
  /** Default: ten slots of the bundled feed mill. */
  mapping: Mapping;
  /** Seconds of plant time per batch, default 60. */
  batchTime: number;
  /** Plant seconds per real second, default 1. */
  speed: number;
  /** Largest error of the scales, percent, default 1. */
  deviation: number;
  /** Of the noise of the scales, default 1. */
  seed: number;
  /** Where the memory of the PLC is kept; default null, only in this process. */
  stateFile: string | null;
}

const DEFAULTS = { port: 0, unit: 1, batchTime: 60, speed: 1, deviation: 1, seed: 1, stateFile: null };

export interface PlcSimulatorDependencies {
  clock: Clock;
  onEvent?: (event: PlcSimulatorEvent) => void;
  /** 0-1; in place of the seeded noise of the scales. */
  random?: () => number;
}

export interface PlcSimulatorEvent {
  event: CellEvent['event'] | 'fault' | 'fault-cleared' | 'power-cycle' | 'reset' | 'not-saved' | 'port-taken';
  slot: number | null;
  mo_id: string | null;
  /** ISO 8601, UTC. */
  at: string;
  /** One sentence for people. */
  text: string;
}

export interface PlcSimulator {
  readonly port: number;
  /** The memory itself, for tests that put words in by hand; what they put in is saved with the next step of the PLC. */
  readonly registers: Registers;
  /** Carries out a command of contract.md. @throws SmartMoError INPUT_INVALID */
  command(payload: unknown): PlcSimulatorEvent;
  slots(): SlotPicture[];
  /** The fault that is on, in words; "" when none is. */
  fault(): string;
  /** What was really dosed, oldest first. */
  weighed(): Weighed[];
  /** Drops connections and stops. Saves nothing: what matters was saved when it happened, as before a kill -9. */
  close(): Promise<void>;
}

interface Memory {
  /** The map and the number of slots the registers were laid out with. */
  layout: string;
  registers: number[][];
  cell: CellState;
}

/** Real time between two scans at speed 1; faster plants scan more often, down to the floor. */
const SCAN_MS = 100;
const SHORTEST_SCAN_MS = 5;
/** Real time one scan may stand for: a suspended computer or a clock that jumps does not finish batches. */
const LONGEST_STEP_MS = 1000;

/**
 * A batch cell behind Modbus TCP on 127.0.0.1, with the register map of a line. Its memory is saved before a write is
 * answered and at every step of a batch, so that it goes on after a kill -9 without losing or doubling a batch.
 * @throws SmartMoError CONFIG_INVALID when a setting is out of range or the port cannot be had
 */
export async function startPlcSimulator(
  options: Partial<PlcSimulatorOptions>,
  dependencies: PlcSimulatorDependencies,
): Promise<PlcSimulator> {
  const { port, unit, batchTime, speed, deviation, seed, stateFile } = { ...DEFAULTS, ...options };
  const mapping = options.mapping ?? compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });
  expectRange('batchTime', batchTime, 0.001, 86_400);
  expectRange('speed', speed, 0.001, 10_000);
  expectRange('deviation', deviation, 0, 100);
  const { clock, onEvent, random } = dependencies;
  const panel = createPanel(mapping);
  const { registers } = panel;
  const faults = createFaults(clock);
  const view = createSlotView({ mapping, registers, faults });
  const stopped = new AbortController();

  const layout = mapping.hash;
  const blank = (): Memory => ({ layout, registers: [], cell: structuredClone(EMPTY_CELL) });
  const memory = openStateFile(stateFile, blank());
  let saved = Promise.resolve();
  let unsaved = false;
  let cell = boot();

  /** Puts the memory into the registers and starts the program of the PLC. Another register map makes another memory. */
  function boot(): Cell {
    if (memory.value.layout !== layout) memory.value = blank();
    registers.load(memory.value.registers);
    panel.start();
    const noise = (run: number): (() => number) => random ?? seededNoise(seed + run);
    return createCell({ panel, state: memory.value.cell, clock, batchTime, deviation, noise });
  }

  /** To be called in the same tick as the change, so that registers and cell are one picture. */
  function save(): void {
    memory.value.registers = registers.dump();
    saved = memory.save();
    saved.then(
      () => (unsaved = false),
      (error: unknown) => {
        if (!unsaved) emit('not-saved', `the memory of the PLC simulator was not saved, requests are refused: ${describe(error)}`);
        unsaved = true;
      },
    );
  }

  function emit(event: PlcSimulatorEvent['event'], text: string, batch?: { slot: number; mo_id: string }): PlcSimulatorEvent {
    const emitted = { event, slot: batch?.slot ?? null, mo_id: batch?.mo_id ?? null, at: clock.now().toISOString(), text };
    onEvent?.(emitted);
    return emitted;
  }

  const device: ModbusDevice = {
    read(area, address, count) {
      if (!registers.covers(area, address, count)) throw new ModbusRefusal(EXCEPTIONS.illegalAddress);
      return view.read(area, address, count);
    },
    write(address, words) {
      if (!registers.covers('holding', address, words.length)) throw new ModbusRefusal(EXCEPTIONS.illegalAddress);
      registers.write('holding', address, words);
      save();
    },
  };

  /** Nothing leaves the device that a kill -9 could undo: a write is answered, and a step of a batch shown, once it is saved. */
  async function serve(frame: Buffer): Promise<Buffer> {
    const answer = answerFrame(frame, device);
    return saved.then(
      () => answer,
      () => exceptionFrame(frame, EXCEPTIONS.deviceFailure),
    );
  }

  const server = await startModbusServer({
    port,
    accept: (open) => faults.accepts(open),
    onTrouble: (text) => emit('port-taken', text),
    async answer(frame, connection) {
      if (unitOf(frame) !== unit) return;
      const strike = faults.atRequest();
      const wait = (seconds: number): Promise<void> => clock.sleep(seconds * 1000, stopped.signal);
      if (strike) await FRAME_FAULTS[strike.fault]({ frame, serve: () => serve(frame), wait, ...connection }, strike);
      else connection.send(await serve(frame));
    },
  });

  function scan(seconds: number): void {
    server.listen(!faults.isOn('refused'));
    if (!faults.isOn('heartbeat-stopped')) panel.beat();
    view.remember();
    const { events, changed } = cell.scan(seconds);
    if (changed || unsaved) save();
    for (const { event, text, ...batch } of events) emit(event, text, batch);
  }

  async function scanUntilStopped(): Promise<void> {
    let last = clock.now().getTime();
    while (!stopped.signal.aborted) {
      await clock.sleep(Math.max(SHORTEST_SCAN_MS, SCAN_MS / speed), stopped.signal);
      const now = clock.now().getTime();
      scan((Math.min(Math.max(now - last, 0), LONGEST_STEP_MS) / 1000) * speed);
      last = now;
    }
  }
  // The only rejection is the CLOSED of the sleep that close() interrupts.
  const scanning = scanUntilStopped().catch(() => undefined);

  function carryOut(command: PlcCommand): PlcSimulatorEvent {
    switch (command.action) {
      case 'fault':
        faults.set(command);
        server.listen(command.fault !== 'refused');
        if (command.fault === 'down' || command.fault === 'refused') server.dropConnections();
        return emit('fault', `fault ${command.fault} is on`);
      case 'clear':
        faults.clear();
        server.listen(true);
        return emit('fault-cleared', 'no fault is on');
      case 'power-cycle':
        server.dropConnections();
        cell = boot();
        return emit('power-cycle', 'the PLC was switched off and on');
      case 'reset':
        faults.clear();
        memory.value = blank();
        cell = boot();
        save();
        return emit('reset', 'the PLC is empty');
      default: {
        const { event, text, ...batch } = cell.act(command.action, command.slot, command.mo_id);
        save();
        return emit(event, text, batch);
      }
    }
  }

  return {
    port: server.port,
    registers,
    command: (payload) => carryOut(parseCommand(payload, { slots: panel.slots, seed })),
    slots: () => Array.from({ length: panel.slots }, (_, index) => cell.picture(index + 1)),
    fault: () => faults.summary(),
    weighed: () => structuredClone(memory.value.cell.weighed),
    async close() {
      stopped.abort();
      await Promise.all([scanning, server.close()]);
      // The next owner of the state file must not be overtaken by this one.
      await saved.catch(() => undefined);
    },
  };
}

function expectRange(name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new SmartMoError('CONFIG_INVALID', `${name} of the PLC simulator is ${value}; allowed are ${low} to ${high}`, { value });
}
