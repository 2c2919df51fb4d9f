import http from 'node:http';
import https from 'node:https';
import type { AxiosResponse, AxiosStatic } from 'axios';
import type { Clock } from '../clock';
import { connectionWords } from '../connection-words';
import { listed, say, type Sentence, type Text } from '../sentence';
import { closed, SmartMoError } from '../errors';
import { onFirstUse } from '../first-use';
import type { TlsSettings } from './settings';

/** Loaded with the first request: a start of Node-RED does not wait for it. */
const axios = onFirstUse(() => module.require('axios') as AxiosStatic);

/** 1000 MOs with 15 components are 3 MB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** Nobody may send us to sleep for longer. */
const MAX_RETRY_AFTER_SECONDS = 3600;

export interface HttpRequest {
  /** "/jsonrpc" */
  path: string;
  /** What to post as JSON; without one it is a GET. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds from the call to the last byte of the answer. */
  timeout: number;
  /** The request changes something: once it may have arrived, a lost answer leaves the outcome unknown. */
  change: boolean;
  signal?: AbortSignal | undefined;
  /** The error that the JSON body of a 4xx or 500 stands for; undefined: not Odoo's, the status decides. */
  fault?: (body: unknown) => SmartMoError | undefined;
}

export interface HttpAnswer {
  /** Parsed JSON of a 2xx answer. */
  body: unknown;
  /** Its Set-Cookie headers. */
  cookies: readonly string[];
}

export interface Http {
  /**
   * @throws SmartMoError
   * - ODOO_UNREACHABLE (transient): nothing was sent, or it was a read, or the server turned it away;
   * - ODOO_OUTCOME_UNKNOWN (unknown): a change was sent and no usable answer came back;
   * - ODOO_ANSWER: the answer to a read is not JSON (transient), the route is missing (version);
   * - ODOO_AUTH (auth): a web server in front of Odoo refuses us;
   * - CONFIG_INVALID (transient): the server redirects;
   * - CLOSED: aborted; of class unknown when a change was under way.
   *
   * `value` is the HTTP status where there was one.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends what is under way; later calls fail with CLOSED. */
  close(): void;
}

/**
 * The only place that talks HTTP to Odoo. No redirects, no proxy, no compression, no connection kept (a kept one may be
 * closed by the server just as the next change is written), one deadline for everything, and no axios error gets out:
 * it carries the request with the password in it.
 */
export function createHttp(origin: string, options: { clock: Clock; tls?: TlsSettings | undefined }): Http {
  const secure = origin.startsWith('https:');
  const agent = secure ? new https.Agent({ ...options.tls, keepAlive: false }) : new http.Agent({ keepAlive: false });
  const closing = new AbortController();

  return {
    async send(request) {
      const { path, body, headers, timeout, change, signal } = request;
      if (closing.signal.aborted || signal?.aborted) throw closed();
      const ended = new AbortController();
      const progress = { sent: false, late: false };
      const abort = (): void => ended.abort();
      const deadline = setTimeout(() => {
        progress.late = true;
        abort();
      }, timeout);
      closing.signal.addEventListener('abort', abort);
      signal?.addEventListener('abort', abort);
      try {
        const answer = await axios().request<Buffer>({
          adapter: 'http',
          url: origin + path,
          ...(body === undefined ? { method: 'get' } : { method: 'post', data: Buffer.from(JSON.stringify(body)) }),
          headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Accept-Encoding': 'identity', ...headers },
          responseType: 'arraybuffer',
          transformResponse: (data: unknown) => data,
          validateStatus: () => true,
          maxRedirects: 0,
          proxy: false,
          decompress: false,
          maxContentLength: MAX_ANSWER_BYTES,
          maxBodyLength: MAX_REQUEST_BYTES,
          httpAgent: agent,
          httpsAgent: agent,
          transport: watchedTransport(secure, progress),
          signal: ended.signal,
        });
        return { body: readAnswer(answer, request, origin, options.clock), cookies: answer.headers['set-cookie'] ?? [] };
      } catch (error) {
        if (error instanceof SmartMoError) throw error;
        const lost = change && progress.sent;
        if (progress.late) throw noAnswer(say`${origin} did not answer within ${timeout / 1000} s`, lost);
        if (ended.signal.aborted) throw lost ? closedUnderWay() : closed();
        throw noAnswer(listed([origin, reasonOf(error)], ': '), lost);
      } finally {
        clearTimeout(deadline);
        closing.signal.removeEventListener('abort', abort);
        signal?.removeEventListener('abort', abort);
      }
    },
    close() {
      closing.abort();
    },
  };
}

/** Notes when the connection stands: from then on bytes of the request may have reached the server. */
function watchedTransport(secure: boolean, progress: { sent: boolean }): { request: typeof https.request } {
  const request = (options: https.RequestOptions, onAnswer?: (answer: http.IncomingMessage) => void): http.ClientRequest => {
    const made = (secure ? https : http).request(options, onAnswer);
    made.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => (progress.sent = true)));
    return made;
  };
  return { request: request as typeof https.request };
}

function readAnswer({ status, headers, data }: AxiosResponse<Buffer>, request: HttpRequest, origin: string, clock: Clock): unknown {
  const { path, change, fault } = request;
  if (status >= 200 && status < 300) {
    if (!/^(identity)?$/i.test(String(headers['content-encoding'] ?? ''))) {
      throw unreadable(`${origin} sent a compressed answer that was not asked for; check the proxy in front of Odoo`, change);
    }
    const json = parse(data);
    if (json) return json.value;
    const type = String(headers['content-type'] ?? 'no content type').slice(0, 60);
    throw unreadable(`${origin} sent ${data.length} bytes (${type}) that are not JSON; check that the address is that of Odoo`, change);
  }
  if (status >= 300 && status < 400) throw redirected(origin, headers['location']);
  // 429, 502, 503 and 504 speak of the way to Odoo, whoever wrote their body.
  const said = status <= 500 && status !== 429 ? fault?.(parse(data)?.value) : undefined;
  if (said) throw said;
  const seconds = retryAfter(headers['retry-after'], clock);
  if (status >= 500) throw noAnswer(say`${origin} answered HTTP ${status}`, change, { retryAfter: seconds, value: status });
  if (status === 404) {
    const sentence = say`${origin} has no ${path} (HTTP 404); check the address, or whether this Odoo still offers that protocol`;
    throw new SmartMoError('ODOO_ANSWER', sentence, { class: 'version', value: status });
  }
  if (status === 401 || status === 403) {
    const sentence = say`the web server at ${origin} refuses access (HTTP ${status}) before Odoo is asked; allow this machine there`;
    throw new SmartMoError('ODOO_AUTH', sentence, { class: 'auth', value: status });
  }
  throw noAnswer(say`${origin} turned the request away (HTTP ${status})`, false, { retryAfter: seconds, value: status });
}

/** undefined when it is no JSON, which has neither NaN nor bytes that are not UTF-8. */
function parse(data: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)) as unknown };
  } catch {
    return undefined;
  }
}

function redirected(origin: string, location: unknown): SmartMoError {
  // Only the origin is shown: the rest of a location may carry tokens.
  const target = typeof location === 'string' && URL.canParse(location, origin) ? new URL(location, origin).origin : say`another address`;
  const remedy = target === origin ? say`the address of Odoo itself, not of a page in front of it` : say`${target} if that is your Odoo`;
  return new SmartMoError('CONFIG_INVALID', say`${origin} redirects to ${target}, which is never followed; enter ${remedy} as url`, {
    class: 'transient',
    value: String(target),
  });
}

/** The request went nowhere, or nothing came back. */
function noAnswer(what: Text, lost: boolean, about: { retryAfter?: number | undefined; value?: number } = {}): SmartMoError {
  const { retryAfter, value } = about;
  const details = { value, ...(retryAfter === undefined ? {} : { retryAfter }) };
  if (!lost) return new SmartMoError('ODOO_UNREACHABLE', say`${what}; it is tried again by itself`, { class: 'transient', ...details });
  const sentence = `${String(what)}; the change may or may not be in Odoo, which is read before anything is sent again`;
  return new SmartMoError('ODOO_OUTCOME_UNKNOWN', sentence, { class: 'unknown', ...details });
}

/** An answer that says nothing: of a change it may still be the answer to something that was done. */
export function unreadable(what: string, change: boolean): SmartMoError {
  return change ? noAnswer(what, true) : new SmartMoError('ODOO_ANSWER', what, { class: 'transient' });
}

function closedUnderWay(): SmartMoError {
  const sentence = 'stopped while a change was being sent to Odoo; the next run reads Odoo before it sends anything';
  return new SmartMoError('CLOSED', sentence, { class: 'unknown' });
}

/** Seconds of a Retry-After header, which holds seconds or a date. */
function retryAfter(header: unknown, clock: Clock): number | undefined {
  if (typeof header !== 'string' || header.trim() === '') return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - clock.now().getTime()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS);
}

const REMEDIES: Record<string, Sentence> = {
  ECONNREFUSED: say`check the url and that Odoo runs`,
  ENOTFOUND: say`check the url and the DNS of this machine`,
};
const REASONS: Record<string, Sentence> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: say`the certificate is self-signed; give its CA in the TLS configuration`,
  SELF_SIGNED_CERT_IN_CHAIN: say`the certificate comes from a private CA; give it in the TLS configuration`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: say`the CA of the certificate is not known; give it in the TLS configuration`,
  CERT_HAS_EXPIRED: say`the certificate has expired; renew it`,
  ERR_TLS_CERT_ALTNAME_INVALID: say`the certificate is for another name; use that name in the url`,
};

/** Words for a failure, from its code alone: axios messages are not shown. */
function reasonOf(error: unknown): Text {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof message === 'string' && message.startsWith('maxContentLength')) {
    return say`the answer is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MB and was not read`;
  }
  if (code === 'ERR_BAD_RESPONSE') return say`the answer broke off`;
  if (typeof code !== 'string') return say`the connection failed`;
  const words = connectionWords(error);
  if (words === undefined) return REASONS[code] ?? say`the connection failed (${code})`;
  const remedy = REMEDIES[code];
  return remedy === undefined ? words : listed([words, remedy], '; ');
}
