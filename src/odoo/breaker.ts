import { backoffSeconds, type BackoffLimits } from '../backoff';
import { clockTime, type Clock } from '../clock';
import { describe, SmartMoError } from '../errors';
import type { LinkState } from './odoo';

/** Failures in a row that open the breaker (odoo.md part A). */
const FAILURES_TO_OPEN = 5;

export interface Breaker {
  /**
   * Runs the work, or refuses at once with ODOO_UNREACHABLE (transient, `retryAfter`) while the breaker is open.
   * When the pause is over one caller probes; its success closes the breaker, its failure opens it for longer.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  state(): LinkState;
}

/** Spares an Odoo that does not answer, and those who would wait for it. Transient and unknown failures count. */
export function createBreaker(name: string, limits: BackoffLimits, deps: { clock: Clock; random?: (() => number) | undefined }): Breaker {
  const { clock, random } = deps;
  const link: LinkState = { state: 'unknown', since: null, error: null, answeredAt: null };
  let failures = 0;
  let openUntil: Date | null = null;
  let probing = false;

  function note(state: 'ok' | 'down', error: string | null): void {
    if (link.state !== state) link.since = clock.now();
    if (state === 'ok') link.answeredAt = clock.now();
    link.state = state;
    link.error = error;
  }

  function failed(error: SmartMoError): void {
    failures += 1;
    if (failures < FAILURES_TO_OPEN) return;
    const seconds = backoffSeconds(failures - FAILURES_TO_OPEN + 1, limits, random, error.retryAfter);
    openUntil = new Date(clock.now().getTime() + seconds * 1000);
  }

  function answered(): void {
    failures = 0;
    openUntil = null;
  }

  function refuse(until: Date): SmartMoError {
    const seconds = Math.max(1, Math.ceil((until.getTime() - clock.now().getTime()) / 1000));
    const sentence = `${name} failed ${failures} times in a row and is left alone until ${clockTime(until)} (${seconds} s); last error: ${link.error}`;
    return new SmartMoError('ODOO_UNREACHABLE', sentence, { class: 'transient', retryAfter: seconds });
  }

  return {
    async run(work) {
      if (openUntil && (probing || clock.now() < openUntil)) throw refuse(openUntil);
      const isProbe = openUntil !== null;
      probing ||= isProbe;
      try {
        const result = await work();
        answered();
        note('ok', null);
        return result;
      } catch (error) {
        // A stop says nothing about Odoo.
        if (!(error instanceof SmartMoError) || error.code === 'CLOSED') throw error;
        if (error.retryable) failed(error);
        else answered();
        if (error.class === 'permanent') note('ok', null);
        else note('down', describe(error));
        throw error;
      } finally {
        if (isProbe) probing = false;
      }
    },
    state: () => ({ ...link }),
  };
}
