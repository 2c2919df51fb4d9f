import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ModbusRTU from 'modbus-serial';
import { systemClock } from '../../src/clock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { acknowledge as acknowledgeSlot, loadRecipe } from '../../src/plc/handshake';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import type { SlotReading } from '../../src/plc/slot';
import { type PlcSimulator, type PlcSimulatorEvent, type PlcSimulatorOptions, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { modbusSettings } from '../support/modbus';
import { waitFor } from '../support/wait';

const mapping = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });
const FAST = { batchTime: 20, speed: 100 };
const NAMES = Array.from({ length: 10 }, (_, index) => `WH/MO/${String(index + 1).padStart(5, '0')}`);
const WRITE_FLAG = 76;

describe('PLC simulator: Modbus TCP', () => {
  let folder: string;
  let stateFile: string;
  const opened: { close(): unknown }[] = [];
  const events: PlcSimulatorEvent[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plc-simulator-'));
    stateFile = join(folder, 'state', 'plc.json');
    events.length = 0;
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    await rm(folder, { recursive: true });
  });

  async function start(options: Partial<PlcSimulatorOptions> = {}): Promise<PlcSimulator> {
    const simulator = await startPlcSimulator({ ...FAST, ...options }, { clock: systemClock, onEvent: (event) => void events.push(event) });
    opened.push(simulator);
    return simulator;
  }

  async function connect(port: number): Promise<ModbusRTU> {
    const client = new ModbusRTU();
    client.on('error', () => undefined);
    client.setTimeout(1000);
    client.setID(1);
    await client.connectTCP('127.0.0.1', { port });
    opened.push({ close: () => client.destroy(() => undefined) });
    return client;
  }

  /** As plc.md says: the recipe in one FC16, the flag in a write of its own, last. The flag is held at 1 meanwhile. */
  async function load(client: ModbusRTU, slot: number, mo_id: string): Promise<void> {
    const { body } = mapping.encodeRecipe({
      batch_no: slot,
      mo_id,
      recipe: 'FEED-A',
      finished_goods: 'Feed A',
      quantity: 1000,
      materials: { silo_a: 600, silo_d: 299.99, lq_fml: 100.01 },
    });
    await client.writeRegisters(body.address, [...body.words, 1]);
    await client.writeRegisters(body.address + WRITE_FLAG, [0]);
  }

  async function read(client: ModbusRTU, slot: number): Promise<SlotReading> {
    const { data } = await client.readHoldingRegisters(mapping.slotAddress('read', slot), mapping.length);
    return mapping.decodeSlot(slot, data, () => 1000);
  }

  const acknowledge = (client: ModbusRTU, slot: number): Promise<unknown> =>
    client.writeRegister(mapping.slotAddress('read', slot) + 76, 1);
  const finished = (client: ModbusRTU, slot: number): Promise<SlotReading> =>
    waitFor(async () => (await read(client, slot)).finished && read(client, slot), { what: `slot ${slot} to finish` });
  const names = (simulator: PlcSimulator): string[] => simulator.weighed().map(({ mo_id }) => mo_id);

  it('takes, doses and finishes a recipe, and waits for the acknowledgement', async () => {
    const simulator = await start({ stateFile });
    const client = await connect(simulator.port);
    await load(client, 3, 'WH/MO/00003');
    const reading = await finished(client, 3);
    assert.deepEqual([reading.mo_id, reading.bad, reading.failed, reading.acknowledged], ['WH/MO/00003', [], false, false]);
    const [weighed] = simulator.weighed();
    assert.deepEqual(
      { ...weighed, finished_at: '' },
      { ...{ mo_id: 'WH/MO/00003', slot: 3, finished_at: '' }, materials: reading.materials, actual_weight: reading.actual_weight },
    );
    for (const [tag, plan] of Object.entries({ silo_a: 600, silo_d: 299.99, lq_fml: 100.01, silo_b: 0 })) {
      const actual = reading.materials[tag] ?? NaN;
      assert.ok(Math.abs(actual - plan) <= plan * 0.01 + 0.005, `${tag}: ${actual} against ${plan}`);
      assert.equal(Math.round(actual * 100) / 100, actual);
    }

    await load(client, 3, 'WH/MO/00013');
    await waitFor(() => simulator.slots()[2]?.recipe, { what: 'the next recipe to wait' });
    assert.equal((await read(client, 3)).mo_id, 'WH/MO/00003');
    await acknowledge(client, 3);
    await waitFor(async () => (await read(client, 3)).mo_id === 'WH/MO/00013', { what: 'the next recipe to be taken' });
    assert.deepEqual(
      events.map(({ event, slot, mo_id }) => `${event} ${slot} ${mo_id}`).slice(0, 5),
      ['taken', 'started', 'finished', 'acknowledged', 'taken'].map((event, index) => `${event} 3 WH/MO/000${index === 4 ? 13 : '03'}`),
    );
  });

  it('drains ten recipes in slot order, one at a time', async () => {
    const simulator = await start({ batchTime: 10 });
    const client = await connect(simulator.port);
    for (const [index, name] of NAMES.entries()) await load(client, index + 1, name);
    await waitFor(
      async () => {
        const busy = simulator.slots().filter(({ state }) => state === 'dosing' || state === 'mixing');
        assert.ok(busy.length <= 1);
        for (const { slot, state } of simulator.slots()) if (state === 'finished') await acknowledge(client, slot);
        return simulator.slots().every(({ state }) => state === 'acknowledged');
      },
      { what: 'ten batches' },
    );
    assert.deepEqual(names(simulator), NAMES);
  });

  it('gets ten recipes from our own writer at its very first start, where every flag is 0, and runs none of them twice', async () => {
    const simulator = await start({ batchTime: 5, stateFile });
    const plc = createModbusPlc(modbusSettings(simulator.port), { clock: systemClock });
    opened.push(plc);
    for (const [index, mo_id] of NAMES.entries()) {
      const recipe = { batch_no: index + 1, mo_id, recipe: 'FEED-A', finished_goods: 'Feed A', quantity: 1000, materials: { silo_a: 900 } };
      assert.equal(await loadRecipe(plc, mapping, recipe), 'loaded');
    }
    await waitFor(
      async () => {
        for (const slot of simulator.slots()) if (slot.state === 'finished') await acknowledgeSlot(plc, mapping, slot);
        return simulator.slots().every(({ state, recipe }) => state === 'acknowledged' && recipe === null);
      },
      { what: 'ten batches' },
    );
    assert.deepEqual(names(simulator), NAMES);
  });

  it('is as fast as speed says', async () => {
    const simulator = await start({ batchTime: 60, speed: 60 });
    const client = await connect(simulator.port);
    await load(client, 1, 'WH/MO/00001');
    await finished(client, 1);
    const at = (name: string): number => Date.parse(events.find(({ event }) => event === name)?.at ?? '');
    const seconds = (at('finished') - at('started')) / 1000;
    assert.ok(seconds > 0.9 && seconds < 5, `60 s at speed 60 took ${seconds} s`);
  });

  it('keeps to the limits of Modbus and to the addresses of the map', async () => {
    const simulator = await start();
    const client = await connect(simulator.port);
    const refusal = async (request: Promise<unknown>): Promise<unknown> =>
      request.then(
        () => 'answered',
        (error: unknown) => (error as { modbusCode?: number }).modbusCode,
      );
    assert.equal((await client.readHoldingRegisters(6000, 125)).data.length, 125);
    assert.equal(await refusal(client.readHoldingRegisters(6000, 126)), 3);
    assert.equal(await refusal(client.readHoldingRegisters(6000, 0)), 3);
    assert.equal(await refusal(client.readHoldingRegisters(5999, 2)), 2);
    assert.equal(await refusal(client.readHoldingRegisters(6976, 1)), 'answered');
    assert.equal(await refusal(client.readHoldingRegisters(6976, 2)), 2);
    assert.equal(await refusal(client.readInputRegisters(6000, 1)), 2);
    assert.equal(await refusal(client.writeRegisters(7000, Array<number>(123).fill(0))), 'answered');
    assert.equal(await refusal(client.writeRegisters(7000, Array<number>(124).fill(0))), 3);
    assert.equal(await refusal(client.writeRegister(8000, 1)), 2);
    assert.equal(await refusal(client.readCoils(0, 1)), 1);
    client.setID(2);
    client.setTimeout(100);
    await assert.rejects(client.readHoldingRegisters(6000, 1), { name: 'TransactionTimedOutError' });
  });

  it('has a write on the disk before it answers', async () => {
    const simulator = await start({ stateFile });
    const client = await connect(simulator.port);
    await client.writeRegisters(7000, [4711]);
    assert.match(await readFile(stateFile, 'utf8'), /4711/);
  });

  it('goes on after it was stopped in the middle, and runs every batch once', async () => {
    let simulator = await start({ stateFile });
    let client = await connect(simulator.port);
    for (const slot of [1, 2, 3]) await load(client, slot, NAMES[slot - 1] ?? '');
    for (const state of ['dosing', 'mixing', 'finished']) {
      await waitFor(() => simulator.slots().some((slot) => slot.state === state), { what: `a batch that is ${state}`, everyMs: 2 });
      await simulator.close();
      simulator = await start({ stateFile });
    }
    await waitFor(() => simulator.slots().filter(({ state }) => state === 'finished').length === 3, { what: 'three batches' });
    assert.deepEqual(names(simulator), NAMES.slice(0, 3));

    client = await connect(simulator.port);
    await acknowledge(client, 2);
    await waitFor(() => simulator.slots()[1]?.state === 'acknowledged', { what: 'the acknowledgement' });
    await simulator.close();
    simulator = await start({ stateFile });
    assert.deepEqual(
      simulator
        .slots()
        .slice(0, 4)
        .map(({ state }) => state),
      ['finished', 'acknowledged', 'finished', 'empty'],
    );
  });

  it('begins anew when the map or the number of slots is another', async () => {
    const simulator = await start({ stateFile });
    await load(await connect(simulator.port), 1, 'WH/MO/00001');
    await simulator.close();
    const fewer = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 2 });
    const other = await start({ stateFile, mapping: fewer });
    assert.deepEqual(
      other.slots().map(({ state, recipe }) => [state, recipe]),
      [
        ['empty', null],
        ['empty', null],
      ],
    );
  });

  it('survives kill -9 again and again without losing or doubling a batch', async () => {
    const program = `
      const { startPlcSimulator } = require('./src/simulators/plc/simulator');
      const { compileMapping } = require('./src/plc/mapping');
      const { FEED_MILL_MAP: map, FEED_MILL_MATERIALS: materials } = require('./src/plc/feed-mill');
      const { systemClock: clock } = require('./src/clock');
      const mapping = compileMapping({ map, materials, slots: 10 });
      startPlcSimulator({ port: 0, unit: 1, mapping, batchTime: 20, speed: 100, deviation: 1, seed: 1, stateFile: process.argv[1] }, { clock })
        .then(({ port }) => console.log(port));`;
    let child: ChildProcess | undefined;
    const launch = async (): Promise<ModbusRTU> => {
      child = spawn(process.execPath, ['--import', 'tsx', '--input-type=commonjs', '--eval', program, stateFile], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [port] = (await once(child.stdout ?? child, 'data')) as [Buffer];
      return connect(Number(String(port)));
    };
    const kill = async (): Promise<void> => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    };
    opened.push({ close: kill });

    const settled = new Map<number, SlotReading>();
    let client = await launch();
    for (const slot of [1, 2, 3, 4]) await load(client, slot, NAMES[slot - 1] ?? '');
    for (const slot of [1, 2, 3]) {
      settled.set(slot, await finished(client, slot));
      await kill();
      client = await launch();
    }
    settled.set(4, await finished(client, 4));
    for (const [slot, reading] of settled) assert.deepEqual(await read(client, slot), reading);
    await kill();
    const simulator = await start({ stateFile });
    assert.deepEqual(names(simulator), NAMES.slice(0, 4));
    assert.deepEqual(
      simulator.weighed().map(({ materials }) => materials),
      [...settled.values()].map(({ materials }) => materials),
    );
  });

  it('refuses a write that it cannot save', async () => {
    const simulator = await start({ stateFile });
    const client = await connect(simulator.port);
    await rm(join(folder, 'state'), { recursive: true });
    await assert.rejects(client.writeRegister(7000, 1), { modbusCode: 4 });
    assert.match(events.find(({ event }) => event === 'not-saved')?.text ?? '', /ENOENT/);
  });

  it('is down: connections are reset, for as many times as asked', async () => {
    const simulator = await start();
    const client = await connect(simulator.port);
    simulator.command({ action: 'fault', fault: 'down', times: 2 });
    await waitFor(() => !client.isOpen, { what: 'the open connection to end' });
    for (let time = 0; time < 2; time += 1) {
      const refused = await connect(simulator.port).catch(() => null);
      if (refused) await waitFor(() => !refused.isOpen, { what: 'the new connection to end' });
    }
    assert.equal((await (await connect(simulator.port)).readHoldingRegisters(6000, 1)).data[0], 0);
  });

  it('is mute: neither answers nor carries out, until the time is over or the fault is cleared', async () => {
    const simulator = await start();
    const client = await connect(simulator.port);
    client.setTimeout(50);
    simulator.command({ action: 'fault', fault: 'mute', seconds: 0.3 });
    await assert.rejects(client.writeRegister(7000, 5), { name: 'TransactionTimedOutError' });
    assert.equal(simulator.registers.read('holding', 7000, 1)[0], 0);
    const value = await waitFor(async () => (await client.readHoldingRegisters(7000, 1)).data, { what: 'the fault to end' });
    assert.deepEqual(value, [0]);

    simulator.command({ action: 'fault', fault: 'mute' });
    await assert.rejects(client.readHoldingRegisters(7000, 1), { name: 'TransactionTimedOutError' });
    simulator.command({ action: 'clear' });
    assert.deepEqual((await client.readHoldingRegisters(7000, 1)).data, [0]);
  });

  it('answers with exceptions and carries nothing out', async () => {
    const simulator = await start();
    const client = await connect(simulator.port);
    simulator.command({ action: 'fault', fault: 'exception', times: 1 });
    await assert.rejects(client.writeRegister(7000, 5), { modbusCode: 4 });
    simulator.command({ action: 'fault', fault: 'exception', exception: 6, times: 1 });
    await assert.rejects(client.readHoldingRegisters(7000, 1), { modbusCode: 6 });
    assert.deepEqual((await client.readHoldingRegisters(7000, 1)).data, [0]);
  });

  it('is power-cycled: connections drop, the batch goes on', async () => {
    const simulator = await start();
    const client = await connect(simulator.port);
    for (const slot of [1, 2]) await load(client, slot, NAMES[slot - 1] ?? '');
    await waitFor(() => simulator.slots()[0]?.state === 'dosing', { what: 'dosing' });
    assert.equal(simulator.command({ action: 'power-cycle' }).event, 'power-cycle');
    await waitFor(() => !client.isOpen, { what: 'the connection to end' });
    const again = await connect(simulator.port);
    await finished(again, 2);
    assert.deepEqual(names(simulator), NAMES.slice(0, 2));
  });

  it('fails a slot, restarts it, and is emptied on command', async () => {
    const simulator = await start({ speed: 20 });
    const client = await connect(simulator.port);
    await load(client, 1, 'WH/MO/00001');
    await waitFor(() => simulator.slots()[0]?.state === 'dosing', { what: 'dosing' });
    assert.deepEqual(
      { ...simulator.command({ action: 'fail', slot: 1 }), at: '' },
      { event: 'failed', slot: 1, mo_id: 'WH/MO/00001', at: '', text: 'WH/MO/00001 failed in slot 1' },
    );
    assert.equal((await read(client, 1)).failed, true);
    assert.throws(() => simulator.command({ action: 'restart', slot: 1, mo_id: 'WH/MO/00002' }), {
      code: 'INPUT_INVALID',
      message: /WH\/MO\/00001 there is failed; restart needs WH\/MO\/00002 held or failed/,
    });
    simulator.command({ action: 'restart', slot: 1, mo_id: 'WH/MO/00001' });
    assert.equal((await read(client, 1)).failed, false);
    await finished(client, 1);
    simulator.command({ action: 'reset' });
    assert.deepEqual([simulator.weighed(), (await read(client, 1)).empty], [[], true]);
  });

  it('names what is wrong with a command', async () => {
    const simulator = await start();
    const cyclic: Record<string, unknown> = { action: 'fault' };
    cyclic.fault = cyclic;
    for (const [payload, message] of [
      [null, /action .* is missing; allowed: fail, hold, restart, power-cycle, fault, clear, reset/],
      [{ action: 'explode' }, /action .* is 'explode'; allowed/],
      [{ action: 'hold', slot: 11 }, /slot .* is 11; allowed: a whole number from 1 to 10/],
      [{ action: 'fail', slot: '1' }, /slot .* is '1'/],
      [
        { action: 'fault', fault: 'toString' },
        /fault .* is 'toString'; allowed: refused, down, one-client, heartbeat-stopped, mute, exception, .*, random$/,
      ],
      [cyclic, /fault .* allowed: refused/],
      [{ action: 'fault', fault: 'mute', seconds: 0 }, /seconds .* is 0; allowed: a number above 0/],
      [{ action: 'fault', fault: 'mute', times: 1.5 }, /times .* is 1.5/],
      [{ action: 'fault', fault: 'exception', exception: 12 }, /exception .* is 12; allowed: a whole number from 1 to 11/],
      [{ action: 'fault', fault: 'late', delay: '5' }, /delay .* is '5'; allowed: a number above 0/],
      [{ action: 'fault', fault: 'nan', slot: 11 }, /slot .* is 11; allowed: a whole number from 1 to 10/],
      [{ action: 'fault', fault: 'random', seed: -1 }, /seed .* is -1/],
    ] as const) {
      assert.throws(() => simulator.command(payload), { code: 'INPUT_INVALID', message });
    }
  });

  it('refuses settings it cannot work with', async () => {
    await assert.rejects(start({ speed: 0 }), { code: 'CONFIG_INVALID', message: /speed .* is 0; allowed are/ });
    await assert.rejects(start({ batchTime: NaN }), { code: 'CONFIG_INVALID', message: /batchTime .* is NaN/ });
  });

  it('says when its port is taken', async () => {
    const { port } = await start();
    await assert.rejects(start({ port }), {
      code: 'CONFIG_INVALID',
      message: /port \d+ .* already in use; choose another Port for the PLC simulator/,
    });
  });
});
