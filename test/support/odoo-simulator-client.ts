import type { OrderView } from '../../src/simulators/odoo/order-view';
import type { OdooSimulator } from '../../src/simulators/odoo/simulator';

export type Json = Record<string, unknown>;

/** A component with the quantity that is to be written. */
export interface Consumed {
  move_id: number;
  quantity: number;
}

/** Everything that keeps mark done from asking, in any version. */
export const DONE_CONTEXT = { skip_consumption: true, skip_backorder: true, skip_redirection: true, skip_immediate: true };

/** Posts a body to the simulator as it is. */
export async function post(
  sim: { url: string },
  body: unknown,
  path = '/jsonrpc',
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${sim.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  });
}

/** One execute_kw as the demo user; the whole JSON-RPC answer. */
export async function rpc(sim: { url: string }, model: string, method: string, args: unknown[], kwargs: Json = {}): Promise<Json> {
  const params = { service: 'object', method: 'execute_kw', args: ['demo', 6, 'demo', model, method, args, kwargs] };
  const response = await post(sim, { jsonrpc: '2.0', method: 'call', id: 1, params });
  return (await response.json()) as Json;
}

/** One execute_kw that must not be refused; its result. */
export async function call(sim: { url: string }, model: string, method: string, args: unknown[], kwargs: Json = {}): Promise<unknown> {
  const answer = await rpc(sim, model, method, args, kwargs);
  if (answer['error']) throw new Error(JSON.stringify(answer['error']));
  return answer['result'];
}

/** A JSON-RPC request to a route other than /jsonrpc, with the cookie of a session; the whole answer. */
export async function route(sim: { url: string }, path: string, params: Json, cookie = ''): Promise<Json> {
  const response = await post(sim, { jsonrpc: '2.0', method: 'call', id: null, params }, path, cookie ? { Cookie: cookie } : {});
  return (await response.json()) as Json;
}

/** Logs in on that route; the cookie of the session. */
export async function session(sim: { url: string }, path: string): Promise<string> {
  const params = { db: 'demo', login: 'demo', password: 'demo' };
  const response = await post(sim, { jsonrpc: '2.0', method: 'call', id: null, params }, path);
  return /session_id=[^;]+/.exec(response.headers.get('set-cookie') ?? '')?.[0] ?? '';
}

export function order(sim: OdooSimulator, odooId: number): OrderView {
  const found = sim.orders().find(({ odoo_id }) => odoo_id === odooId);
  if (!found) throw new Error(`the simulator has no order ${odooId}`);
  return found;
}

/** What a PLC might have weighed: two per cent less of every component. */
export function weighed(view: OrderView): Consumed[] {
  return view.moves.map(({ move_id, planned }) => ({ move_id, quantity: Math.round(planned * 98) / 100 }));
}

/** The commands of move_raw_ids for these quantities, as an honest client of that version sends them. */
export function consumed(quantities: readonly Consumed[], version = '17'): unknown[] {
  const old = !(Number(version) >= 17);
  return quantities.map(({ move_id, quantity }) => [1, move_id, old ? { quantity_done: quantity } : { quantity, picked: true }]);
}
