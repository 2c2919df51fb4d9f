import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import { createModbusPlc } from '../../src/plc/modbus';
import type { ModbusSettings } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { slug } from '../support/fault-list';
import { type Behaviour, createModbusDevice, FAULTS, frame, pdu, right, wordAt } from '../support/misbehaving-plc';
import { modbusSettings } from '../support/modbus';

describe('Modbus against a misbehaving device', () => {
  const open = new Set<Socket>();
  const closers: (() => void)[] = [];
  let server: Server;
  let behave: Behaviour;
  let connections = 0;
  let inFlight = 0;
  let mostInFlight = 0;

  beforeEach(async () => {
    behave = right;
    connections = inFlight = mostInFlight = 0;
    server = createModbusDevice((socket, asked) => {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      behave(socket, asked);
      inFlight -= 1;
    });
    server.on('connection', (socket) => {
      connections += 1;
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  function plcOf(changes: Partial<ModbusSettings> = {}, port = (server.address() as AddressInfo).port): Plc {
    const plc = createModbusPlc(modbusSettings(port, { timeout: 0.15, ...changes }), {
      clock: { ...systemClock, sleep: () => Promise.resolve() },
    });
    closers.push(() => plc.close());
    return plc;
  }

  const expected = (address: number, count: number): number[] => Array.from({ length: count }, (_, index) => wordAt(address + index));

  async function errorOf(work: Promise<unknown>): Promise<SmartMoError> {
    const error = await work.then(
      (value) => assert.fail(`got ${JSON.stringify(value)} instead of an error`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SmartMoError, String(error));
    return error;
  }

  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`${name}: ${fault.code}, and every read after it is right [fault: plc-${slug(name)}]`, async () => {
      const plc = plcOf();
      assert.deepEqual(await plc.read('holding', 10, 4), expected(10, 4));
      behave = fault.behave;
      const error = await errorOf(plc.read('holding', 20, 4));
      assert.equal(error.code, fault.code, error.message);
      assert.equal(error.class, 'transient');
      assert.equal(plc.state().state, 'down');
      behave = right;
      for (let index = 0; index < 20; index += 1) assert.deepEqual(await plc.read('holding', index, 5), expected(index, 5));
      assert.equal(plc.state().state, 'ok');
      assert.equal(connections, 2);
    });
  }

  it('a write whose answer never comes has an unknown outcome [fault: plc-write-unanswered]', async () => {
    const plc = plcOf();
    for (const name of ['silence', 'reset', 'wrong transaction id']) {
      behave = FAULTS[name]?.behave ?? right;
      const error = await errorOf(plc.write(7000, [1, 2, 3]));
      assert.equal(error.class, 'unknown', name);
    }
    behave = right;
    await plc.write(7000, [1, 2, 3]);
  });

  it('a write whose echo names another place is not taken for done [fault: plc-write-echo-wrong]', async () => {
    const plc = plcOf();
    behave = (socket, asked) => void socket.write(frame(asked.transaction, pdu({ ...asked, address: asked.address + 1 })));
    assert.equal((await errorOf(plc.write(7000, [1, 2]))).code, 'PLC_ANSWER');
    behave = (socket, asked) => void socket.write(frame(asked.transaction, pdu({ ...asked, count: 1 })));
    assert.equal((await errorOf(plc.write(7000, [1, 2]))).code, 'PLC_ANSWER');
  });

  it('every exception code is an error that names the request, and the connection stays [fault: plc-exceptions-1-to-11]', async () => {
    const plc = plcOf();
    for (let code = 1; code <= 11; code += 1) {
      behave = (socket, asked) => void socket.write(frame(asked.transaction, Buffer.from([asked.code | 0x80, code])));
      const error = await errorOf(plc.read('input', 6000, 77));
      assert.equal(error.code, 'PLC_EXCEPTION');
      assert.equal(error.value, code);
      assert.match(error.message, /77 words at 6000 with exception/);
    }
    behave = right;
    assert.deepEqual(await plc.read('holding', 1, 1), expected(1, 1));
    assert.equal(connections, 1);
    assert.equal(plc.state().state, 'ok');
  });

  it('a late answer never becomes the answer to a later request [fault: plc-late]', async () => {
    const plc = plcOf();
    const late: (() => void)[] = [];
    behave = (socket, asked) => void late.push(() => socket.write(frame(asked.transaction, pdu(asked))));
    assert.equal((await errorOf(plc.read('holding', 500, 3))).code, 'PLC_TIMEOUT');
    behave = (socket, asked) => {
      for (const answer of late.splice(0)) answer();
      right(socket, asked);
    };
    for (let index = 0; index < 10; index += 1) assert.deepEqual(await plc.read('holding', index, 3), expected(index, 3));
  });

  it('bytes that nobody asked for end the connection [fault: plc-unasked-bytes]', async () => {
    const plc = plcOf();
    behave = (socket, asked) =>
      void socket.write(Buffer.concat([frame(asked.transaction, pdu(asked)), frame(asked.transaction + 1, pdu(asked))]));
    assert.equal((await errorOf(plc.read('holding', 5, 2))).code, 'PLC_ANSWER');
    behave = right;
    assert.deepEqual(await plc.read('holding', 9, 2), expected(9, 2));
  });

  it('bytes that come after the answer, asked for by nobody, are not the next answer', async () => {
    const plc = plcOf();
    let line: Socket | undefined;
    behave = (socket, asked) => {
      line = socket;
      right(socket, asked);
    };
    await plc.read('holding', 5, 2);
    const first = line;
    first?.write(frame(2, pdu({ transaction: 2, unit: 1, code: 3, address: 900, count: 2 })));
    const deadline = Date.now() + 2000;
    while (first && open.has(first)) {
      assert.ok(Date.now() < deadline, 'the connection is still in use');
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await plc.read('holding', 9, 2), expected(9, 2));
    assert.equal(connections, 2);
  });

  it('a connection that the PLC closes is told as such', async () => {
    const plc = plcOf();
    behave = FAULTS.FIN?.behave ?? right;
    assert.match((await errorOf(plc.read('holding', 5, 2))).message, /the PLC closed the connection/);
  });

  it('an answer that drips in byte by byte is an answer [fault: plc-dripping]', async () => {
    const plc = plcOf({ timeout: 2 });
    behave = (socket, asked) => {
      const bytes = frame(asked.transaction, pdu(asked));
      socket.setNoDelay(true);
      const drip = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(drip, at + 1));
      };
      drip(0);
    };
    assert.deepEqual(await plc.read('holding', 40, 6), expected(40, 6));
  });

  it('600 requests at once go out one after the other and get each its own answer', async () => {
    const plc = plcOf({ timeout: 5 });
    behave = (socket, asked) => setImmediate(() => right(socket, asked));
    const answers = await Promise.all(Array.from({ length: 600 }, (_, index) => plc.read('holding', index, 3)));
    answers.forEach((words, index) => assert.deepEqual(words, expected(index, 3)));
    assert.equal(connections, 1);
    assert.equal(mostInFlight, 1);
  });

  it('random faults among reads: no wrong data, nothing hangs [fault: plc-many-at-random]', async () => {
    const plc = plcOf({ timeout: 0.05 });
    const faults = Object.values(FAULTS);
    let turn = 0;
    behave = (socket, asked) => {
      turn += 1;
      (turn % 3 === 0 ? (faults[turn % faults.length]?.behave ?? right) : right)(socket, asked);
    };
    let good = 0;
    for (let index = 0; index < 120; index += 1) {
      await plc.read('holding', index, 4).then(
        (words) => {
          good += 1;
          assert.deepEqual(words, expected(index, 4));
        },
        (error: unknown) => assert.ok(error instanceof SmartMoError),
      );
    }
    assert.ok(good >= 75, `${good} good`);
  });

  it('a refused connection is told once to everybody who waited [fault: plc-refused]', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const plc = plcOf({}, port);
    const errors = await Promise.all([1, 2, 3].map((address) => errorOf(plc.read('holding', address, 1))));
    assert.deepEqual(new Set(errors.map((error) => error.code)), new Set(['PLC_UNREACHABLE']));
    assert.equal(new Set(errors).size, 1);
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  it('pauses grow between attempts and stop growing', async () => {
    const pauses: number[] = [];
    const now = new Date();
    const { port } = server.address() as AddressInfo;
    const clock = { now: () => now, sleep: async (ms: number) => void pauses.push(ms) };
    const plc = createModbusPlc(modbusSettings(port, { timeout: 1 }), { clock });
    closers.push(() => plc.close());
    behave = FAULTS.reset?.behave ?? right;
    for (let index = 0; index < 9; index += 1) await errorOf(plc.read('holding', 1, 1));
    assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000]);
    behave = right;
    await plc.read('holding', 1, 1);
    behave = FAULTS.reset?.behave ?? right;
    pauses.length = 0;
    await errorOf(plc.read('holding', 1, 1));
    behave = right;
    await plc.read('holding', 1, 1);
    assert.deepEqual(pauses, [], 'a first fault is followed by an attempt at once');
  });

  it('close fails what waits with CLOSED and ends the connection; abort lets a caller go', async () => {
    const plc = plcOf({ timeout: 30 });
    await plc.read('holding', 1, 1);
    behave = () => undefined;
    const gone = new AbortController();
    const aborted = errorOf(plc.read('holding', 2, 1, gone.signal));
    gone.abort();
    assert.equal((await aborted).code, 'CLOSED');
    const waiting = [errorOf(plc.read('holding', 3, 1)), errorOf(plc.write(3, [1]))];
    plc.close();
    for (const error of await Promise.all(waiting)) assert.equal(error.code, 'CLOSED');
    assert.equal((await errorOf(plc.read('holding', 4, 1))).code, 'CLOSED');
    const deadline = Date.now() + 2000;
    while (open.size > 0) {
      assert.ok(Date.now() < deadline, 'the socket is still open');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('an abort while a request is in flight does not cost the others their connection', async () => {
    const plc = plcOf({ timeout: 5 });
    const answers: (() => void)[] = [];
    behave = (socket, asked) => void answers.push(() => right(socket, asked));
    const gone = new AbortController();
    const first = errorOf(plc.read('holding', 1, 2, gone.signal));
    const second = plc.read('holding', 2, 2);
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    await first;
    behave = right;
    for (const answer of answers) answer();
    assert.deepEqual(await second, expected(2, 2));
    assert.equal(connections, 1);
  });

  it('a connection that ends while idle is noticed, and the next read makes a new one [fault: plc-closed-while-idle]', async () => {
    const plc = plcOf();
    await plc.read('holding', 1, 1);
    for (const socket of open) socket.end();
    const deadline = Date.now() + 2000;
    while (open.size > 0) {
      assert.ok(Date.now() < deadline);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await plc.read('holding', 2, 2), expected(2, 2));
    assert.equal(connections, 2);
  });

  it('requests that Modbus cannot carry and settings that make no sense are refused with their value', async () => {
    const plc = plcOf();
    for (const work of [
      plc.read('holding', 0, 126),
      plc.read('holding', 0, 0),
      plc.read('holding', 65535, 2),
      plc.write(0, []),
      plc.write(0, new Array<number>(124).fill(0)),
      plc.write(0, [70000]),
    ]) {
      assert.equal((await errorOf(work)).code, 'INPUT_INVALID');
    }
    assert.throws(() => plcOf({ host: ' ' }), { code: 'CONFIG_MISSING' });
    assert.throws(() => plcOf({ port: 0 }), { code: 'CONFIG_INVALID', message: /Port of the PLC is 0/ });
    assert.throws(() => plcOf({ timeout: Number.NaN }), { code: 'CONFIG_INVALID' });
    assert.equal(connections, 0);
  });
});
