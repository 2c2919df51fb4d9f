import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startOdooSimulator } from '../../src/simulators/odoo/simulator';
import type { OdooMessage } from './server';

/**
 * The Odoo of the bench, a process of its own: what the simulator answers is asked once and repeated from memory, so that its
 * work counts on neither side. The id of each JSON-RPC request is put in front of the kept result.
 */
interface Rpc {
  id: number;
  params: unknown;
}

const kept = new Map<string, Buffer>();
let bodies: string[] = [];

async function main(): Promise<void> {
  const simulator = await startOdooSimulator({ port: 0, orders: Number(process.env['BENCH_ORDERS']), version: '17' });

  async function resultOf(params: unknown): Promise<Buffer> {
    const question = JSON.stringify(params);
    const known = kept.get(question);
    if (known) return known;
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'call', params, id: 1 });
    const answer = await fetch(`${simulator.url}/jsonrpc`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const result = Buffer.from(JSON.stringify(((await answer.json()) as { result: unknown }).result));
    kept.set(question, result);
    return result;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (request.url !== '/jsonrpc') {
      const passed = await fetch(`${simulator.url}${request.url ?? '/'}`, {
        method: request.method ?? 'GET',
        headers: { 'content-type': 'application/json' },
        ...(request.method === 'POST' ? { body } : {}),
      });
      response.writeHead(passed.status, { 'content-type': 'application/json' }).end(Buffer.from(await passed.arrayBuffer()));
      return;
    }
    const { id, params } = JSON.parse(body) as Rpc;
    if (body.includes('search_read')) bodies.push(body);
    const parts = [Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":`), await resultOf(params), Buffer.from('}')];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
    for (const part of parts) response.write(part);
    response.end();
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1', () => tell({ is: 'ready', port: (server.address() as AddressInfo).port }));
}

function tell(message: OdooMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit());
process.on('message', () => {
  tell({ is: 'asked', bodies });
  bodies = [];
});
void main();
