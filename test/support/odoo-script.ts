import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/clock';
import { createOdoo } from '../../src/odoo/stock';
import type { Odoo } from '../../src/odoo/odoo';
import type { OdooSettings } from '../../src/odoo/settings';

/** One call as Odoo sees it: "common.authenticate" or "mrp.production.write". */
export interface Asked {
  name: string;
  args: unknown[];
  options: Record<string, unknown>;
  uid: number;
}

/** What a script throws to answer with an Odoo error. */
export class Refusal extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export interface Script {
  url: string;
  asked: Asked[];
  /** How often that call was made. */
  count(name: string): number;
  close(): Promise<void>;
}

/** An Odoo whose every answer a test writes; `undefined` leaves the usual answer (version 17, login as 6, no records). */
export async function startScript(answer: (asked: Asked) => unknown, tls?: { key: string; cert: string }): Promise<Script> {
  const asked: Asked[] = [];
  const usual: Record<string, unknown> = {
    'common.version': { server_version: '17.0', server_version_info: [17, 0, 0, 'final', 0, ''] },
    'common.authenticate': 6,
    'stock.move.fields_get': { quantity: { digits: [16, 3] }, picked: {} },
    'mrp.production.fields_get': { date_start: {} },
    'mrp.production.search_read': [],
    'mrp.production.search_count': 0,
    'stock.move.search_read': [],
    'product.product.search_read': [],
  };
  const onRequest: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { id, params } = JSON.parse(body) as { id: number; params: { service: string; method: string; args: unknown[] } };
      const [, uid, , model, method, args, options] = params.args as [
        string,
        number,
        string,
        string,
        string,
        unknown[],
        Record<string, unknown>,
      ];
      const one: Asked =
        params.service === 'object'
          ? { name: `${model}.${method}`, args, options, uid }
          : { name: `${params.service}.${params.method}`, args: params.args, options: {}, uid: 0 };
      asked.push(one);
      const reply = (content: object): void => void response.end(JSON.stringify({ jsonrpc: '2.0', id, ...content }));
      Promise.resolve()
        .then(() => answer(one))
        .then((result) => reply({ result: result ?? usual[one.name] ?? true }))
        .catch((error: unknown) => {
          const { name, message } = error as Error;
          reply({ error: { code: 200, message: 'Odoo Server Error', data: { name, message, debug: 'Traceback' } } });
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
