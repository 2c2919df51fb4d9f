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
interface Recording {
  request: { path: string; body: { params: { service: string; method: string; args: unknown[] }; id: number } };
  http_status: number;
  response: Json;
}

export const PASSWORD = 'canary "9f1" püré';
const FIXTURES = path.join(__dirname, '..', 'fixtures', 'odoo');

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
  const fields = knownFields(calls.map(([, recording]) => recording));
  const [database] = all.get('auth-ok')!.request.body.params.args as [string];
  const uid = all.get('auth-ok')!.response['result'] as number;
  const queued: string[] = [];
  const replay: Omit<Replay, 'url' | 'close'> = { database, uid, unknown: [], used: [], next: (name) => void queued.push(name) };

  function answer(params: { service: string; method: string; args: unknown[] }): Json {
    const asked = JSON.parse(JSON.stringify(params).replaceAll(JSON.stringify(PASSWORD), '"***"')) as typeof params;
    const override = asked.service === 'object' ? queued.shift() : undefined;
    if (override !== undefined) {
      replay.used.push(override);
      return all.get(override)!.response;
    }
    for (const [name, { request, response }] of calls) {
      if (!sameCall(request.body.params, asked)) continue;
      replay.used.push(name);
      return 'result' in response ? { result: project(response['result'], asked, fill) } : response;
    }
    if (asked.args[3] === 'product.product') return { result: products(asked, all.get('moves-of-10-mos')!) };
    replay.unknown.push(JSON.stringify(asked.args.slice(3)));
    return { error: { code: 200, message: 'Odoo Server Error', data: { name: 'builtins.NotImplementedError', message: 'not recorded' } } };
  }

  function sameCall(
    recorded: { service: string; method: string; args: unknown[] },
    asked: { service: string; method: string; args: unknown[] },
  ): boolean {
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

  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { id, params } = JSON.parse(body) as { id: number; params: { service: string; method: string; args: unknown[] } };
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.end(JSON.stringify({ ...answer(params), jsonrpc: '2.0', id }));
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
