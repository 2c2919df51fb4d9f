import { example } from '../../test/support/example';

/** Seconds; as example 01 ships them. */
export interface Timer {
  every: number;
  /** The first run after a deploy. */
  first: number;
}

export interface Timers {
  fetch: Timer;
  /** Writer and reader share one. */
  plc: Timer;
  complete: Timer;
}

/** The timers of the shipped flow, so that the simulation is about what is shipped. */
export function shippedTimers(): Timers {
  const flows = example('01 - Smart MO Sync');
  const timer = (name: string): Timer => {
    const node = flows.find((candidate) => candidate['type'] === 'inject' && candidate['name'] === name);
    if (!node) throw new Error(`example 01 has no timer "${name}"`);
    return { every: Number(node['repeat']), first: Number(node['onceDelay']) };
  };
  return { fetch: timer('every 60 minutes'), plc: timer('every 5 minutes'), complete: timer('every 3 minutes') };
}
