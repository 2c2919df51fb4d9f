import type { Clock } from '../clock';
import { closed, describe, SmartMoError, throwIfClosed } from '../errors';
import { openLink } from './modbus-link';
import type { Link } from './modbus-link';
import { checkRequest } from './modbus-request';
import type { ModbusRequest } from './modbus-request';
import { checkSettings } from './modbus-settings';
import type { ModbusSettings } from './modbus-settings';
import type { Plc } from './plc';

export type { ModbusSettings } from './modbus-settings';

/** Milliseconds before the third attempt in a row; the second comes at once. Doubles up to the maximum. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

/**
 * A Modbus device behind one connection, made at the first request and again after every fault. Requests of all callers go
 * out one after the other; every one of them ends, with an answer or a SmartMoError, within the pause before a new attempt
 * (at most 5 s), the time to connect and the time to answer (`timeout` each).
 *
 * modbus-serial hangs or gives wrong data in many faults of a device. It is used so that it cannot: a client is never
 * opened twice, one request is in flight, the deadline is ours, the frames are checked before it sees them, and whatever is
 * not a well-formed answer ends the connection.
 * @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID
 */
export function createModbusPlc(settings: ModbusSettings, { clock }: { clock: Clock }): Plc {
  checkSettings(settings);
  const ending = new AbortController();
  let link: Link | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  let known: ReturnType<Plc['state']> = { state: 'unknown', since: null, error: null };
  /** Faults since the last good answer. */
  let faults = 0;
  let faultAt = 0;
  let lastRefusal: { number: number; error: SmartMoError } | null = null;

  function enqueue(request: ModbusRequest, signal?: AbortSignal): Promise<number[]> {
    checkRequest(request);
    const refusals = lastRefusal?.number ?? 0;
    const answer = queue.then(() => perform(request, refusals, signal));
    queue = answer.catch(() => undefined);
    return signal ? orAborted(answer, signal) : answer;
  }

  async function perform(request: ModbusRequest, refusals: number, signal?: AbortSignal): Promise<number[]> {
    throwIfClosed(ending.signal);
    if (signal) throwIfClosed(signal);
    // Whoever was waiting when the connection was refused shares that answer: a queue of callers is not a storm of attempts.
    if (lastRefusal && lastRefusal.number > refusals) throw lastRefusal.error;
    try {
      const words = await (link?.isOpen() ? link : await openedLink()).request(request);
      succeeded();
      return words;
    } catch (error) {
      if (ending.signal.aborted) throw closed();
      if (error instanceof SmartMoError && error.code === 'PLC_EXCEPTION') succeeded();
      else failed(error);
      throw error;
    }
  }

  async function openedLink(): Promise<Link> {
    await pause();
    try {
      const opened = await openLink(settings, ending.signal);
      if (ending.signal.aborted) opened.destroy(closed());
      link = opened;
      return opened;
    } catch (error) {
      if (error instanceof SmartMoError) lastRefusal = { number: (lastRefusal?.number ?? 0) + 1, error };
      throw error;
    }
  }

  /** A first fault is often a connection that the PLC dropped while idle: no pause. A late RTU answer carries no number: wait it out. */
  async function pause(): Promise<void> {
    const backoff = faults < 2 ? 0 : Math.min(FIRST_PAUSE * 2 ** (faults - 2), LONGEST_PAUSE);
    const whole = settings.transport === 'tcp' || faults === 0 ? backoff : Math.max(backoff, settings.timeout * 1000);
    // The clock may have been set back or forth meanwhile: never more than the whole pause.
    const rest = Math.min(whole, faultAt + whole - clock.now().getTime());
    if (rest > 0) await clock.sleep(rest, ending.signal);
  }

  function succeeded(): void {
    faults = 0;
    if (known.state !== 'ok') known = { state: 'ok', since: clock.now(), error: null };
  }

  function failed(error: unknown): void {
    faults += 1;
    faultAt = clock.now().getTime();
    known = { state: 'down', since: known.state === 'down' ? known.since : clock.now(), error: describe(error) };
  }

  return {
    planning: { mode: settings.planning, maxWords: settings.maxWords, maxGap: settings.maxGap },
    read: async (area, address, count, signal) => enqueue({ kind: 'read', area, address, count }, signal),
    write: async (address, words, signal) => {
      await enqueue({ kind: 'write', address, words: [...words] }, signal);
    },
    state: () => known,
    close() {
      ending.abort();
      link?.destroy(closed());
    },
  };
}

/** The caller is let go at once; a request in flight is still answered or times out in the queue, its connection stays good. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(closed());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
