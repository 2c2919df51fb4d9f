import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/clock';
import { createOdoo } from '../../src/odoo/client';
import type { Odoo } from '../../src/odoo/odoo';
import type { OdooSettings } from '../../src/odoo/settings';

/** One request as Odoo sees it, over whichever protocol. */
export interface Asked {
  /** "common.authenticate", "mrp.production.write", or the path where it is no method: "/api/scada/mo/cancel" */
  name: string;
  path: string;
  /** Positional arguments of JSON-RPC and call_kw. */
  args: unknown[];
  /** Arguments by name: kwargs, the body of JSON-2, the params of a route. */
  options: Record<string, unknown>;
  uid: number;
  headers: http.IncomingHttpHeaders;
}

/** What a script throws to answer with an Odoo error. */
export class Refusal extends Error {
  constructor(
    name: string,
    message: string,
    /** Status of JSON-2. */
    readonly status = 422,
  ) {
    super(message);
    this.name = name;
  }
}

/** What a script returns to send a whole answer as it stands: no envelope, any status. */
export class Raw {
  constructor(
    readonly body: string,
    readonly status = 200,
    readonly headers: http.OutgoingHttpHeaders = {},
  ) {}
}

/** A page, as Odoo answers an address it does not know. */
export const NO_PAGE = new Raw('<!doctype html>', 404);

/** The cookie of the n-th login over a session: "session_id=script-1". */
export const cookieOf = (login: number): string => `session_id=script-${login}`;

export interface Script {
  url: string;
  asked: Asked[];
  /** How often that call was made. */
  count(name: string): number;
  close(): Promise<void>;
}

const USUAL: Record<string, unknown> = {
  'common.version': { server_version: '17.0', server_version_info: [17, 0, 0, 'final', 0, ''] },
  'common.authenticate': 6,
  'res.users.context_get': { lang: 'en_US', tz: false, uid: 6 },
  'stock.move.fields_get': { quantity: { digits: [16, 3] }, picked: {} },
  'mrp.production.fields_get': { date_start: {} },
  'mrp.production.search_read': [],
  'mrp.production.search_count': 0,
  'stock.move.search_read': [],
  'product.product.search_read': [],
  'res.users.read': [{ id: 6, email: 'connector@plant.example' }],
  '/api/scada/health': NO_PAGE,
  '/api/scada/authenticate': { status: 'success', uid: 6 },
  '/web/session/authenticate': { uid: 6 },
};

/** An Odoo whose every answer a test writes; `undefined` leaves the usual answer (version 17, login as 6, no records). */
export async function startScript(answer: (asked: Asked) => unknown, tls?: { key: string; cert: string }): Promise<Script> {
  const asked: Asked[] = [];
  let sessions = 0;
  const onRequest: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const one = understand(request, body);
      asked.push(one);
      if (one.path.endsWith('/authenticate')) response.setHeader('Set-Cookie', `${cookieOf((sessions += 1))}; HttpOnly; Path=/`);
      const rpc = one.path.startsWith('/json/2/') ? null : { jsonrpc: '2.0', id: body ? (JSON.parse(body) as { id: unknown }).id : null };
      const reply = (content: unknown, status = 200): void => void response.writeHead(status).end(JSON.stringify(content));
      Promise.resolve()
        .then(() => answer(one))
        .then((given) => {
          const result = given === undefined ? (USUAL[one.name] ?? true) : given;
          if (result instanceof Raw) response.writeHead(result.status, result.headers).end(result.body);
          else reply(rpc ? { ...rpc, result } : result);
        })
        .catch((error: unknown) => {
          const { name, message } = error as Error;
          const status = error instanceof Refusal ? error.status : 500;
          const data = { name, message, debug: 'Traceback' };
          if (rpc) reply({ ...rpc, error: { code: 200, message: 'Odoo Server Error', data } });
          else reply(data, status);
        });
    });
  };
  const server = tls ? https.createServer(tls, onRequest) : http.createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http${tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    count: (name) => asked.filter((one) => one.name === name).length,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Params {
  service: string;
  method: string;
  args: unknown[];
  model: string;
  kwargs: Record<string, unknown>;
}

function understand({ url = '', headers }: http.IncomingMessage, body: string): Asked {
  const base = { path: url, headers, args: [], options: {}, uid: 0 };
  const json = (body === '' ? {} : JSON.parse(body)) as { params?: Params } & Record<string, unknown>;
  if (url.startsWith('/json/2/')) return { ...base, name: url.replace('/json/2/', '').replace('/', '.'), options: json };
  const params = json.params ?? ({} as Params);
  if (url === '/web/dataset/call_kw')
    return { ...base, name: `${params.model}.${params.method}`, args: params.args, options: params.kwargs };
  if (url !== '/jsonrpc') return { ...base, name: url, options: { ...params } };
  if (params.service !== 'object') return { ...base, name: `${params.service}.${params.method}`, args: params.args };
  const [, uid, , model, method, args, options] = params.args as [
    string,
    number,
    string,
    string,
    string,
    unknown[],
    Record<string, unknown>,
  ];
  return { ...base, name: `${model}.${method}`, args, options, uid };
}

/** A client of that server, with what a test sets. */
export function connectTo(url: string, settings: Partial<OdooSettings> = {}, clock = systemClock): Odoo {
  const usual: OdooSettings = {
    url,
    database: 'mill',
    login: 'connector',
    password: 'secret',
    protocol: 'auto',
    timeout: 5,
    retryMin: 2,
    retryMax: 300,
  };
  return createOdoo({ ...usual, ...settings }, { clock, random: () => 0 });
}
