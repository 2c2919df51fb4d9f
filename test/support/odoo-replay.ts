import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** A server that answers with what a real Odoo of that version answered to the same request (test/fixtures/odoo). */
export interface Replay {
  url: string;
  database: string;
  uid: number;
  /** Requests that no recording knows, as "model.method args options"; a test expects none. */
  unknown: string[];
  /** Names of the recordings that were used, in order. */
  used: string[];
  /** The next call is answered with this recording, whatever it asks. */
  next(name: string): void;
  close(): Promise<void>;
}

type Json = Record<string, unknown>;
type Params = { service: string; method: string; args: unknown[] };
interface Recording {
  request: { method?: string; path: string; headers?: Record<string, string>; body: { params: Params; id: number } };
  http_status: number;
  response: Json;
}

export const PASSWORD = 'canary "9f1" püré';
/** A canary that can be a bearer key. */
export const KEY = 'canary-9f1-pure';
const FIXTURES = path.join(__dirname, '..', 'fixtures', 'odoo');

/**
 * What the Test button asks about the user was never recorded: these answers are ours, in the shape that Odoo's source has.
 * A test that rests on them shows what we make of such an answer, not that Odoo gives it.
 */
const NOT_RECORDED: Record<string, (uid: number) => unknown> = {
  'res.users.read': (uid) => [{ id: uid, email: false }],
  'mrp.production.check_access_rights': () => true,
  'mrp.production.has_access': () => true,
  'stock.move.check_access_rights': () => true,
  'stock.move.has_access': () => true,
};

/** Values of fields that a recording did not ask for: `mrp.production` -> `{product_qty: 2000}`. */
type Fill = Record<string, Json>;

export function recordings(version: string): Map<string, Recording> {
  const folder = path.join(FIXTURES, version);
  return new Map(
    fs
      .readdirSync(folder)
      .map((file) => [file.replace('.json', ''), JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as Recording]),
  );
}

export async function startReplay(version: string, fill: Fill = {}): Promise<Replay> {
  const all = recordings(version);
  const calls = [...all].filter(([, { request }]) => request.path === '/jsonrpc' && typeof request.body === 'object');
  const web = [...all].filter(([, { request }]) => request.path !== '/jsonrpc');
  const fields = knownFields(calls.map(([, recording]) => recording));
  const [database] = all.get('auth-ok')!.request.body.params.args as [string];
  const uid = all.get('auth-ok')!.response['result'] as number;
  const queued: string[] = [];
  const replay: Omit<Replay, 'url' | 'close'> = { database, uid, unknown: [], used: [], next: (name) => void queued.push(name) };

  function answer(asked: Params): Json {
    for (const [name, { request, response }] of calls) {
      if (!sameCall(request.body.params, asked)) continue;
      replay.used.push(name);
      return 'result' in response ? { result: project(response['result'], asked, fill) } : response;
    }
    const [, , , model, method] = asked.args as string[];
    if (model === 'product.product') return { result: products(asked, all.get('moves-of-10-mos')!) };
    const madeUp = NOT_RECORDED[`${model}.${method}`];
    if (madeUp) return { result: madeUp(uid) };
    replay.unknown.push(JSON.stringify(asked.args.slice(3)));
    return { error: { code: 200, message: 'Odoo Server Error', data: { name: 'builtins.NotImplementedError', message: 'not recorded' } } };
  }

  function sameCall(recorded: Params, asked: Params): boolean {
    if (recorded.service !== asked.service || recorded.method !== asked.method) return false;
    if (asked.service !== 'object') return isDeepStrictEqual(recorded.args, asked.args);
    const [a, b] = [recorded.args, asked.args];
    if (!isDeepStrictEqual(a.slice(0, 6), b.slice(0, 6))) return false;
    const { fields: recordedFields, offset, allfields, attributes, ...recordedOptions } = a[6] as Json;
    const { fields: askedFields, allfields: askedAll, attributes: askedAttributes, ...askedOptions } = b[6] as Json;
    return (
      (offset ?? 0) === 0 &&
      isDeepStrictEqual(recordedOptions, askedOptions) &&
      (askedFields === undefined) === (recordedFields === undefined) &&
      within(askedFields, [...(fields.get(a[3] as string) ?? [])]) &&
      within(askedAll, [...((allfields as string[] | undefined) ?? []), 'date_planned_start']) &&
      within(askedAttributes, attributes === undefined ? [] : [...(attributes as string[]), 'digits'])
    );
  }

  /** Calls are compared without their secret, which is "***" in a recording. */
  function understand(path: string, body: string): Params {
    const json = JSON.parse(body.replaceAll(JSON.stringify(PASSWORD), '"***"').replaceAll(JSON.stringify(KEY), '"***"')) as Json;
    const [, , , model = '', method = ''] = path.split('/');
    const object = (args: unknown[]): Params => ({ service: 'object', method: 'execute_kw', args: [database, uid, '***', ...args] });
    if (path.startsWith('/json/2/')) return object([model, method, ...byPosition(method, json)]);
    const params = json['params'] as Params & Json;
    return path === '/jsonrpc' ? params : object([params['model'], params['method'], params['args'], params['kwargs']]);
  }

  /** The recording of exactly this request, outside JSON-RPC. */
  function recorded({ method, url, headers }: http.IncomingMessage, body: string): [string, Recording] | undefined {
    const json: unknown =
      body === '' ? null : JSON.parse(body.replaceAll(JSON.stringify(PASSWORD), '"***"').replaceAll(JSON.stringify(KEY), '"***"'));
    return web.find(([, { request }]) => {
      if ((request.method ?? 'POST') !== method || request.path !== url) return false;
      if (!url.startsWith('/json/2/')) return isDeepStrictEqual(paramsOf(request.body), paramsOf(json));
      const bearer = headers.authorization === `bearer ${KEY}` ? 'bearer ***' : headers.authorization;
      const { Authorization, 'X-Odoo-Database': of } = request.headers ?? {};
      return Authorization === bearer && of === headers['x-odoo-database'] && isDeepStrictEqual(request.body, json);
    });
  }

  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const path = request.url!;
      const isRpc = !path.startsWith('/json/2/');
      const send = (status: number, content: unknown, headers: http.OutgoingHttpHeaders = {}): void =>
        void response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers }).end(content);
      const rpc = (content: Json): void => send(200, JSON.stringify({ ...content, jsonrpc: '2.0', id: (JSON.parse(body) as Json)['id'] }));
      const replayed = (name: string, { http_status, response }: Recording): void => {
        replay.used.push(name);
        const page = typeof response === 'object' && response !== null && '__raw__' in response ? String(response['__raw__']) : null;
        if (isRpc && page === null) rpc(response);
        else send(http_status, page ?? JSON.stringify((response as Json | null)?.['jsonrpc'] ? (response['result'] ?? null) : response));
      };

      const isCall = body !== '' && (path !== '/jsonrpc' || understand(path, body).service === 'object');
      const override = isCall && !path.includes('authenticate') && !path.endsWith('context_get') ? queued.shift() : undefined;
      if (override !== undefined) return replayed(override, all.get(override)!);
      if (path.endsWith('/authenticate')) response.setHeader('Set-Cookie', 'session_id=canary-session; HttpOnly; Path=/');
      const same = path === '/jsonrpc' ? undefined : recorded(request, body);
      if (same) return replayed(...same);
      const refused = [...web].find(([name]) => name === 'J3-wrong-key');
      if (!isRpc && refused && request.headers.authorization !== `bearer ${KEY}`) return replayed(...refused);
      if (isRpc && path !== '/jsonrpc' && path !== '/web/dataset/call_kw') return send(404, '<!doctype html>');
      if (path === '/web/dataset/call_kw' && request.headers.cookie !== 'session_id=canary-session')
        return replayed('W7-call_kw-no-cookie', all.get('W7-call_kw-no-cookie')!);
      if (!isRpc && request.headers['x-odoo-database'] !== database) return send(404, '<!doctype html>');
      const content = answer(understand(path, body));
      if (isRpc) rpc(content);
      else if ('error' in content) send(500, JSON.stringify((content['error'] as Json)['data']));
      else send(200, JSON.stringify(content['result']));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(replay, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

/** Required arguments in the order of the Python signature. */
const SIGNATURES: Record<string, string[]> = { search_read: ['domain'], search_count: ['domain'], write: ['vals'], read: ['fields'] };

/** The named arguments of JSON-2 as execute_kw takes them: positional, and by name. */
function byPosition(method: string, body: Json): [unknown[], Json] {
  const names = SIGNATURES[method] ?? [];
  const { ids, ...named } = body;
  const options = Object.fromEntries(Object.entries(named).filter(([name]) => !names.includes(name)));
  return [[...(ids === undefined ? [] : [ids]), ...names.map((name) => named[name])], options];
}

function paramsOf(body: unknown): unknown {
  return (body as Json | null)?.['params'];
}

function within(asked: unknown, known: readonly string[]): boolean {
  return asked === undefined || (asked as string[]).every((name) => known.includes(name));
}

/** Field names that this version accepted, by model. */
function knownFields(all: Recording[]): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const { request, response } of all) {
    const [, , , model, method, , options] = request.body.params.args as [string, number, string, string, string, unknown[], Json];
    if (method !== 'search_read' || !Array.isArray(response['result'])) continue;
    const set = known.get(model) ?? new Set();
    for (const name of options['fields'] as string[]) set.add(name);
    known.set(model, set);
  }
  return known;
}

/** The recorded answer reduced to what was asked, fields that were not recorded filled in. */
function project(result: unknown, asked: { args: unknown[] }, fill: Fill): unknown {
  const [, , , model, method, , options] = asked.args as [string, number, string, string, string, unknown[], Json];
  if (method === 'fields_get') {
    const wanted = options['allfields'] as string[];
    return Object.fromEntries(Object.entries(result as Json).filter(([name]) => wanted.includes(name)));
  }
  if (method !== 'search_read' || !Array.isArray(result)) return result;
  const wanted = options['fields'] as string[];
  return result.map((row: Json) => Object.fromEntries(wanted.map((name) => [name, name in row ? row[name] : fill[model]?.[name]])));
}

/** Products were recorded by another domain; their display names "[SILO-101] Silo 101 ingredient" hold what is asked. */
function products(asked: { args: unknown[] }, moves: Recording): Json[] {
  const [[[, , wanted]]] = asked.args[5] as [[[string, string, number[]]]];
  const names = new Map<number, string>((moves.response['result'] as { product_id: [number, string] }[]).map((move) => move.product_id));
  names.set(1, '[FEED-A] Feed A');
  return wanted.map((id) => {
    const [, default_code, name] = /^\[(.*?)\] (.*)$/.exec(names.get(id) ?? '') ?? [];
    return { id, default_code, name, tracking: 'none' };
  });
}
