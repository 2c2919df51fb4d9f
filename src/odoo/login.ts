import { clockTime, type Clock } from '../clock';
import { SmartMoError } from '../errors';
import { say } from '../sentence';
import { isDenied } from './faults';
import type { OdooSettings } from './settings';
import { shared } from './shared';

/** Odoo makes its API keys of 20 random bytes in hex. */
const API_KEY = /^[0-9a-f]{40}$/;

export interface Login<Session> {
  /** The session, logging in when needed. */
  session(signal?: AbortSignal): Promise<Session>;
  /** Runs the work in a session; when Odoo denies it, once again after one fresh login. */
  run<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export interface LoginOptions<Session> {
  /** null, or a denial: Odoo refuses the user. */
  authenticate: () => Promise<Session | null>;
  /** Further errors behind which a lost session may hide. */
  isLost?: (error: unknown) => boolean;
}

/**
 * One login serves all calls. A session is an object, so that an old one is never taken for the new one. When Odoo denies a call, one fresh login is tried; when that is refused too, no login is
 * sent for `retryMax` seconds, or Odoo would lock the user.
 */
export function createLogin<Session extends object>(options: LoginOptions<Session>, settings: OdooSettings, clock: Clock): Login<Session> {
  const { database, login, password, retryMax } = settings;
  let refusal: { until: Date; error: SmartMoError } | undefined;
  let hasWorked = false;

  const current = shared(async () => {
    if (refusal && clock.now() < refusal.until) throw refusal.error;
    const session = await options.authenticate().catch((error: unknown) => {
      if (isDenied(error)) return null;
      throw error;
    });
    if (session === null) throw refuse();
    refusal = undefined;
    return session;
  });

  function refuse(): SmartMoError {
    const until = new Date(clock.now().getTime() + retryMax * 1000);
    const again = say`the next login is tried at ${clockTime(until)} or after a deploy`;
    const error =
      hasWorked && API_KEY.test(password)
        ? new SmartMoError(
            'ODOO_KEY_EXPIRED',
            say`the API key of "${login}" worked before and is now refused by database "${database}"; make a new key in Odoo and enter it; ${again}`,
            { class: 'auth' },
          )
        : new SmartMoError(
            'ODOO_AUTH',
            say`database "${database}" refuses "${login}"; check database, login and password or API key (keys expire); ${again}`,
            { class: 'auth' },
          );
    refusal = { until, error };
    return error;
  }

  async function attempt<T>(work: (session: Session) => Promise<T>, session: Session): Promise<T> {
    const result = await work(session);
    hasWorked = true;
    return result;
  }

  return {
    session: (signal) => current.get(signal),
    async run(work, signal) {
      const first = await current.get(signal);
      try {
        return await attempt(work, first);
      } catch (error) {
        if (!isDenied(error) && !options.isLost?.(error)) throw error;
      }
      current.forget(first);
      const second = await current.get(signal);
      try {
        return await attempt(work, second);
      } catch (error) {
        if (!isDenied(error)) throw error;
        current.forget(second);
        throw refuse();
      }
    },
  };
}
