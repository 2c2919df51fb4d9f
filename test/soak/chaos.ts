import type { Site } from '../support/site';
import type { Dice } from './dice';
import type { Member } from './member';

/** What happens to a plant, in an order that a seed decides. */
export interface Chaos {
  /** How often it did what. */
  readonly counts: ReadonlyMap<string, number>;
  /** The last things it did, oldest first. */
  journal(): string[];
  /** One random act, and the end of those that are over. */
  act(): Promise<void>;
  /** Everything goes on, nothing is broken any more, all processes are up. */
  calm(): Promise<void>;
  /** @throws when a process ended or would not start, though nobody had killed it */
  assertAlive(): void;
}

/** `busy`: it starts, or deploys. */
type Condition = 'up' | 'stopped' | 'down' | 'busy';

interface Undo {
  at: number;
  undo(): void | Promise<void>;
}

const JOURNAL = 30;
/** Confirmed orders that Odoo has ready: two sets. */
const ORDERS = 20;
const ODOO_FAULTS = ['reset-before', 'reset-after', 'hang', 'late', 'http-503'] as const;
const ODOO_METHODS = ['write', 'button_mark_done', 'action_cancel', 'search_read'] as const;
const PLC_FAULTS = ['down', 'mute', 'exception'] as const;

export function createChaos(site: Site, members: readonly Member[], dice: Dice): Chaos {
  const counts = new Map<string, number>();
  const journal: string[] = [];
  const conditions = new Map<Member, Condition>(members.map((member) => [member, 'up']));
  const undos: Undo[] = [];
  const background = new Set<Promise<void>>();
  let failure: Error | undefined;

  function note(what: string, detail: string): void {
    counts.set(what, (counts.get(what) ?? 0) + 1);
    journal.push(`${new Date().toISOString().slice(11, 23)} ${what} ${detail}`);
    if (journal.length > JOURNAL) journal.shift();
  }

  const later = (seconds: number, undo: Undo['undo']): void => void undos.push({ at: Date.now() + seconds * 1000, undo });

  function among(...allowed: Condition[]): Member[] {
    return members.filter((member) => allowed.includes(conditions.get(member) ?? 'down'));
  }

  /** Goes on while other things happen; the member is left alone meanwhile. */
  function inBackground(member: Member, work: () => Promise<void>): void {
    conditions.set(member, 'busy');
    const done = work()
      .then(() => void conditions.set(member, 'up'))
      .catch((error: unknown) => void (failure ??= error instanceof Error ? error : new Error(String(error))))
      .then(() => void background.delete(done));
    background.add(done);
  }

  const goOn = (member: Member): void => {
    if (conditions.get(member) !== 'stopped') return;
    process.kill(member.pid, 'SIGCONT');
    conditions.set(member, 'up');
  };
  const start = (member: Member): void => {
    if (conditions.get(member) === 'down') inBackground(member, () => member.start());
  };
  const enoughUp = (): boolean => among('up').length > members.length / 2;

  async function undoDue(now: number): Promise<void> {
    for (const due of undos.filter(({ at }) => at <= now)) {
      undos.splice(undos.indexOf(due), 1);
      await due.undo();
    }
  }

  async function askSomebody(wish: 'cancel' | 'park', condition: string): Promise<void> {
    const [row] = await site.query<{ mo_id: string }>(`SELECT mo_id FROM mo_batch WHERE ${condition} ORDER BY random() LIMIT 1`);
    const member = dice.pick(among('up'));
    if (!row || !member) return;
    note(wish, `${row.mo_id} in ${member.name}`);
    // It may be stopped or killed before it answers.
    void member.ask(wish, row.mo_id).catch(() => undefined);
  }

  const ACTS: { weight: number; act(): void | Promise<void> }[] = [
    {
      weight: 6,
      act() {
        const member = enoughUp() && dice.pick(among('up'));
        if (!member) return;
        // Now and then longer than the lease of a completer.
        const seconds = dice.between(0, 1) < 0.15 ? dice.between(12, 16) : dice.between(0.1, 3);
        note('SIGSTOP', `${member.name} for ${seconds.toFixed(1)} s`);
        process.kill(member.pid, 'SIGSTOP');
        conditions.set(member, 'stopped');
        later(seconds, () => goOn(member));
      },
    },
    {
      weight: 3,
      async act() {
        const member = enoughUp() && dice.pick(among('up', 'stopped'));
        if (!member) return;
        note('kill -9', member.name);
        conditions.set(member, 'down');
        await member.kill();
        later(dice.between(0.2, 2), () => start(member));
      },
    },
    {
      weight: 1,
      act() {
        const member = enoughUp() && dice.pick(among('up'));
        if (!member) return;
        note('restart', member.name);
        inBackground(member, async () => {
          await member.stop();
          await member.start();
        });
      },
    },
    {
      weight: 2,
      act() {
        const member = dice.pick(among('up').filter(({ redeploy }) => redeploy !== undefined));
        if (!member?.redeploy) return;
        note('redeploy', member.name);
        inBackground(member, member.redeploy);
      },
    },
    {
      weight: 6,
      async act() {
        const fault = dice.pick(ODOO_FAULTS);
        const method = dice.pick(ODOO_METHODS);
        note(`Odoo ${fault}`, `at ${method}`);
        await site.odoo.command({ action: 'fault', fault, method, times: 1 });
      },
    },
    {
      weight: 2,
      act() {
        const fault = dice.pick(PLC_FAULTS);
        note(`PLC ${fault}`, '');
        site.plc.command({ action: 'fault', fault, seconds: dice.between(0.1, 1) });
      },
    },
    {
      weight: 2,
      async act() {
        note('database cut', '');
        await site.wires.database.cut();
        later(dice.between(0.1, 1), () => site.wires.database.heal());
      },
    },
    { weight: 2, act: () => askSomebody('cancel', "state IN ('queued', 'running', 'finished', 'failed')") },
    { weight: 2, act: () => askSomebody('park', "state = 'failed'") },
  ];

  async function supply(): Promise<void> {
    const ready = site.odoo.orders().filter(({ state }) => state === 'confirmed').length;
    if (ready < ORDERS) await site.odoo.command({ action: 'orders', count: ORDERS });
  }

  return {
    counts,
    journal: () => [...journal],
    async act() {
      await undoDue(Date.now());
      await supply();
      await dice.weighted(ACTS)?.act();
    },
    async calm() {
      await undoDue(Infinity);
      await site.odoo.command({ action: 'clear' });
      site.plc.command({ action: 'clear' });
      await Promise.all(background);
    },
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
