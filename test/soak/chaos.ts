import type { OwnServer } from '../support/own-server';
import type { Site } from '../support/site';
import { acts } from './acts';
import type { Dice } from './dice';
import type { Member } from './member';

/** What happens to a plant, in an order that a seed decides. */
export interface Chaos {
  /** How often each fault came, in the order of the list; those that never came too. */
  readonly counts: ReadonlyMap<string, number>;
  /** The last things it did, oldest first. */
  journal(): string[];
  /** One random act, and the end of those that are over. */
  act(): Promise<void>;
  /** Everything goes on, nothing is broken any more, all processes are up. */
  calm(): Promise<void>;
  /** Somebody at one of the screens presses a button. The answer counts for nothing. */
  press(wish: 'cancel' | 'park', moId: string): boolean;
  /** @throws when a process ended or would not start, though nobody had killed it */
  assertAlive(): void;
}

/** `busy`: it starts, or deploys. */
export type Condition = 'up' | 'stopped' | 'down' | 'busy';

/** The PostgreSQL of the site. */
export interface Servers {
  /** The one that takes changes now. */
  primary(): OwnServer;
  /** Where there are two. */
  standby?: {
    /** It becomes the primary; what was the primary is gone for good. */
    takeOver(): Promise<void>;
    /** The primary gets a new one, and stands still meanwhile. */
    renew(): Promise<void>;
  };
}

/** What the acts work with. */
export interface Stage {
  site: Site;
  /** Null where they are not the soak's own and must stay up. */
  servers: Servers | null;
  dice: Dice;
  /** Members in one of these conditions. */
  among(...allowed: Condition[]): Member[];
  set(member: Member, condition: Condition): void;
  is(member: Member, condition: Condition): boolean;
  /** Whether one more may be missing. */
  enoughUp(): boolean;
  /** Goes on while other things happen; the member is left alone meanwhile. */
  inBackground(member: Member, work: () => Promise<void>): void;
  /** Once, after that many seconds or when calm comes. */
  later(seconds: number, undo: () => void | Promise<void>): void;
  press: Chaos['press'];
  /** Nobody looks at the tables until they are given back. */
  takeTables(): Promise<() => void>;
  /** Null while they are taken away. */
  ifTables<T>(look: () => Promise<T>): Promise<T | null>;
}

const JOURNAL = 30;
/** Confirmed orders that Odoo has ready: two sets. */
const ORDERS = 20;

export function createChaos(
  given: Pick<Stage, 'site' | 'servers' | 'dice' | 'takeTables' | 'ifTables'>,
  members: readonly Member[],
): Chaos {
  const { site, dice } = given;
  const journal: string[] = [];
  const conditions = new Map<Member, Condition>(members.map((member) => [member, 'up']));
  const undos: { at: number; undo(): void | Promise<void> }[] = [];
  const background = new Set<Promise<void>>();
  let failure: Error | undefined;

  function among(...allowed: Condition[]): Member[] {
    return members.filter((member) => allowed.includes(conditions.get(member) ?? 'down'));
  }

  function inBackground(member: Member, work: () => Promise<void>): void {
    conditions.set(member, 'busy');
    const done = work()
      .then(() => void conditions.set(member, 'up'))
      .catch((error: unknown) => void (failure ??= error instanceof Error ? error : new Error(String(error))))
      .then(() => void background.delete(done));
    background.add(done);
  }

  function press(wish: 'cancel' | 'park', moId: string): boolean {
    const member = dice.pick(among('up'));
    // It may be stopped or killed before it answers.
    void member?.ask(wish, moId).catch(() => undefined);
    return member !== undefined;
  }

  async function undoDue(now: number): Promise<void> {
    for (const due of undos.filter(({ at }) => at <= now)) {
      undos.splice(undos.indexOf(due), 1);
      await due.undo();
    }
  }

  async function supply(): Promise<void> {
    const ready = site.odoo.orders().filter(({ state }) => state === 'confirmed').length;
    if (ready < ORDERS) await site.odoo.command({ action: 'orders', count: ORDERS });
  }

  const list = acts({
    ...given,
    among,
    set: (member, condition) => void conditions.set(member, condition),
    is: (member, condition) => conditions.get(member) === condition,
    enoughUp: () => among('up').length > members.length / 2,
    inBackground,
    later: (seconds, undo) => void undos.push({ at: Date.now() + seconds * 1000, undo }),
    press,
  });
  const counts = new Map(list.map(({ name }) => [name, 0]));

  return {
    counts,
    journal: () => [...journal],
    async act() {
      await undoDue(Date.now());
      await supply();
      const chosen = dice.weighted(list);
      const at = new Date().toISOString().slice(11, 23);
      const detail = await chosen?.act();
      if (!chosen || typeof detail !== 'string') return;
      counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
      journal.push(`${at} ${chosen.name} ${detail}`.trim());
      if (journal.length > JOURNAL) journal.shift();
    },
    async calm() {
      await undoDue(Infinity);
      await site.odoo.command({ action: 'clear' });
      site.plc.command({ action: 'clear' });
      await Promise.all(background);
    },
    press,
    assertAlive() {
      if (failure) throw failure;
      for (const { pid, name, lastWords } of among('up', 'stopped')) {
        try {
          process.kill(pid, 0);
        } catch {
          throw new Error(`${name} ended by itself; the last it said:\n${lastWords()}`);
        }
      }
    },
  };
}
