import { setTimeout as delay } from 'node:timers/promises';
import type { Site } from '../support/site';
import { createAudit } from './audit';
import { createChaos } from './chaos';
import { createDice } from './dice';
import type { Member } from './member';

export interface SoakOptions {
  seed: number;
  /** How long faults come. */
  seconds: number;
  /** Told every ten seconds how it stands. */
  progress?: (line: string) => void;
}

export interface SoakResult {
  /** The first thing that was wrong; null: nothing was. */
  violation: Error | null;
  /** From the start of the faults until the violation, or until everything had settled. */
  seconds: number;
  /** How many batches ended how, and how often each thing was done. */
  summary: string;
  completed: number;
  /** What happened last, oldest first. */
  journal: string[];
}

const LOOK_EVERY_MS = 300;
/** Part of the pauses that are long. */
const QUIET = 0.05;
const PROGRESS_SECONDS = 10;
const SETTLE_SECONDS = 120;

/**
 * Lets faults loose on processes that share one database, and looks all the time whether anything is lost or doubled;
 * then heals everything and waits until all of it has come to an end. Starts the members and stops them. The seed decides
 * what happens and when, not how it meets what the processes just do.
 */
export async function soak(site: Site, members: readonly Member[], options: SoakOptions): Promise<SoakResult> {
  const dice = createDice(options.seed);
  const audit = createAudit(site);
  const chaos = createChaos(site, members, dice);
  const over = new AbortController();
  let violation: Error | null = null;
  let looks = 0;
  let began = Date.now();
  let calmSince = Infinity;
  const secondsSince = (moment: number): number => (Date.now() - moment) / 1000;

  function summary(): string {
    const all = [...Object.entries(audit.ended()), ...chaos.counts, ['looks', looks] as const];
    return all.map(([what, count]) => `${what} ${count}`).join(', ');
  }

  /** Looks again and again until all has settled; a look that takes long is followed by a longer pause. */
  async function watch(): Promise<void> {
    let told = Date.now();
    while (!over.signal.aborted) {
      const started = Date.now();
      await audit.check();
      looks += 1;
      // After the tables: what they show may be why a process ended.
      chaos.assertAlive();
      if (calmSince < started) {
        const unsettled = await audit.unsettled();
        if (unsettled === null) return;
        if (secondsSince(calmSince) > SETTLE_SECONDS) throw new Error(`${SETTLE_SECONDS} s after the last fault: ${unsettled}`);
      }
      if (secondsSince(told) >= PROGRESS_SECONDS) {
        told = Date.now();
        options.progress?.(`${Math.round(secondsSince(began))} s: ${summary()}`);
      }
      await pause(Math.max(LOOK_EVERY_MS, 3 * (Date.now() - started)), over.signal);
    }
  }

  async function rage(): Promise<void> {
    while (!over.signal.aborted && secondsSince(began) < options.seconds) {
      await chaos.act();
      // Now and then long enough for a set to go through.
      await pause(dice.between(0, 1) < QUIET ? dice.between(2000, 5000) : dice.between(50, 700), over.signal);
    }
    await chaos.calm();
    calmSince = Date.now();
  }

  let seconds = 0;
  function wrong(error: unknown): void {
    violation ??= error instanceof Error ? error : new Error(String(error));
    seconds ||= secondsSince(began);
    over.abort();
  }

  try {
    await Promise.all(members.map((member) => member.start()));
    began = Date.now();
    await Promise.all([watch().catch(wrong), rage().catch(wrong)]);
  } finally {
    await Promise.all(members.map((member) => member.stop()));
  }
  seconds ||= secondsSince(began);
  return { violation, seconds, summary: summary(), completed: audit.ended()['completed'] ?? 0, journal: chaos.journal() };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
