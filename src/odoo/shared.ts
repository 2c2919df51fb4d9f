import { closed } from '../errors';

export interface Shared<T> {
  /** The value, fetched by the first who asks; the others wait for the same answer. A failure is not kept. */
  get(signal?: AbortSignal): Promise<T>;
  /** Drops the value; given one, only if nobody has replaced it yet. */
  forget(stale?: T): void;
}

/**
 * A value that is fetched once and shared by all callers. An aborted caller stops waiting without taking the answer
 * from the others, so `fetch` gets no signal; it must end by its own deadline.
 */
export function shared<T>(fetch: () => Promise<T>): Shared<T> {
  let kept: { value: T } | undefined;
  let pending: Promise<T> | undefined;

  function start(): Promise<T> {
    pending ??= fetch()
      .then((value) => {
        kept = { value };
        return value;
      })
      .finally(() => (pending = undefined));
    return pending;
  }
  return {
    async get(signal) {
      return kept ? kept.value : untilAborted(start(), signal);
    },
    forget(stale) {
      if (stale === undefined || kept?.value === stale) kept = undefined;
    },
  };
}

function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(closed());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
