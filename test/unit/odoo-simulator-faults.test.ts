import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { gunzipSync } from 'node:zlib';
import { startOdooSimulator, type OdooSimulator, type SimulatorEvent } from '../../src/simulators/odoo/simulator';
import { call, order, post, rpc, session, type Json } from '../support/odoo-simulator-client';
import { handClock, type HandClock } from '../support/odoo-simulator-clock';
import { waitFor } from '../support/wait';

const WRITE = ['mrp.production', 'write', [[1], { qty_producing: 7 }]] as const;

describe('Odoo simulator: faults', () => {
  let sim: OdooSimulator;
  let struck: string[];
  let clock: HandClock;

  beforeEach(async () => {
    struck = [];
    clock = handClock();
    const onEvent = ({ event, text }: SimulatorEvent) => event === 'fault' && struck.push(text);
    sim = await startOdooSimulator({ port: 0, orders: 3 }, { clock, onEvent });
  });
  afterEach(() => sim.close());

  const fault = (name: string, options: Json = {}) => sim.command({ action: 'fault', fault: name, ...options });
  const write = () => rpc(sim, WRITE[0], WRITE[1], [...WRITE[2]]);
  const applied = () => order(sim, 1).qty_producing === 7;
  const params = { service: 'object', method: 'execute_kw', args: ['demo', 6, 'demo', ...WRITE, {}] };
  /** A write whose client goes away once it has arrived. */
  async function impatientWrite(): Promise<void> {
    const given = new AbortController();
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params });
    const headers = { 'Content-Type': 'application/json' };
    const waiting = fetch(`${sim.url}/jsonrpc`, { method: 'POST', headers, body, signal: given.signal });
    const gone = assert.rejects(waiting, { name: 'AbortError' });
    await waitFor(() => struck.length > 0, { what: 'the request to arrive' });
    given.abort();
    await gone;
  }
  const rawWrite = () => post(sim, { jsonrpc: '2.0', method: 'call', id: 1, params });

  for (const [name, status] of [
    ['http-404', 404],
    ['http-429', 429],
    ['http-502', 502],
    ['http-503', 503],
    ['http-504-before', 504],
    ['html', 200],
    ['redirect', 302],
    ...[301, 302, 303, 307, 308].map((status) => [`redirect-${status}`, status] as const),
  ] as const) {
    it(`${name}: answers ${status} without JSON and does nothing`, async () => {
      await fault(name);
      const response = await rawWrite();
      assert.equal(response.status, status);
      assert.doesNotMatch(response.headers.get('content-type') ?? '', /json/);
      await response.text();
      assert.ok(!applied());
      assert.deepEqual((await write())['result'], true, 'once only');
    });
  }

  for (const [name, status] of [
    ['http-502-after', 502],
    ['http-503-after', 503],
    ['http-504', 504],
  ] as const) {
    it(`${name}: does it and answers ${status} all the same`, async () => {
      await fault(name);
      assert.equal((await rawWrite()).status, status);
      assert.ok(applied());
    });
  }

  it('strikes a later request when told how many of them pass first', async () => {
    await fault('http-503', { method: 'write', skip: 2 });
    const statuses: number[] = [];
    for (let request = 0; request < 4; request += 1) statuses.push((await rawWrite()).status);
    assert.deepEqual(statuses, [200, 200, 503, 200]);
    assert.deepEqual(struck, ['http-503 strikes write']);
  });

  it('http-429: says when to come again', async () => {
    await fault('http-429');
    assert.equal((await rawWrite()).headers.get('retry-after'), '1');
  });

  it('reset-before and reset-after differ by the effect alone', async () => {
    await fault('reset-before');
    await assert.rejects(write());
    assert.ok(!applied());
    await fault('reset-after');
    await assert.rejects(write());
    assert.ok(applied());
  });

  it('hang: no answer until the client gives up, and nothing done', async () => {
    await fault('hang', { method: 'write' });
    await impatientWrite();
    assert.ok(!applied());
  });

  it('late: takes effect after the delay, although the client has gone; the answer is lost', async () => {
    await fault('late', { delay: 60 });
    await impatientWrite();
    assert.ok(!applied());
    clock.advance(60);
    await waitFor(applied, { what: 'the late write' });
  });

  it('reset-late: breaks the connection at once and takes effect after the repetition', async () => {
    await fault('reset-late', { delay: 60 });
    await assert.rejects(write());
    await rpc(sim, 'mrp.production', 'write', [[1], { qty_producing: 8 }]);
    assert.equal(order(sim, 1).qty_producing, 8);
    clock.advance(60);
    await waitFor(applied, { what: 'the late write' });
  });

  it('session, access-denied, rights, refused, serialization: the recorded exceptions, nothing done', async () => {
    for (const [name, code, exception] of [
      ['session', 100, 'odoo.http.SessionExpiredException'],
      ['access-denied', 200, 'odoo.exceptions.AccessDenied'],
      ['rights', 200, 'odoo.exceptions.AccessError'],
      ['refused', 200, 'odoo.exceptions.UserError'],
      ['serialization', 200, 'psycopg2.errors.SerializationFailure'],
    ] as const) {
      await fault(name);
      const error = (await write())['error'] as { code: number; data: { name: string } };
      assert.deepEqual([error.code, error.data.name], [code, exception]);
      assert.ok(!applied());
    }
  });

  it('wizard: mark done alone answers an action and does nothing', async () => {
    await fault('wizard');
    assert.equal((await write())['result'], true);
    const answer = (await call(sim, 'mrp.production', 'button_mark_done', [[1]])) as Json;
    assert.equal(answer['res_model'], 'mrp.consumption.warning');
    assert.equal(order(sim, 1).state, 'progress');
    assert.deepEqual(sim.effects(), []);
  });

  it('truncated: does it and sends half the answer', async () => {
    await fault('truncated');
    const response = await rawWrite();
    const text = await response.text();
    assert.throws(() => JSON.parse(text) as unknown, SyntaxError);
    assert.ok(applied());
  });

  it('null, types, nan, huge and gzip-bomb: answers that break careless clients', async () => {
    await fault('null');
    assert.equal((await write())['result'], null);
    await fault('types');
    assert.deepEqual(((await write())['result'] as [Json])[0]['id'], 'one');
    await fault('nan');
    assert.match(await (await rawWrite()).text(), /NaN/);
    await fault('huge');
    assert.equal((await (await rawWrite()).arrayBuffer()).byteLength, 60 * 1024 * 1024);
    await fault('gzip-bomb');
    const raw = await overRawSocket();
    assert.ok(raw.length < 100_000 && gunzipSync(raw).length === 60 * 1024 * 1024);
    assert.ok(!applied());
  });

  it('drip: the body does not come to an end', async () => {
    await fault('drip');
    const response = await rawWrite();
    const reader = response.body?.getReader();
    assert.ok(reader);
    assert.equal((await reader.read()).value?.length, 1);
    await reader.cancel();
    assert.ok(applied());
  });

  it('aims at one method and counts only those', async () => {
    await fault('http-503', { method: 'write', times: 2 });
    assert.equal(await call(sim, 'mrp.production', 'search_count', [[]]), 3);
    const statuses = [];
    for (let time = 0; time < 3; time++) statuses.push((await rawWrite()).status);
    assert.deepEqual(statuses, [503, 503, 200]);
    assert.deepEqual(struck, ['http-503 strikes write', 'http-503 strikes write']);
  });

  it('lasts for the seconds it was given, or until it is cleared', async () => {
    await fault('http-503', { seconds: 5 });
    clock.advance(4);
    assert.equal((await rawWrite()).status, 503);
    clock.advance(1);
    assert.equal((await rawWrite()).status, 200);
    await fault('http-503', { seconds: 600 });
    assert.equal((await rawWrite()).status, 503);
    await sim.command({ action: 'clear' });
    assert.equal((await rawWrite()).status, 200);
  });

  it('down: refuses connections, breaks open ones, comes back on the same port', async () => {
    const open = net.connect(sim.port, '127.0.0.1');
    await once(open, 'connect');
    open.on('error', () => undefined);
    const broken = once(open, 'close');
    await fault('down', { seconds: 5 });
    await broken;
    assert.equal(await connectCode(), 'ECONNREFUSED');
    clock.advance(5);
    await waitFor(async () => (await rawWrite()).status === 200, { what: 'the port to open again' });
    await fault('down', { seconds: 600 });
    assert.equal(await connectCode(), 'ECONNREFUSED');
    await sim.command({ action: 'clear' });
    assert.equal((await rawWrite()).status, 200);
  });

  it('closes at once with a request hanging', async () => {
    await fault('hang', { seconds: 600 });
    const waiting = assert.rejects(write());
    await waitFor(() => struck.length > 0, { what: 'the request to arrive' });
    const started = Date.now();
    await sim.close();
    await waiting;
    assert.ok(Date.now() - started < 1000);
  });

  describe('in the other protocols', () => {
    const bearer = { Authorization: 'bearer demo-key' };
    const json2Write = () => post(sim, { ids: [1], vals: { qty_producing: 7 } }, '/json/2/mrp.production/write', bearer);
    const scadaList = async () => post(sim, { params: {} }, '/api/scada/mo-list-detailed', { Cookie: cookie });
    let cookie: string;

    for (const [name, status, text] of [
      ['rights', 403, /AccessError/],
      ['refused', 422, /UserError/],
      ['serialization', 500, /SerializationFailure/],
      ['null', 200, /^null$/],
      ['types', 200, /^\[\{"id":"one"/],
      ['nan', 200, /^\[\{"id":NaN\}\]$/],
      ['wizard', 200, /^\{"id":286/],
    ] as const) {
      it(`JSON-2, ${name}: ${status}, nothing done`, async () => {
        await sim.command({ action: 'upgrade', version: '19' });
        await fault(name, { method: 'write' });
        const response = await json2Write();
        assert.equal(response.status, status);
        assert.match(await response.text(), text);
        assert.ok(!applied());
      });
    }

    for (const [name, text] of [
      ['rights', /"error":\{.*AccessError/],
      ['refused', /"result":\{"status":"error"/],
      ['null', /"result":null/],
      ['types', /"result":\[\{"id":"one"/],
      ['nan', /"id":NaN/],
      ['truncated', /[^}]$/],
    ] as const) {
      it(`scada, ${name}`, async () => {
        await sim.command({ action: 'upgrade', version: 'scada' });
        cookie = await session(sim, '/api/scada/authenticate');
        await fault(name);
        assert.match(await (await scadaList()).text(), text);
      });
    }
  });

  async function connectCode(): Promise<string> {
    const socket = net.connect(sim.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    return error.code ?? '';
  }

  /** The body of a write's answer as it is on the wire. */
  async function overRawSocket(): Promise<Buffer> {
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params });
    const socket = net.connect(sim.port, '127.0.0.1');
    socket.write(
      `POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const all = Buffer.concat(chunks);
    return all.subarray(all.indexOf('\r\n\r\n') + 4);
  }
});
