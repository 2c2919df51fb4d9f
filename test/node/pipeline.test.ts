import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Context } from 'mocha';
import helper from 'node-red-node-test-helper';
import { tryPort } from '../../scripts/ports';
import { waitFor } from '../support/wait';
import { type FlowNode, lineOnDatabase, type Loaded, load } from './flow';

/** A port that was free a moment ago. */
const freePort = (): Promise<number> => tryPort(0);

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return opened;
}

/** The simulated plant with all working nodes on one line. */
async function plant(context: Context): Promise<Loaded> {
  const [odooPort, plcPort] = [await freePort(), await freePort()];
  const { flow, credentials } = await lineOnDatabase(context, { odoo: 'odoo1', plc: 'plc1' });
  const nodes: FlowNode[] = [
    { id: 'odoo1', type: 'mo-odoo', url: `http://127.0.0.1:${odooPort}`, database: 'demo' },
    { id: 'plc1', type: 'mo-plc', host: '127.0.0.1', port: plcPort },
    ...flow,
    { id: 'simodoo', type: 'mo-odoo-simulator', port: odooPort, orders: 12 },
    { id: 'simplc', type: 'mo-plc-simulator', line: 'line1', port: plcPort, batchTime: 1, speed: 20 },
    { id: 'gate1', type: 'mo-queue-gate', line: 'line1', enabled: 'true', enabledType: 'bool' },
    { id: 'fetch1', type: 'odoo-fetch-mo', line: 'line1', limit: '3', limitType: 'num' },
    { id: 'writer1', type: 'plc-batch-writer', line: 'line1' },
    { id: 'reader1', type: 'plc-batch-reader', line: 'line1', settle: 0.05, settleTimeout: 5 },
    { id: 'completer1', type: 'batch-completer', line: 'line1' },
    { id: 'cancel1', type: 'batch-cancel', line: 'line1', reasons: ['spill'] },
    { id: 'monitor1', type: 'batch-monitor', line: 'line1', report: 'batch-status' },
  ];
  const loaded = await load(nodes, { ...credentials, odoo1: { login: 'demo', password: 'demo' } });
  for (const id of ['simodoo', 'simplc'])
    await waitFor(() => loaded.status(id)?.text.startsWith('SIMULATION '), { what: `the start of ${id}` });
  return loaded;
}

describe('all nodes on a simulated plant', () => {
  const userDir = mkdtempSync(path.join(tmpdir(), 'smart-mo-nodes-'));
  before((done) => {
    helper.settings({ userDir });
    helper.startServer(done);
  });
  afterEach(() => helper.unload());
  after((done) => {
    rmSync(userDir, { recursive: true, force: true });
    helper.stopServer(done);
  });

  it('bring a set from Odoo through the PLC back to Odoo, and open the gate again', async function () {
    const { send, wait, received, endings, status } = await plant(this);
    const payloadOf = async (id: string, port: number, count = 1) => (await wait(id, port, count)).payload as Record<string, unknown[]>;
    assert.deepEqual(status('simodoo'), { fill: 'yellow', shape: 'dot', text: 'SIMULATION 12 confirmed' });

    send('gate1');
    assert.equal((await payloadOf('gate1', 1))['decision'], 'fetch');
    send('fetch1', { limit: 2, actor: 'Ana' });
    assert.equal((await payloadOf('fetch1', 1))['queued']?.length, 2);
    send('fetch1');
    assert.equal((await payloadOf('fetch1', 2))['reason'], 'queue-not-empty');

    send('cancel1', { payload: { batch_no: 2, reason: 'fun' } });
    assert.deepEqual([(await wait('cancel1', 2))['statusCode'], (await payloadOf('cancel1', 2))['code']], [400, 'INPUT_INVALID']);

    send('writer1');
    assert.equal((await payloadOf('writer1', 1))['loaded']?.length, 2);

    const finished = (): number =>
      received('reader1', 1).reduce((sum, { payload }) => sum + (payload as { finished: unknown[] }).finished.length, 0);
    await waitFor(
      async () => {
        const runs = received('reader1', 1).length;
        send('reader1');
        await wait('reader1', 1, runs + 1);
        return finished() === 2;
      },
      { what: 'two finished batches', everyMs: 100, deadlineMs: 15_000 },
    );

    send('completer1', { res: 'an HTTP response' });
    assert.equal((await payloadOf('completer1', 1))['archived']?.length, 2);
    const drained = await wait('completer1', 3);
    assert.equal(drained.topic, 'main/queue-empty/');
    assert.equal('res' in drained, false);
    assert.deepEqual([status('completer1')?.fill, received('completer1', 2).length], ['green', 0]);

    send('monitor1');
    assert.equal((await payloadOf('monitor1', 1))['is_empty'], true);
    send('gate1');
    assert.equal((await payloadOf('gate1', 1, 2))['decision'], 'fetch');

    for (const id of ['gate1', 'fetch1', 'cancel1', 'writer1', 'reader1', 'completer1', 'monitor1']) {
      const outcomes = received(id, 1).length + (['gate1', 'fetch1', 'cancel1'].includes(id) ? received(id, 2).length : 0);
      await waitFor(() => endings(id).length === outcomes, { what: `as many ends as outcomes of ${id}` });
      assert.ok(
        endings(id).every((end) => end === null),
        id,
      );
    }
  });

  it('refuse a wrong word in the message, as an error of that input', async function () {
    const { send, endings } = await plant(this);
    send('fetch1', { limit: 'all' });
    send('monitor1', { report: ['health'] });
    send('simplc', { payload: { action: 'explode' } });
    send('simodoo', { payload: null });
    for (const id of ['fetch1', 'monitor1', 'simplc', 'simodoo']) {
      await waitFor(() => endings(id).length === 1, { what: `the end of ${id}` });
      assert.deepEqual(endings(id), ['INPUT_INVALID'], id);
    }
  });

  it('simulators tell one event per command', async function () {
    const { send, wait, received, endings } = await plant(this);
    send('simplc', { payload: { action: 'power-cycle' } });
    send('simodoo', { payload: { action: 'orders', count: 2 } });
    assert.equal(((await wait('simplc', 1)).payload as { event: string }).event, 'power-cycle');
    assert.equal(((await wait('simodoo', 1)).payload as { event: string }).event, 'orders');
    for (const id of ['simplc', 'simodoo']) {
      await waitFor(() => endings(id).length === 1, { what: `the end of ${id}` });
      assert.equal(received(id, 1).length, 1);
    }
  });

  it('close within 2 s with runs in the middle', async function () {
    const { send, status } = await plant(this);
    send('simodoo', { payload: { action: 'fault', fault: 'hang', seconds: 60 } });
    send('simplc', { payload: { action: 'fault', fault: 'mute', seconds: 60 } });
    for (const id of ['fetch1', 'reader1', 'monitor1']) send(id);
    await waitFor(() => status('monitor1'), { what: 'a report while the others wait' });
    const started = Date.now();
    await helper.clearFlows();
    assert.ok(Date.now() - started < 2000, `closed after ${Date.now() - started} ms`);
  });

  it('simulators show a fault as long as it lasts, and name what is allowed when they do not know it', async function () {
    const { send, status, endings, log } = await plant(this);
    // How many orders the stand-in has made up by now is not the matter here.
    const textOf = (id: string): string | undefined => status(id)?.text?.replace(/\d+ confirmed/, 'N confirmed');
    const shows = (id: string, text: string): Promise<unknown> =>
      waitFor(() => textOf(id) === text && status(id)?.fill === 'yellow', { what: `"${text}" at ${id}` });
    send('simodoo', { payload: { action: 'fault', fault: 'hang', seconds: 60 } });

    await shows('simodoo', 'SIMULATION N confirmed, fault hang');
    send('simodoo', { payload: { action: 'clear' } });
    await shows('simodoo', 'SIMULATION N confirmed');
    send('simodoo', { payload: { action: 'fault', fault: 'down', seconds: 2 } });
    await shows('simodoo', 'SIMULATION N confirmed, fault down');
    await shows('simodoo', 'SIMULATION N confirmed');

    send('simplc', { payload: { action: 'fault', fault: 'mute' } });
    await shows('simplc', 'SIMULATION 0 of 10 slots busy, fault mute');
    send('simplc', { payload: { action: 'fault', fault: 'nan', times: 3 } });
    await shows('simplc', 'SIMULATION 0 of 10 slots busy, fault nan, 3 left');
    send('simplc', { payload: { action: 'clear' } });
    await shows('simplc', 'SIMULATION 0 of 10 slots busy');
    const before = endings('simplc').length;
    send('simplc', { payload: { action: 'fault', fault: 'fire' } });
    await waitFor(() => endings('simplc').length > before, { what: 'the error' });
    assert.equal(endings('simplc').at(-1), 'INPUT_INVALID');
    assert.ok(
      log('simplc').some((line) => /fault .* is 'fire'; allowed: refused, down, .*, random/.test(line)),
      log('simplc').join('\n'),
    );
  });

  it('a simulator whose port is taken says so instead of looking well [fault: nr-port-taken]', async function () {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { status, log, send, endings } = await load([{ id: 'simodoo', type: 'mo-odoo-simulator', port }]);
      await waitFor(() => status('simodoo')?.fill === 'red', { what: 'the red status' });
      assert.match(log('simodoo')[0] ?? '', new RegExp(String(port)));
      send('simodoo', { payload: { action: 'clear' } });
      await waitFor(() => endings('simodoo').length === 1, { what: 'the error' });
      assert.deepEqual(endings('simodoo'), ['CONFIG_INVALID']);
    } finally {
      server.close();
    }
  });

  for (const [type, fault] of [
    ['mo-odoo-simulator', 'down'],
    ['mo-plc-simulator', 'refused'],
  ] as const) {
    it(`${type}: that another program took its port while it was away is told in the log, once [fault: nr-port-taken]`, async function () {
      const port = await freePort();
      const { flow, credentials } = await lineOnDatabase(this);
      const { status, log, send } = await load([...flow, { id: 'sim', type, port, line: 'line1' }], credentials);
      await waitFor(() => status('sim')?.fill === 'yellow', { what: 'the simulator' });
      const thief = createServer();
      const isTaken = async (): Promise<boolean> => {
        // Anew each time: the simulator may have been back before the thief came.
        send('sim', { payload: { action: 'fault', fault, seconds: 0.5 } });
        thief.listen(port, '127.0.0.1');
        return once(thief, 'listening').then(
          () => true,
          () => false,
        );
      };
      await waitFor(isTaken, { what: 'the port taken' });
      const told = (): string[] => log('sim').filter((line) => line.includes(String(port)));
      try {
        await waitFor(() => told().length > 0, { what: 'the line in the log' });
        assert.match(told()[0] ?? '', /in use.*choose another Port.*it is tried again/);
      } finally {
        await new Promise((resolve) => thief.close(resolve));
      }
      await waitFor(() => isOpen(port), { what: 'the simulator on its port again, by itself' });
      assert.equal(told().length, 1);
    });
  }
});
