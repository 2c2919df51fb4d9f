import type { Call } from './calls';
import { OdooError } from './odoo-error';
import type { Sessions } from './sessions';
import type { VersionRules } from './versions';
import type { Work } from './manufacturing';

/** An HTTP answer, complete. */
export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
}

export interface HttpRequest {
  method: string;
  path: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** What the routes need from the simulator. */
export interface Host {
  readonly rules: VersionRules;
  readonly database: string;
  readonly login: string;
  readonly password: string;
  readonly apiKey: string;
  /** The plant module answers without the JSON-RPC envelope. */
  readonly bare: boolean;
  readonly sessions: Sessions;
  /** Runs one model method; an OdooError leaves everything as it was. */
  perform(call: Call): unknown;
  /** The same for a route that is no model method. */
  change<T>(work: (work: Work) => T): T;
  look<T>(work: (work: Work) => T): T;
}

/**
 * How the plant module fails in the middle of a consumption: `partial` lists what failed and calls it a success,
 * `halfway` stops. Both keep what was written before.
 */
export type Cut = 'partial' | 'halfway';

/** What a request asks for, in whatever protocol. Nothing is run before `run()`. */
export interface Task {
  /** What a fault can be aimed at: the method of the model or service, or the last word of the path. */
  method: string;
  /** Ids a model method was called on. */
  ids: readonly number[];
  /** Needs no login, so that an expired session does not matter. */
  open?: boolean;
  run(cut?: Cut): unknown;
  /** Headers of the answer, asked for after `run`. */
  headers?(): Record<string, string>;
}

/** How a protocol writes down results and exceptions. */
export interface Dialect {
  answer(result: unknown): Reply;
  refuse(error: OdooError): Reply;
}

/** A request that was understood but not run yet, so that a fault can come before or after its effect. */
export interface Request extends Dialect, Pick<Task, 'method' | 'ids'> {
  readonly open: boolean;
  run(cut?: Cut): Reply;
}

export function requestOf(task: Task, dialect: Dialect): Request {
  return {
    method: task.method,
    ids: task.ids,
    open: task.open ?? false,
    ...dialect,
    run(cut) {
      try {
        const reply = dialect.answer(task.run(cut));
        return task.headers ? { ...reply, headers: { ...reply.headers, ...task.headers() } } : reply;
      } catch (error) {
        if (error instanceof OdooError) return dialect.refuse(error);
        throw error;
      }
    },
  };
}

/** A request with one answer, whatever happens. */
export function fixed(method: string, reply: Reply): Request {
  return { method, ids: [], open: true, run: () => reply, refuse: () => reply, answer: () => reply };
}

export function failing(method: string, error: OdooError): Task {
  return {
    method,
    ids: [],
    run() {
      throw error;
    },
  };
}

/** A page for people, as a web server or a proxy in front of it sends it. */
export function page(status: number, title: string, text: string): Reply {
  return html(status, `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n</html>\n`);
}

export function html(status: number, body: string): Reply {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body };
}

export function json(value: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

/** The members of an exception that every protocol shows. */
export function exception(error: OdooError, args: readonly unknown[] = [error.message]): Record<string, unknown> {
  return {
    name: error.exception,
    debug: `Traceback (most recent call last):\n  (simulated)\n${error.exception}: ${error.message}\n`,
    message: error.message,
    arguments: args,
    context: {},
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
