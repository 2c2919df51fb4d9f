import { setTimeout as delay } from 'node:timers/promises';
import type { Site } from '../support/site';
import { createAudit } from './audit';
import { createChaos, type Servers } from './chaos';
import { createDice } from './dice';
import { createLock } from './lock';
import type { Member } from './member';

export interface SoakOptions {
  seed: number;
  /** How long faults come. */
  seconds: number;
  /** Those of the site, when they may be stopped too. */
  servers?: Servers;
  /** Told every ten seconds how it stands. */
  progress?: (line: string) => void;
}

export interface SoakResult {
  /** The first thing that was wrong; null: nothing was. */
  violation: Error | null;
  /** From the start of the faults until the violation, or until everything had settled. */
  seconds: number;
  /** How many batches ended how, and how often each fault came. */
  summary: string;
  completed: number;
  /** What happened last, oldest first. */
  journal: string[];
}

const LOOK_EVERY_MS = 100;
/** Part of the pauses that are long. */
const QUIET = 0.05;
const PROGRESS_SECONDS = 10;
/** Leases of the dead end after a minute. */
const SETTLE_SECONDS = 180;

/**
 * Lets faults loose on processes that share one database, and looks all the time whether anything is lost or doubled. Then
 * it heals everything, and an operator parks what failed: all that Odoo has must come to an end. Starts the members, and the
 * clock when all of them work; stops them at the end. The seed decides what happens and when, not how it meets what the
 * processes just do.
 */
export async function soak(site: Site, members: readonly Member[], options: SoakOptions): Promise<SoakResult> {
  const { seed, servers = null, progress } = options;
  const dice = createDice(seed);
  const audit = createAudit(site);
  const tables = createLock();
  const over = new AbortController();
  let violation: Error | null = null;
  let looks = 0;
  let began = Date.now();
  let calmSince = Infinity;
  const secondsSince = (moment: number): number => (Date.now() - moment) / 1000;
  const chaos = createChaos({ site, servers, dice, takeTables: tables.take, ifTables: tables.ifFree }, members);

  function summary(): string {
    const listed = (counts: Iterable<readonly [string, number]>): string =>
      [...counts].map(([what, count]) => `${what} ${count}`).join(', ');
    return `${listed(Object.entries(audit.ended()))}, looked at ${looks} times; faults: ${listed(chaos.counts)}`;
  }

  /** @returns what has not come to an end yet */
  async function look(): Promise<string | null> {
    const giveBack = await tables.take();
    try {
      const calm = calmSince < Date.now();
      await audit.check();
      looks += 1;
      // After the tables: what they show may be why a process ended.
      chaos.assertAlive();
      if (!calm) return 'faults still come';
      for (const moId of await audit.forOperator()) chaos.press('park', moId);
      return await audit.unsettled();
    } finally {
      giveBack();
    }
  }

  /** Looks again and again until all has settled; a look that takes long is followed by a longer pause. */
  async function watch(): Promise<void> {
    let told = Date.now();
    while (!over.signal.aborted) {
      const started = Date.now();
      const unsettled = await look();
      if (unsettled === null) return;
      if (secondsSince(calmSince) > SETTLE_SECONDS) throw new Error(`I11: ${SETTLE_SECONDS} s after the last fault: ${unsettled}`);
      if (secondsSince(told) >= PROGRESS_SECONDS) {
        told = Date.now();
        progress?.(`${Math.round(secondsSince(began))} s: ${summary()}`);
      }
      await pause(Math.max(LOOK_EVERY_MS, Date.now() - started), over.signal);
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
    progress?.(`${Math.round(secondsSince(began))} s: the faults are over`);
  }

  let seconds = 0;
  function wrong(error: unknown): void {
    violation ??= error instanceof Error ? error : new Error(String(error));
    seconds ||= secondsSince(began);
    over.abort();
  }

  try {
    // Two at a time: a machine that starts all at once is too slow for each of them.
    for (let next = 0; next < members.length; next += 2) {
      await Promise.all(members.slice(next, next + 2).map((member) => member.start()));
    }
    began = Date.now();
    await Promise.all([watch().catch(wrong), rage().catch(wrong)]);
  } finally {
    await chaos.calm();
    await Promise.all(members.map((member) => member.stop()));
  }
  seconds ||= secondsSince(began);
  return { violation, seconds, summary: summary(), completed: audit.ended()['completed'] ?? 0, journal: chaos.journal() };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
