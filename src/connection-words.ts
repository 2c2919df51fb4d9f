import { say, type Sentence } from './sentence';

/** What Node.js calls by a code when a connection cannot be made or breaks, in words for people. */
const WORDS: Record<string, Sentence> = {
  ECONNREFUSED: say`nothing listens at that address`,
  ECONNRESET: say`the connection was reset by the other side`,
  EPIPE: say`the connection was reset by the other side`,
  ETIMEDOUT: say`the connection timed out`,
  EHOSTUNREACH: say`no route to that machine`,
  ENETUNREACH: say`no route to that network`,
  EHOSTDOWN: say`that machine is switched off or off the network`,
  ENETDOWN: say`this machine has no network`,
  ENOTFOUND: say`the name is not known`,
  EAI_AGAIN: say`the DNS does not answer`,
  EADDRNOTAVAIL: say`this machine has no address for that network`,
};

/** Why a connection failed, in words; undefined for what has none. The call itself ("read ECONNRESET") is for the log. */
export function connectionWords(error: unknown): Sentence | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
}

/** The call that failed ("read ECONNRESET"), or its code: an AggregateError (no address of a name answered) has no message. */
export function failedCall(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}
