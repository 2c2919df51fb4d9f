import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { systemClock } from '../../src/clock';
import type { OdooSettings } from '../../src/odoo/settings';
import type { ModbusSettings } from '../../src/plc/modbus';
import { notations } from '../../src/plc/notations';
import { probeOdoo as askOdoo } from '../../src/probe/odoo';
import { probePlc as askPlc } from '../../src/probe/plc';
import { type Probe, type ProbeResult, runProbe as run } from '../../src/probe/probe';
import type { Told } from '../../src/sentence';
import { type OdooSimulator, startOdooSimulator } from '../../src/simulators/odoo/simulator';
import { type PlcSimulator, startPlcSimulator } from '../../src/simulators/plc/simulator';
import { englishLater } from '../support/english';
import { modbusSettings } from '../support/modbus';
import { Refusal, type Script, startScript } from '../support/odoo-script';
import { waitFor } from '../support/wait';

const CANARY = 'secret-canary-7f3a';

const probeOdoo = englishLater(askOdoo);
const probePlc = englishLater(askPlc);
const runProbe = englishLater(run);

function detail({ details }: Told<ProbeResult>, label: string): string | undefined {
  return details.find((one) => one.label === label)?.value;
}

describe('a probe', () => {
  it('shows the error and what was found before it', async () => {
    const result = await runProbe(async ({ found }) => {
      found('version', 17);
      throw new Error('the second step failed');
    });
    assert.deepEqual(result, { ok: false, text: 'the second step failed', details: [{ label: 'version', value: '17' }] });
  });

  it('ends when its time is over, tells the work to stop, and takes no late findings', async () => {
    let stopped = false;
    let tell: Probe['found'] | undefined;
    const result = await runProbe(({ found, signal }) => {
      tell = found;
      found('early', 'yes');
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new Error('aborted'));
        });
      });
    }, 30);
    tell?.('late', 'no');
    assert.equal(stopped, true);
    assert.equal(result.ok, false);
    assert.match(result.text, /no complete answer within 0.03 s/);
    assert.deepEqual(result.details, [{ label: 'early', value: 'yes' }]);
  });
});

describe('addresses', () => {
  for (const [area, address, text] of [
    ['holding', 6028, '6028 = 46029 = 406029'],
    ['holding', 0, '0 = 40001 = 400001'],
    ['holding', 9998, '9998 = 49999 = 409999'],
    ['holding', 9999, '9999 = 410000'],
    ['input', 99, '99 = 30100 = 300100'],
  ] as const) {
    it(`${area} ${address} is ${text}`, () => assert.equal(notations(area, address), text));
  }
});

describe('test of an Odoo', () => {
  const settings = (url: string, more: Partial<OdooSettings> = {}): OdooSettings => ({
    url,
    database: 'demo',
    login: 'demo',
    password: 'demo',
    protocol: 'auto',
    timeout: 30,
    retryMin: 2,
    retryMax: 300,
    ...more,
  });
  let odoo: OdooSimulator;
  let script: Script | undefined;
  before(async () => {
    odoo = await startOdooSimulator({ port: 0, orders: 12 });
  });
  afterEach(async () => {
    await script?.close();
    script = undefined;
  });
  after(() => odoo.close());

  it('shows version, protocol, user, rights and the number of confirmed MOs', async () => {
    assert.deepEqual(await probeOdoo(settings(odoo.url)), {
      ok: true,
      text: 'Odoo 17.0 answers and has 12 confirmed MOs',
      details: [
        { label: 'version', value: 'Odoo 17.0' },
        { label: 'protocol', value: 'jsonrpc' },
        { label: 'user', value: 'demo, id 6' },
        { label: 'rights', value: 'may read and change MOs' },
        { label: 'confirmed MOs', value: '12' },
      ],
    });
  });

  it('tells a wrong password without showing it', async () => {
    const result = await probeOdoo(settings(odoo.url, { password: CANARY }));
    assert.equal(result.ok, false);
    assert.match(result.text, /^ODOO_AUTH: database "demo" refuses "demo"/);
    assert.doesNotMatch(JSON.stringify(result), new RegExp(CANARY));
  });

  it('tells an address where nothing listens', async () => {
    const result = await probeOdoo(settings('http://127.0.0.1:1'));
    assert.equal(result.ok, false);
    assert.match(result.text, /^ODOO_UNREACHABLE: http:\/\/127\.0\.0\.1:1: nothing listens/);
  });

  it('tells a user who may read but not change', async () => {
    script = await startScript(({ name }) => (name === 'stock.move.check_access_rights' ? false : undefined));
    const result = await probeOdoo(settings(script.url));
    assert.match(result.text, /^ODOO_RIGHTS: user "demo" may read MOs but not change/);
    assert.equal(detail(result, 'rights'), 'may read MOs');
    assert.equal(result.ok, false);
    const questions = script.asked.filter(({ name }) => name.endsWith('check_access_rights'));
    assert.deepEqual(
      new Set(questions.map(({ name }) => name)),
      new Set(['mrp.production.check_access_rights', 'stock.move.check_access_rights']),
    );
    for (const { args } of questions) assert.deepEqual(args, ['write', false], 'asked, not tried');
  });

  it('does not take an Odoo that answers no question about rights for a refusal', async () => {
    script = await startScript(({ name }) => {
      if (name.endsWith('check_access_rights'))
        throw new Refusal('odoo.exceptions.AccessError', 'Private methods cannot be called remotely.');
      return undefined;
    });
    const result = await probeOdoo(settings(script.url));
    assert.equal(result.ok, true, result.text);
    assert.match(detail(result, 'rights') ?? '', /not known/);
  });
});

describe('test of a PLC', () => {
  const settings = (port: number): ModbusSettings => modbusSettings(port, { timeout: 0.3 });
  const FIRST = { area: 'holding', address: 6000 } as const;
  let plc: PlcSimulator;
  before(async () => {
    plc = await startPlcSimulator({ port: 0 }, { clock: systemClock });
  });
  after(() => plc.close());

  it('shows how fast it answers and the first words', async () => {
    const result = await probePlc(settings(plc.port), FIRST);
    assert.equal(result.ok, true, result.text);
    assert.match(result.text, /^the PLC answers within \d+ ms$/);
    assert.match(detail(result, 'connected') ?? '', new RegExp(`^to 127\\.0\\.0\\.1:${plc.port} unit 1 within \\d+ ms$`));
    const words = detail(result, 'first 10 words from holding 6000 = 46001 = 406001');
    assert.equal(words?.split(', ').length, 10);
  });

  it('is content with a PLC that has no such address: it answers', async () => {
    const result = await probePlc(settings(plc.port), { area: 'holding', address: 60_000 });
    assert.equal(result.ok, true, result.text);
    assert.match(detail(result, 'holding 60000 = 460001') ?? '', /exception 2: illegal data address/);
  });

  it('tells a port where nothing listens', async () => {
    const result = await probePlc(settings(1), FIRST);
    assert.equal(result.ok, false);
    assert.match(result.text, /^PLC_UNREACHABLE: .*127\.0\.0\.1:1/);
  });

  it('tells a device that is connected but mute, and hangs up [fault: plc-mute]', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume())).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const result = await probePlc(settings((mute.address() as AddressInfo).port), FIRST);
    assert.match(result.text, /^PLC_TIMEOUT: /);
    await waitFor(() => sockets.length > 0 && sockets.every((socket) => socket.destroyed || socket.readableEnded), {
      what: 'the end of the connection',
    });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});
