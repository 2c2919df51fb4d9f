import assert from 'node:assert/strict';
import net from 'node:net';
import { inspect } from 'node:util';
import zlib from 'node:zlib';
import { systemClock } from '../../src/clock';
import { SmartMoError } from '../../src/errors';
import { createOdoo } from '../../src/odoo/client';
import type { Odoo, OdooRecord, PushPayload } from '../../src/odoo/odoo';
import type { Protocol } from '../../src/odoo/transport';
import { KEY, PASSWORD } from '../support/odoo-replay';
import { waitFor } from '../support/wait';
import { slug } from '../support/fault-list';

interface Request {
  path: string;
  body: string;
}
type Reply = (socket: net.Socket, request: Request) => void;

/** A bare socket: `reply` is called when a whole request has arrived. */
async function startSocket(reply: Reply): Promise<{ url: string; requests: string[]; connections: () => number; close(): Promise<void> }> {
  const open = new Set<net.Socket>();
  const requests: string[] = [];
  const server = net.createServer((socket) => {
    open.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (end < 0 || text.length < end + 4 + length) return;
      const body = Buffer.from(text.slice(end + 4), 'latin1').toString('utf8');
      requests.push(body);
      reply(socket, { path: text.split(' ')[1]!, body });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => open.size,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function answer(status: string, body: string | Buffer, headers: string[] = ['Content-Type: application/json']): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from([`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${bytes.length}`, '', ''].join('\r\n')), bytes]);
}

const isBare = ({ path }: Request): boolean => path.startsWith('/json/2/');

const result = (request: Request, value: unknown): Buffer => {
  const rpc = (): object => ({ jsonrpc: '2.0', id: (JSON.parse(request.body) as { id: number }).id, result: value });
  return answer('200 OK', JSON.stringify(isBare(request) ? value : rpc()), [
    'Content-Type: application/json',
    'Set-Cookie: session_id=canary-cookie',
  ]);
};

/** Answers what comes before a call: version, login and names of fields. Then the call itself is handed to the fault. */
const atCall =
  (fault: Reply): Reply =>
  (socket, request) => {
    const { path, body } = request;
    const asked = path + body;
    if (asked.includes('authenticate')) socket.end(result(request, path === '/jsonrpc' ? 6 : { status: 'success', uid: 6 }));
    else if (asked.includes('context_get')) socket.end(result(request, { uid: 6 }));
    else if (asked.includes('"version"')) socket.end(result(request, { server_version: '19.0', server_version_info: [19, 0] }));
    else if (asked.includes('fields_get'))
      socket.end(result(request, asked.includes('picked') ? { quantity: {}, picked: {} } : { date_start: {} }));
    else fault(socket, request);
  };

/** The server repeats our request, secret and all. */
const echo = ({ body }: Request): string =>
  `<html>${body} ${PASSWORD} ${encodeURIComponent(PASSWORD)} ${KEY} session_id=canary-cookie</html>`;

interface Fault {
  name: string;
  reply: Reply;
  /** Code and class for a read, then for a change. */
  read: [code: string, errorClass: string];
  change: [code: string, errorClass: string];
  says?: RegExp;
  retryAfter?: number;
  /** Only the deadline ends it. */
  endless?: true;
  /** Protocols in which this is a fault of the transport; default all. */
  only?: Protocol[];
}

/** With an envelope around every answer. */
const WRAPPED: Protocol[] = ['jsonrpc', 'scada'];

const UNREACHABLE: [string, string] = ['ODOO_UNREACHABLE', 'transient'];
const UNKNOWN: [string, string] = ['ODOO_OUTCOME_UNKNOWN', 'unknown'];
const GARBLED: [string, string] = ['ODOO_ANSWER', 'transient'];

const BOMB = zlib.gzipSync(Buffer.alloc(60e6, ' '));

const FAULTS: Fault[] = [
  {
    name: 'HTML',
    reply: (s, r) => s.end(answer('200 OK', echo(r), ['Content-Type: text/html'])),
    read: GARBLED,
    change: UNKNOWN,
    says: /text\/html/,
  },
  { name: 'an empty body', reply: (s) => s.end(answer('200 OK', '')), read: GARBLED, change: UNKNOWN },
  { name: 'truncated JSON', reply: (s, r) => s.end(answer('200 OK', result(r, [1, 2]).subarray(-20))), read: GARBLED, change: UNKNOWN },
  {
    name: 'a NaN literal',
    reply: (s) => s.end(answer('200 OK', '{"jsonrpc":"2.0","id":2,"result":[{"product_qty":NaN}]}')),
    read: GARBLED,
    change: UNKNOWN,
  },
  {
    name: 'bytes that are not UTF-8',
    reply: (s, r) =>
      s.end(
        Buffer.from(
          result(r, [{ id: 1, name: 'ÿ', state: 'done', product_qty: 1 }])
            .toString('latin1')
            .replace('Ã¿', ' ÿ'),
          'latin1',
        ),
      ),
    read: GARBLED,
    change: UNKNOWN,
  },
  { name: 'null', reply: (s) => s.end(answer('200 OK', 'null')), read: GARBLED, change: UNKNOWN, only: WRAPPED },
  {
    name: 'the answer to another request',
    reply: (s) => s.end(answer('200 OK', '{"jsonrpc":"2.0","id":99,"result":true}')),
    read: GARBLED,
    change: UNKNOWN,
    only: WRAPPED,
  },
  {
    name: 'an error without a name',
    reply: (s) => s.end(answer('200 OK', '{"jsonrpc":"2.0","id":null,"error":{"code":1}}')),
    read: GARBLED,
    change: UNKNOWN,
    only: WRAPPED,
  },
  {
    name: 'a gzip bomb',
    reply: (s) => s.end(answer('200 OK', BOMB, ['Content-Encoding: gzip'])),
    read: GARBLED,
    change: UNKNOWN,
    says: /compressed/,
  },
  {
    name: 'a body without an end',
    reply: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"');
      const chunk = Buffer.alloc(1 << 20, 'x');
      const pour = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', pour);
      pour();
    },
    read: UNREACHABLE,
    change: UNKNOWN,
    says: /larger than 16 MB/,
  },
  {
    name: 'a body that breaks off',
    reply: (s) => s.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"jsonrpc"'),
    read: UNREACHABLE,
    change: UNKNOWN,
    says: /broke off/,
  },
  { name: 'a reset after the request was written', reply: (s) => s.resetAndDestroy(), read: UNREACHABLE, change: UNKNOWN, says: /reset/ },
  { name: 'silence', reply: () => undefined, endless: true, read: UNREACHABLE, change: UNKNOWN, says: /did not answer within/ },
  {
    name: 'a dripping body',
    endless: true,
    reply: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    },
    read: UNREACHABLE,
    change: UNKNOWN,
    says: /did not answer within/,
  },
  {
    name: '429',
    reply: (s) => s.end(answer('429 Too Many', 'slow', ['Retry-After: 17'])),
    read: UNREACHABLE,
    change: UNREACHABLE,
    retryAfter: 17,
    says: /HTTP 429/,
  },
  {
    name: '503 with a date in the past',
    reply: (s) => s.end(answer('503 No', '', ['Retry-After: Sun, 06 Nov 1994 08:49:37 GMT'])),
    read: UNREACHABLE,
    change: UNKNOWN,
    retryAfter: 0,
  },
  {
    name: '503 with an absurd wait',
    reply: (s) => s.end(answer('503 No', '', ['Retry-After: 999999999'])),
    read: UNREACHABLE,
    change: UNKNOWN,
    retryAfter: 3600,
  },
  { name: '502', reply: (s, r) => s.end(answer('502 Bad Gateway', echo(r))), read: UNREACHABLE, change: UNKNOWN },
  { name: '504', reply: (s) => s.end(answer('504 Timeout', '')), read: UNREACHABLE, change: UNKNOWN },
  { name: '400', reply: (s, r) => s.end(answer('400 Bad Request', echo(r))), read: UNREACHABLE, change: UNREACHABLE },
  { name: '403 of a proxy', reply: (s) => s.end(answer('403 Forbidden', '')), read: ['ODOO_AUTH', 'auth'], change: ['ODOO_AUTH', 'auth'] },
  {
    name: '404',
    reply: (s) => s.end(answer('404 Not Found', '')),
    read: ['ODOO_ANSWER', 'version'],
    change: ['ODOO_ANSWER', 'version'],
    says: /has no \/(jsonrpc|web\/dataset\/call_kw|api\/scada\/mo)/,
    only: WRAPPED,
  },
  {
    name: '404 with a page',
    reply: (s) => s.end(answer('404 Not Found', '<html>')),
    read: UNREACHABLE,
    change: UNREACHABLE,
    only: ['json2'],
  },
  ...[301, 302, 303, 307, 308].map((status): Fault => ({
    name: `a redirect (${status})`,
    reply: (s, r) => s.end(answer(`${status} Moved`, '', [`Location: http://elsewhere.example/login?next=${encodeURIComponent(r.body)}`])),
    read: ['CONFIG_INVALID', 'transient'],
    change: ['CONFIG_INVALID', 'transient'],
    says: /enter http:\/\/elsewhere\.example if/,
  })),
  {
    name: 'an error that repeats the secret',
    reply: (socket, request) => {
      const secret = isBare(request) ? KEY : request.path === '/jsonrpc' ? PASSWORD : 'canary-cookie';
      const message = `${'x'.repeat(290)}${secret} refused`;
      const data = { name: 'odoo.exceptions.UserError', message, debug: request.body };
      const rpc = { jsonrpc: '2.0', id: null, error: { code: 200, message: PASSWORD, data } };
      socket.end(isBare(request) ? answer('422 No', JSON.stringify(data)) : answer('200 OK', JSON.stringify(rpc)));
    },
    read: ['ODOO_REFUSED', 'permanent'],
    change: ['ODOO_REFUSED', 'permanent'],
  },
];

function connect(url: string, timeout = 10, protocol: Protocol = 'jsonrpc'): Odoo {
  const password = protocol === 'json2' ? KEY : PASSWORD;
  return createOdoo(
    { url, database: 'mill', login: 'connector', password, protocol, timeout, retryMin: 1, retryMax: 5 },
    { clock: systemClock },
  );
}

const PAYLOAD: PushPayload = {
  mo_id: 'WH/MO/1',
  odoo_id: 1,
  qty: 998,
  moves: [{ move_id: 11, product_id: 2, quantity: 588 }],
  equipment: { silo101: 588 },
  markDone: true,
};
const SHOWN: OdooRecord = {
  mo_id: 'WH/MO/1',
  odoo_id: 1,
  state: 'confirmed',
  quantity: 1000,
  qty_producing: 0,
  qty_produced: 0,
  moves: [],
};

/** A call that changes something, in every protocol. */
const change = (odoo: Odoo, signal?: AbortSignal): Promise<void> => odoo.push(PAYLOAD, SHOWN, signal);

async function failureOf(work: Promise<unknown>): Promise<SmartMoError> {
  const error = await work.then(
    (value) => assert.fail(`it gave ${inspect(value)}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SmartMoError, inspect(error));
  for (const text of [error.message, error.stack ?? '', JSON.stringify(error), inspect(error, { depth: 10, showHidden: true })]) {
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), JSON.stringify(PASSWORD).slice(1, -1), 'canary']) {
      assert.ok(!text.includes(secret), `the secret is in ${text}`);
    }
  }
  return error;
}

describe('faults between us and Odoo', () => {
  for (const protocol of ['jsonrpc', 'json2', 'scada'] as const) {
    for (const fault of FAULTS.filter(({ only }) => only?.includes(protocol) ?? true)) {
      it(`${fault.name}, over ${protocol} [fault: odoo-${slug(fault.name)}]`, async () => {
        const server = await startSocket(atCall(fault.reply));
        const odoo = connect(server.url, fault.endless ? 0.3 : 10, protocol);
        try {
          const onRead = await failureOf(odoo.readStates([1]));
          assert.deepEqual([onRead.code, onRead.class], fault.read, onRead.message);
          const onChange = await failureOf(change(odoo));
          assert.deepEqual([onChange.code, onChange.class], fault.change, onChange.message);
          for (const error of [onRead, onChange]) {
            if (fault.says) assert.match(error.message, fault.says);
            assert.equal(error.retryAfter, fault.retryAfter);
          }
          await waitFor(() => server.connections() === 0, { what: 'the connections to be closed' });
        } finally {
          odoo.close();
          await server.close();
        }
      });
    }
  }

  it('nobody listening: nothing was sent, so a change is transient too [fault: odoo-nobody-listening]', async () => {
    const server = await startSocket(() => undefined);
    await server.close();
    const odoo = connect(server.url);
    for (const work of [odoo.readStates([1]), change(odoo)]) {
      const error = await failureOf(work);
      assert.deepEqual([error.code, error.class], UNREACHABLE);
      assert.match(error.message, /nothing listens/);
    }
    assert.equal(odoo.state().state, 'down');
  });

  it('a change gets twice the time of a read', async () => {
    const server = await startSocket(atCall((socket, request) => void setTimeout(() => socket.end(result(request, true)), 600)));
    const odoo = connect(server.url, 0.5);
    try {
      assert.equal((await failureOf(odoo.readStates([1]))).code, 'ODOO_UNREACHABLE');
      await change(odoo);
    } finally {
      odoo.close();
      await server.close();
    }
  });

  it('a stop ends a read as CLOSED, and a change under way as CLOSED of class unknown', async () => {
    const server = await startSocket(atCall(() => undefined));
    const odoo = connect(server.url, 30);
    try {
      for (const [start, errorClass] of [
        [(signal: AbortSignal) => odoo.readStates([1], signal), 'transient'],
        [(signal: AbortSignal) => change(odoo, signal), 'unknown'],
      ] as const) {
        const stop = new AbortController();
        const before = server.requests.length;
        const failure = failureOf(start(stop.signal));
        await waitFor(() => server.requests.slice(before).some((request) => /search_read|"write"/.test(request)), { what: 'the request' });
        stop.abort();
        const error = await failure;
        assert.deepEqual([error.code, error.class], ['CLOSED', errorClass]);
      }
      const failure = failureOf(change(odoo));
      odoo.close();
      assert.equal((await failure).code, 'CLOSED');
      assert.equal((await failureOf(odoo.readStates([1]))).code, 'CLOSED');
    } finally {
      await server.close();
    }
  });

  it('a proxy set in the environment is not used [fault: sec-proxy-variables]', async () => {
    const proxy = await startSocket((socket) => socket.destroy());
    const server = await startSocket(atCall((socket, request) => socket.end(result(request, []))));
    const odoo = connect(server.url);
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = proxy.url;
    try {
      assert.deepEqual(await odoo.readStates([1]), new Map());
      assert.equal(proxy.requests.length, 0);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
      odoo.close();
      await server.close();
      await proxy.close();
    }
  });
});

describe('wrong records from Odoo', () => {
  const order = { id: 1, name: 'WH/MO/1', state: 'confirmed', product_qty: 5 };
  const cases: [name: string, value: unknown, says: RegExp][] = [
    ['false instead of a list', false, /it must be array/],
    ['null instead of a list', null, /it must be array/],
    ['a text for a number', [order, { ...order, product_qty: '5' }], /record 2, product_qty must be number/],
    ['a number beyond all bounds', '[{"id":1,"name":"x","state":"confirmed","product_qty":1e999}]', /product_qty must be number/],
    ['a missing field', [{ id: 1, name: 'x', state: 'done' }], /must have required property 'product_qty'/],
  ];
  for (const [name, value, says] of cases) {
    it(`${name} is ODOO_ANSWER [fault: odoo-wrong-types]`, async () => {
      const server = await startSocket(
        atCall((socket, request) => {
          const { id } = JSON.parse(request.body) as { id: number };
          const json = typeof value === 'string' ? value : JSON.stringify(value);
          socket.end(answer('200 OK', `{"jsonrpc":"2.0","id":${id},"result":${json}}`));
        }),
      );
      const odoo = connect(server.url);
      try {
        const error = await failureOf(odoo.readStates([1]));
        assert.deepEqual([error.code, error.class], ['ODOO_ANSWER', 'transient']);
        assert.match(error.message, says);
      } finally {
        odoo.close();
        await server.close();
      }
    });
  }
});
