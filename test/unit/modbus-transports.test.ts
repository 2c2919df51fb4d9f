import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { ServerTCP } from 'modbus-serial';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { loadRecipe } from '../../src/plc/handshake';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import { readSlots } from '../../src/plc/read-slots';
import { modbusSettings } from '../support/modbus';

const clock = { ...systemClock, sleep: () => Promise.resolve() };

describe('Modbus TCP against a device', () => {
  const registers = new Map<number, number>();
  let device: ServerTCP;
  let port: number;

  before(async () => {
    const word = (address: number): number => registers.get(address) ?? 0;
    device = new ServerTCP(
      {
        getHoldingRegister: (address: number) => word(address),
        getInputRegister: (address: number) => word(address) ^ 0xffff,
        setRegister: (address: number, value: number) => void registers.set(address, value),
      },
      { host: '127.0.0.1', port: 0, unitID: 1 },
    );
    await once(device, 'initialized');
    port = ((device as unknown as { _server: Server })._server.address() as AddressInfo).port;
  });
  after((done) => device.close(() => done()));

  it('reads both kinds of registers and writes', async () => {
    const plc = createModbusPlc(modbusSettings(port), { clock });
    await plc.write(100, [1, 65535, 40000]);
    assert.deepEqual(await plc.read('holding', 99, 5), [0, 1, 65535, 40000, 0]);
    assert.deepEqual(await plc.read('input', 100, 2), [65534, 0]);
    const most = Array.from({ length: 123 }, (_, index) => index * 500);
    await plc.write(65413, most);
    assert.deepEqual(await plc.read('holding', 65413, 123), most);
    assert.equal(plc.state().state, 'ok');
    plc.close();
  });

  it('loads a recipe and reads the slots of a feed mill', async () => {
    const plc = createModbusPlc(modbusSettings(port), { clock });
    const mapping = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });
    const recipe = { batch_no: 4, mo_id: 'WH/MO/00042', recipe: 'A', finished_goods: 'B', quantity: 1000, materials: { silo_a: 999.99 } };
    assert.equal(await loadRecipe(plc, mapping, recipe), 'loaded');
    for (let at = 0; at < 77; at += 1) registers.set(6300 + at, registers.get(7300 + at) ?? 0);
    const { readings, requests } = await readSlots(plc, mapping, { orderQuantity: () => 1000 });
    assert.equal(requests, 10);
    assert.equal(readings[3]?.mo_id, 'WH/MO/00042');
    assert.equal(readings[3]?.materials.silo_a, 999.99);
    assert.deepEqual(readings[3]?.bad, []);
    plc.close();
  });

  it('300 of 300 reads are right on one connection, past the wrap of the transaction number', async () => {
    const plc = createModbusPlc(modbusSettings(port), { clock });
    for (let index = 0; index < 300; index += 1) registers.set(20_000 + index, index * 3);
    for (let index = 0; index < 300; index += 1) assert.deepEqual(await plc.read('holding', 20_000 + index, 1), [index * 3]);
    plc.close();
  });
});

/** Modbus checksum, for the stand-in of a gateway. */
function crc(bytes: Buffer): Buffer {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return Buffer.from([sum & 0xff, sum >> 8]);
}

describe('Modbus RTU over TCP', () => {
  const sockets = new Set<Socket>();
  let gateway: Server;
  let spoil: (answer: Buffer) => Buffer | null;

  beforeEach(async () => {
    spoil = (answer) => answer;
    gateway = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', (request) => {
        assert.deepEqual(crc(request.subarray(0, -2)), request.subarray(-2), 'the request has a right checksum');
        const [unit = 0, code = 0] = request;
        const address = request.readUInt16BE(2);
        const count = request.readUInt16BE(4);
        const body = Buffer.alloc(code === 16 ? 6 : 3 + 2 * count);
        body.set([unit, code]);
        if (code === 16) {
          body.writeUInt16BE(address, 2);
          body.writeUInt16BE(count, 4);
        } else {
          body.writeUInt8(2 * count, 2);
          for (let index = 0; index < count; index += 1) body.writeUInt16BE(address + index, 3 + 2 * index);
        }
        const answer = spoil(Buffer.concat([body, crc(body)]));
        if (answer) socket.write(answer);
      });
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => gateway.close(resolve));
  });

  it('reads and writes; what is not the answer ends the connection, the next reads are right', async () => {
    const { port } = gateway.address() as AddressInfo;
    const plc = createModbusPlc(modbusSettings(port, { transport: 'rtu-tcp', timeout: 0.15 }), { clock });
    assert.deepEqual(await plc.read('holding', 300, 3), [300, 301, 302]);
    await plc.write(300, [1, 2]);
    const withCrc = (body: Buffer): Buffer => Buffer.concat([body, crc(body)]);
    const faults: [string, (answer: Buffer) => Buffer | null, string][] = [
      ['silence', () => null, 'PLC_TIMEOUT'],
      ['wrong checksum', (answer) => Buffer.from([...answer.subarray(0, -1), (answer.at(-1) ?? 0) ^ 1]), 'PLC_ANSWER'],
      ['wrong unit', (answer) => withCrc(Buffer.from([9, ...answer.subarray(1, -2)])), 'PLC_ANSWER'],
      ['wrong byte count', (answer) => withCrc(Buffer.from([...answer.subarray(0, 2), 4, ...answer.subarray(3, -2)])), 'PLC_ANSWER'],
      ['noise before', (answer) => Buffer.concat([Buffer.from([0, 0]), answer]), 'PLC_ANSWER'],
      ['noise behind', (answer) => Buffer.concat([answer, Buffer.from([0])]), 'PLC_ANSWER'],
      ['partial', (answer) => answer.subarray(0, 6), 'PLC_TIMEOUT'],
      ['exception', () => withCrc(Buffer.from([1, 0x83, 2])), 'PLC_EXCEPTION'],
    ];
    for (const [name, fault, code] of faults) {
      spoil = fault;
      const error = await plc.read('holding', 50, 3).then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof SmartMoError, name);
      assert.equal(error.code, code, `${name}: ${error.message}`);
      spoil = (answer) => answer;
      for (let address = 0; address < 5; address += 1)
        assert.deepEqual(await plc.read('holding', address, 2), [address, address + 1], name);
    }
    plc.close();
  });

  it('after a fault it waits one timeout: a late RTU answer carries no number', async () => {
    const pauses: number[] = [];
    const now = new Date();
    const { port } = gateway.address() as AddressInfo;
    const plc = createModbusPlc(modbusSettings(port, { transport: 'rtu-tcp', timeout: 0.1 }), {
      clock: { now: () => now, sleep: async (ms) => void pauses.push(ms) },
    });
    spoil = () => null;
    await assert.rejects(plc.read('holding', 1, 1), { code: 'PLC_TIMEOUT' });
    spoil = (answer) => answer;
    assert.deepEqual(await plc.read('holding', 1, 1), [1]);
    assert.deepEqual(pauses, [100]);
    plc.close();
  });
});

describe('Modbus on a serial port', () => {
  it('a device that is not there is an error that names it, and nothing stays open', async () => {
    const plc = createModbusPlc(modbusSettings(502, { transport: 'serial', host: '', device: '/dev/no-such-port' }), { clock });
    await assert.rejects(plc.read('holding', 1, 1), (error: unknown) => {
      assert.ok(error instanceof SmartMoError);
      assert.ok(['PLC_UNREACHABLE', 'CONFIG_INVALID'].includes(error.code), error.code);
      return true;
    });
    assert.equal(plc.state().state, 'down');
    plc.close();
    assert.throws(() => createModbusPlc(modbusSettings(502, { transport: 'serial' }), { clock }), { code: 'CONFIG_MISSING' });
  });
});
