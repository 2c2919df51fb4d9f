/** What Node.js calls by a code when a connection cannot be made or breaks, in words for people. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens at that address',
  ECONNRESET: 'the connection was reset by the other side',
  EPIPE: 'the connection was reset by the other side',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to that machine',
  ENETUNREACH: 'no route to that network',
  EHOSTDOWN: 'that machine is switched off or off the network',
  ENETDOWN: 'this machine has no network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the DNS does not answer',
  EADDRNOTAVAIL: 'this machine has no address for that network',
};

/** Why a connection failed, in words; undefined for what has none. The call itself ("read ECONNRESET") is for the log. */
export function connectionWords(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
}

/** The call that failed ("read ECONNRESET"), or its code: an AggregateError (no address of a name answered) has no message. */
export function failedCall(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}
