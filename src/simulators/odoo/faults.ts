import { gzipSync } from 'node:zlib';
import type { Clock } from '../../clock';
import { page, type Cut, type Reply, type Request } from './http-exchange';
import { accessDenied, noOrderRights, serializationFailure, sessionExpired, userError } from './odoo-error';
import type { VersionRules } from './versions';
import { consumptionWizard } from './wizards';

/** One HTTP exchange as a fault sees it. */
export interface Exchange {
  readonly request: Request;
  readonly rules: VersionRules;
  /** Runs the request; its effect is on the disk when this resolves. */
  apply(cut?: Cut): Promise<Reply>;
  send(reply: Reply): void;
  /** Sends the body slower than anybody waits. */
  drip(reply: Reply): Promise<void>;
  /** Breaks the connection. */
  destroy(): void;
  wait(seconds: number): Promise<void>;
  /** Ends all sessions of the web client. */
  expire(): void;
}

/** A fault that was ordered, as long as it lasts. */
export interface Fault {
  readonly fault: string;
  /** Only requests of that method; null = all. */
  readonly method: string | null;
  /** So many requests of that method pass first. */
  readonly skip: number;
  /** Seconds until a `late` or `reset-late` request takes effect. */
  readonly delay: number;
  /** How often it strikes; null = until its time is over. */
  readonly times: number | null;
  readonly seconds: number | null;
}

type Act = (exchange: Exchange, fault: Fault) => Promise<void> | void;

const BIG = 60 * 1024 * 1024;
/** Nobody listens there: whoever follows the redirect finds out. */
const ELSEWHERE = 'http://127.0.0.1:1/jsonrpc';
const REDIRECTS = [301, 302, 303, 307, 308];
const GATEWAY: Readonly<Record<number, string>> = { 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Time-out' };

const before =
  (reply: Reply): Act =>
  ({ send }) =>
    send(reply);
const after =
  (reply: Reply): Act =>
  async ({ apply, send }) => {
    await apply();
    send(reply);
  };
const gateway = (status: number): Reply => page(status, GATEWAY[status] ?? '', 'Sent by the proxy in front of Odoo');
const redirect = (status: number): Reply => ({ status, headers: { Location: ELSEWHERE }, body: '' });

/** The fault list of quality.md as far as a request goes. Those that apply the request leave its outcome unknown to the client. */
const ACTS: Readonly<Record<string, Act>> = {
  'http-404': before(page(404, 'Not Found', 'Page not found')),
  'http-429': before({ ...page(429, 'Too Many Requests', 'Slow down'), headers: { 'Content-Type': 'text/html', 'Retry-After': '1' } }),
  'http-502': before(gateway(502)),
  'http-503': before(gateway(503)),
  'http-504': after(gateway(504)),
  'http-502-after': after(gateway(502)),
  'http-503-after': after(gateway(503)),
  'http-504-before': before(gateway(504)),
  html: before(page(200, 'Log in', 'Welcome to the guest network')),
  redirect: before(redirect(302)),
  ...Object.fromEntries(REDIRECTS.map((status) => [`redirect-${status}`, before(redirect(status))])),
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
  'reset-late': async ({ apply, destroy, wait }, { delay }) => {
    destroy();
    await wait(delay);
    await apply();
  },
  session: ({ request, send, expire }) => {
    expire();
    send(request.refuse(sessionExpired()));
  },
  'access-denied': ({ request, send }) => send(request.refuse(accessDenied())),
  rights: ({ request, rules, send }) => send(request.refuse(noOrderRights(rules))),
  refused: ({ request, send }) => send(request.refuse(userError('The simulator was told to refuse this.'))),
  serialization: ({ request, send }) => send(request.refuse(serializationFailure())),
  wizard: ({ request, rules, send }) => send(request.answer(consumptionWizard(rules, request.ids, []))),
  partial: async ({ apply, send }) => send(await apply('partial')),
  halfway: async ({ apply, send }) => send(await apply('halfway')),
  truncated: async ({ apply, send }) => {
    const reply = await apply();
    send({ ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) });
  },
  null: ({ request, send }) => send(request.answer(null)),
  types: ({ request, send }) => send(request.answer([{ id: 'one', name: 7, state: null, product_qty: 'much', move_raw_ids: {} }])),
  nan: ({ request, send }) => {
    const reply = request.answer([{ id: 'NaN' }]);
    send({ ...reply, body: reply.body.toString().replace('"NaN"', 'NaN') });
  },
  huge: ({ request, send }) => send({ ...request.answer(0), body: Buffer.alloc(BIG, ' ') }),
  'gzip-bomb': ({ request, send }) => {
    const reply = request.answer(0);
    send({ ...reply, headers: { ...reply.headers, 'Content-Encoding': 'gzip' }, body: gzipSync(Buffer.alloc(BIG, ' ')) });
  },
  drip: async ({ apply, drip }) => drip(await apply()),
};

/** `down` closes the port, so it is no matter of single requests: the simulator sees to it. */
export const FAULTS: readonly string[] = ['down', ...Object.keys(ACTS)];

/** What a fault strikes when nobody says: mark done alone answers with a wizard, one route alone takes consumption in parts. */
export const DEFAULT_METHOD: Readonly<Record<string, string>> = {
  wizard: 'button_mark_done',
  partial: 'update-with-consumptions',
  halfway: 'update-with-consumptions',
};

export interface FaultTable {
  add(fault: Fault): void;
  clear(): void;
  /** The oldest fault that strikes this request, counted as used; null when it may pass. */
  strike(request: Pick<Request, 'method' | 'open'>): Fault | null;
  /** Names of the faults that wait or last. */
  active(): string[];
}

export function faultTable(clock: Clock): FaultTable {
  let waiting: { fault: Fault; skip: number; left: number; until: number }[] = [];
  const last = (): typeof waiting => {
    const now = clock.now().getTime();
    waiting = waiting.filter((entry) => entry.left > 0 && entry.until > now);
    return waiting;
  };
  return {
    active: () => last().map(({ fault }) => fault.fault),
    add(fault) {
      waiting.push({
        fault,
        skip: fault.skip,
        left: fault.times ?? Number.POSITIVE_INFINITY,
        until: fault.seconds === null ? Number.POSITIVE_INFINITY : clock.now().getTime() + fault.seconds * 1000,
      });
    },
    clear() {
      waiting = [];
    },
    strike({ method, open }) {
      for (const entry of last()) {
        const { fault } = entry;
        if ((fault.method !== null && fault.method !== method) || (open && fault.fault === 'session')) continue;
        if (entry.skip-- > 0) continue;
        entry.left--;
        return fault;
      }
      return null;
    },
  };
}

/** Does to the exchange what the fault says. */
export async function injectFault(fault: Fault, exchange: Exchange): Promise<void> {
  await ACTS[fault.fault]?.(exchange, fault);
}
