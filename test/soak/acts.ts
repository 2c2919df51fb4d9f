import type { Ending } from '../support/own-server';
import type { Stage } from './chaos';

/** One kind of fault. */
export interface Act {
  /** As the summary counts it. */
  name: string;
  /** How often it comes, in proportion to the others. */
  weight: number;
  /** Does it, and says what exactly; null: just now it cannot be done. */
  act(): Promise<string | null> | string | null;
}

const ODOO_FAULTS = ['reset-before', 'reset-after', 'hang', 'late', 'http-503'] as const;
const ODOO_METHODS = ['write', 'button_mark_done', 'action_cancel', 'search_read'] as const;
const PLC_FAULTS = ['down', 'mute', 'exception'] as const;
const ENDINGS: readonly Ending[] = ['fast', 'immediate', 'kill'];

/** Everything that can happen to a plant: processes, deploys, Odoo, PLC, network, database, people. */
export function acts(stage: Stage): Act[] {
  return [...ofProcesses(stage), ...ofOdoo(stage), ...ofPlc(stage), ...ofNetwork(stage), ...ofDatabase(stage), ...ofPeople(stage)];
}

function ofProcesses({ dice, among, set, is, enoughUp, inBackground, later }: Stage): Act[] {
  return [
    {
      name: 'SIGSTOP',
      weight: 6,
      act() {
        const member = enoughUp() && dice.pick(among('up'));
        if (!member) return null;
        // Now and then longer than the lease of a completer.
        const seconds = dice.between(0, 1) < 0.15 ? dice.between(12, 16) : dice.between(0.1, 3);
        process.kill(member.pid, 'SIGSTOP');
        set(member, 'stopped');
        later(seconds, () => {
          if (!is(member, 'stopped')) return;
          process.kill(member.pid, 'SIGCONT');
          set(member, 'up');
        });
        return `${member.name} for ${seconds.toFixed(1)} s`;
      },
    },
    {
      name: 'kill -9',
      weight: 3,
      async act() {
        const member = enoughUp() && dice.pick(among('up', 'stopped'));
        if (!member) return null;
        set(member, 'down');
        await member.kill();
        later(dice.between(0.2, 2), () => {
          if (is(member, 'down')) inBackground(member, () => member.start());
        });
        return member.name;
      },
    },
    {
      name: 'restart',
      weight: 1,
      act() {
        const member = enoughUp() && dice.pick(among('up'));
        if (!member) return null;
        inBackground(member, async () => {
          await member.stop();
          await member.start();
        });
        return member.name;
      },
    },
    {
      name: 'redeploy',
      weight: 2,
      act() {
        const member = dice.pick(among('up').filter(({ redeploy }) => redeploy !== undefined));
        if (!member?.redeploy) return null;
        inBackground(member, member.redeploy);
        return member.name;
      },
    },
  ];
}

function ofOdoo({ site, dice }: Stage): Act[] {
  return ODOO_FAULTS.map((fault) => ({
    name: `Odoo ${fault}`,
    weight: 1.2,
    async act() {
      const method = dice.pick(ODOO_METHODS);
      await site.odoo.command({ action: 'fault', fault, method, times: 1 });
      return `at ${method}`;
    },
  }));
}

function ofPlc({ site, dice }: Stage): Act[] {
  return PLC_FAULTS.map((fault) => ({
    name: `PLC ${fault}`,
    weight: 0.7,
    act() {
      const seconds = dice.between(0.1, 1);
      site.plc.command({ action: 'fault', fault, seconds });
      return `for ${seconds.toFixed(1)} s`;
    },
  }));
}

function ofNetwork({ site, dice, later }: Stage): Act[] {
  return (['odoo', 'plc', 'database'] as const).map((to) => ({
    name: `no network to ${to}`,
    weight: to === 'database' ? 2 : 1,
    async act() {
      const seconds = dice.between(0.1, 1);
      const wire = site.wires[to];
      await wire.cut();
      later(seconds, () => wire.heal());
      return `for ${seconds.toFixed(1)} s`;
    },
  }));
}

function ofDatabase({ servers, dice, later, takeTables }: Stage): Act[] {
  if (!servers) return [];
  const { primary, standby } = servers;
  let down = false;
  let isAlone = false;
  const ends = ENDINGS.map((how) => ({
    name: `PostgreSQL ended (${how})`,
    weight: 0.6,
    async act() {
      if (down) return null;
      down = true;
      const giveBack = await takeTables();
      const seconds = dice.between(0, 1);
      await primary().stop(how);
      later(seconds, async () => {
        await primary().start().finally(giveBack);
        down = false;
      });
      return `for ${seconds.toFixed(1)} s`;
    },
  }));
  if (!standby) return ends;
  const change = (name: string, weight: number, alone: boolean, work: () => Promise<void>): Act => ({
    name,
    weight,
    async act() {
      if (down || isAlone !== alone) return null;
      const giveBack = await takeTables();
      await work().finally(giveBack);
      isAlone = !alone;
      return '';
    },
  });
  return [
    ...ends,
    change('PostgreSQL failed over', 0.6, false, standby.takeOver),
    change('PostgreSQL got a new standby', 3, true, standby.renew),
  ];
}

function ofPeople({ site, press, ifTables }: Stage): Act[] {
  const wish = (name: 'cancel' | 'park', condition: string): Act => ({
    name,
    weight: 2,
    async act() {
      const sql = `SELECT mo_id FROM mo_batch WHERE ${condition} ORDER BY random() LIMIT 1`;
      const [row] = (await ifTables(() => site.query<{ mo_id: string }>(sql))) ?? [];
      return row && press(name, row.mo_id) ? row.mo_id : null;
    },
  });
  return [wish('cancel', "state IN ('queued', 'running', 'finished', 'failed')"), wish('park', "state = 'failed'")];
}
