import { gzipSync } from 'node:zlib';
import type { Clock } from '../../clock';
import { page, type Reply, type Request } from './json-rpc';
import { accessDenied, accessError, OdooError } from './odoo-error';
import { consumptionWizard } from './wizards';

/** One HTTP exchange as a fault sees it. */
export interface Exchange {
  readonly request: Request;
  /** Runs the request; its effect is on the disk when this resolves. */
  apply(): Promise<Reply>;
  send(reply: Reply): void;
  /** Sends the body slower than anybody waits. */
  drip(reply: Reply): Promise<void>;
  /** Breaks the connection. */
  destroy(): void;
  wait(seconds: number): Promise<void>;
}

/** A fault that was ordered, as long as it lasts. */
export interface Fault {
  readonly fault: string;
  /** Only requests of that method; null = all. */
  readonly method: string | null;
  /** Seconds until a `late` request takes effect. */
  readonly delay: number;
  /** How often it strikes; null = until its time is over. */
  readonly times: number | null;
  readonly seconds: number | null;
}

type Act = (exchange: Exchange, fault: Fault) => Promise<void> | void;

const BIG = 60 * 1024 * 1024;

/** The fault list of quality.md as far as a request goes. Those that apply the request leave its outcome unknown to the client. */
const ACTS: Readonly<Record<string, Act>> = {
  'http-503': ({ send }) => send(page(503, 'Service Unavailable', 'Odoo is starting')),
  'http-429': ({ send }) =>
    send({ ...page(429, 'Too Many Requests', 'Slow down'), headers: { 'Content-Type': 'text/html', 'Retry-After': '1' } }),
  'http-504': async ({ apply, send }) => {
    await apply();
    send(page(504, 'Gateway Time-out', 'The proxy did not wait for Odoo'));
  },
  html: ({ send }) => send(page(200, 'Log in', 'Welcome to the guest network')),
  redirect: ({ send }) => send({ status: 302, headers: { Location: 'http://127.0.0.1:1/jsonrpc' }, body: '' }),
  'reset-before': ({ destroy }) => destroy(),
  'reset-after': async ({ apply, destroy }) => {
    await apply();
    destroy();
  },
  hang: () => undefined,
  late: async ({ apply, destroy, wait }, { delay }) => {
    await wait(delay);
    await apply();
    destroy();
  },
  session: ({ request, send }) => send(request.refuse(new OdooError('odoo.http.SessionExpiredException', 'Session expired'), 100)),
  'access-denied': ({ request, send }) => send(request.refuse(accessDenied())),
  rights: ({ request, send }) =>
    send(request.refuse(accessError("You are not allowed to access 'Production Order' (mrp.production) records."))),
  serialization: ({ request, send }) =>
    send(request.refuse(new OdooError('psycopg2.errors.SerializationFailure', 'could not serialize access due to concurrent update\n'))),
  wizard: ({ request, send }) => send(request.answer(consumptionWizard(request.ids, []))),
  truncated: async ({ apply, send }) => {
    const reply = await apply();
    send({ ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) });
  },
  null: ({ request, send }) => send(request.answer(null)),
  nan: ({ request, send }) => send({ ...request.answer(0), body: '{"jsonrpc": "2.0", "id": 1, "result": [{"id": NaN}]}' }),
  huge: ({ request, send }) => send({ ...request.answer(0), body: Buffer.alloc(BIG, ' ') }),
  'gzip-bomb': ({ request, send }) => {
    const reply = request.answer(0);
    send({ ...reply, headers: { ...reply.headers, 'Content-Encoding': 'gzip' }, body: gzipSync(Buffer.alloc(BIG, ' ')) });
  },
  drip: async ({ apply, drip }) => drip(await apply()),
};

/** `down` closes the port, so it is no matter of single requests: the simulator sees to it. */
export const FAULTS: readonly string[] = ['down', ...Object.keys(ACTS)];

/** Mark done alone answers with a wizard. */
export const DEFAULT_METHOD: Readonly<Record<string, string>> = { wizard: 'button_mark_done' };

export interface FaultTable {
  add(fault: Fault): void;
  clear(): void;
  /** The oldest fault that strikes this method, counted as used; null when the request may pass. */
  strike(method: string): Fault | null;
}

export function faultTable(clock: Clock): FaultTable {
  let waiting: { fault: Fault; left: number; until: number }[] = [];
  return {
    add(fault) {
      waiting.push({
        fault,
        left: fault.times ?? Number.POSITIVE_INFINITY,
        until: fault.seconds === null ? Number.POSITIVE_INFINITY : clock.now().getTime() + fault.seconds * 1000,
      });
    },
    clear() {
      waiting = [];
    },
    strike(method) {
      const now = clock.now().getTime();
      waiting = waiting.filter((entry) => entry.left > 0 && entry.until > now);
      const found = waiting.find(({ fault }) => fault.method === null || fault.method === method);
      if (!found) return null;
      found.left--;
      return found.fault;
    },
  };
}

/** Does to the exchange what the fault says. */
export async function injectFault(fault: Fault, exchange: Exchange): Promise<void> {
  await ACTS[fault.fault]?.(exchange, fault);
}
