import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import type { Odoo } from '../../src/odoo/odoo';
import { DEFAULT_METHOD, FAULTS } from '../../src/simulators/odoo/faults';
import { connectTo } from '../support/odoo-script';
import { checkInvariants } from '../support/invariants';
import { type Plant, startPlant, type Tasks } from '../support/plant';

/** A call of a push as a fault is aimed at it. */
interface Call {
  method: string;
  /** So many of that method come before it. */
  skip?: number;
}
/** A push looks (MO, then moves), writes, marks done and looks again. */
const LOOK: Call = { method: 'search_read' };
const PROOF: Call = { method: 'search_read', skip: 2 };
const READS_OF_MOVES: Call[] = [1, 3].map((skip) => ({ method: 'search_read', skip }));
const STOCK = { write: { method: 'write' }, done: { method: 'button_mark_done' } };
const SERVERS = [
  { version: '17', protocol: 'jsonrpc', password: 'demo', ...STOCK },
  { version: '19', protocol: 'json2', password: 'demo-key', ...STOCK },
  { version: 'scada', protocol: 'scada', password: 'demo', write: { method: 'update-with-consumptions' }, done: { method: 'mark-done' } },
] as const;

/** 60 MB each, tested over sockets; and the whole server gone, which takes its own time. */
const ELSEWHERE = new Set(['huge', 'gzip-bomb', 'down']);
/** Answers in which a write that was never made looks like a success over the models: no real Odoo gives them to a write. */
const LIES = new Set(['null', 'types']);
/** Three tries, and a person decides: too many of them in a row rightly fail a batch. */
const REFUSALS = new Set(['refused', 'partial', 'halfway', 'rights']);
/** Take effect after the answer was given up: on an MO that a person has marked done meanwhile they would move stock once more. */
const LATE = new Set(['late', 'reset-late']);
/** What a person does meanwhile, round by round. */
const PERSONS = [null, 'done', 'cancel', 'delete'] as const;
type Person = NonNullable<(typeof PERSONS)[number]>;
const ROUNDS = 12;

/** Numbers from 0 to 1, the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Ordered = Call & { fault: string };

for (const { version, protocol, password, write, done } of SERVERS) {
  describe(`faults of Odoo during a push, over ${protocol}`, function () {
    this.timeout(240_000);
    const CALLS = [LOOK, write, done, PROOF];
    let plant: Plant;
    let odoo: Odoo;
    let tasks: Tasks;
    /** MOs that somebody else has ended in Odoo. */
    const notOurs: string[] = [];
    before(async function () {
      plant = await startPlant(this, { odoo: { version }, line: { scaleBom: true } });
      const settings = { database: 'demo', login: 'demo', password, timeout: 0.4, retryMin: 0.01, retryMax: 0.05, quietTime: 0 };
      odoo = connectTo(plant.odoo.url, settings);
      tasks = plant.on({ ...plant.line, odoo });
    });
    after(async () => {
      // Neither is there where the machine has no PostgreSQL.
      odoo?.close();
      await plant?.close();
    });

    /** A finished batch, and the faults that its push will meet. */
    async function finishedBatch(faults: readonly Ordered[]): Promise<string> {
      // Over the patient connection: a busy machine is none of the faults.
      await plant.fetch({ limit: 1 });
      const [mo_id = ''] = await plant.queued();
      await plant.finishAll();
      plant.struck.length = 0;
      for (const fault of faults) await plant.odoo.command({ action: 'fault', times: 1, delay: 0.2, ...fault });
      return mo_id;
    }

    /** Runs of the completer, all waits skipped, until the batch is archived or failed. @returns what happened, for people */
    async function settle(meanwhile: (run: number) => Promise<void> = () => Promise.resolve()): Promise<string> {
      const log: string[] = [];
      for (let run = 0; run < 40; run += 1) {
        await meanwhile(run);
        await tasks.complete().catch((error: unknown) => log.push(String(error)));
        const rows = await plant.rows();
        log.push(...rows.map((row) => `${row.state}: ${row.last_error ?? ''}`));
        if (rows.every(({ state }) => state === 'failed')) break;
        await plant.letTimePass();
      }
      return log.join('\n');
    }

    async function endOf(mo_id: string): Promise<string> {
      const [row] = await plant.rows();
      return row
        ? `${row.state}: ${row.last_error?.split(':')[0] ?? ''}`
        : (await plant.history()).findLast((record) => record.mo_id === mo_id)!.status;
    }

    /** A person takes a failed batch out of the queue, so that the next one can be fetched. */
    async function leaveToPerson(mo_id: string): Promise<void> {
      if ((await plant.rows()).length > 0) await tasks.act('park', { mo_id });
      assert.deepEqual(await plant.queued(), []);
    }

    async function survive(fault: string, call: Call): Promise<void> {
      const mo_id = await finishedBatch([{ fault, ...call }]);
      const log = await settle();
      assert.deepEqual(plant.struck, [`${fault} strikes ${call.method}`], `at ${JSON.stringify(call)}:\n${log}`);
      assert.equal(await endOf(mo_id), 'completed', log);
      await checkInvariants(plant, notOurs);
    }

    /** The calls that a fault can strike in this protocol without ever lying about a change. */
    const struckBy = (fault: string, calls: readonly Call[] = CALLS): Call[] =>
      calls.filter(
        (call) => (DEFAULT_METHOD[fault] ?? call.method) === call.method && !(LIES.has(fault) && call === write && protocol !== 'scada'),
      );
    const faults = FAULTS.filter((fault) => !ELSEWHERE.has(fault) && struckBy(fault).length > 0);
    for (const fault of faults) {
      it(`${fault}, at every call in turn [fault: push-${fault}]`, async () => {
        for (const call of struckBy(fault)) await survive(fault, call);
      });
    }

    if (protocol !== 'scada') {
      it('a write that Odoo never made and calls a success is found out: ODOO_DIFFERS, for a person', async () => {
        for (const fault of LIES) {
          const mo_id = await finishedBatch([{ fault, ...write }]);
          notOurs.push(mo_id);
          await settle();
          assert.deepEqual(plant.struck, [`${fault} strikes ${write.method}`]);
          assert.equal(await endOf(mo_id), 'failed: ODOO_DIFFERS');
          await leaveToPerson(mo_id);
        }
      });
    }

    /** How a batch must end, by what a person did and by what the stand-in Odoo shows as consumed. */
    function rightEnd(mo_id: string, person: Person | null, weighed: ReadonlyMap<string, number | undefined>): string {
      if (person === 'cancel') return 'failed: ODOO_CANCELLED';
      if (person === 'delete') return 'failed: ODOO_GONE';
      const consumed = plant.odoo.effects().flatMap((effect) => (effect.mo_id === mo_id && effect.kind === 'consume' ? [effect] : []));
      // Who marks done what we have written already books our figures.
      const isOurs = consumed.every(({ product, quantity }) => weighed.get(product) === quantity);
      return person === null || isOurs ? 'completed' : 'failed: ODOO_DIFFERS';
    }

    /** @returns what happened, for people */
    async function playRound(person: Person | null, before: number, sequence: readonly Ordered[]): Promise<string> {
      const mo_id = await finishedBatch(sequence);
      const [row] = await plant.rows();
      const weighed = new Map(row!.materials.map(({ product, tag }) => [product, row!.actual?.[tag]]));
      let acted: Person | null = null;
      const log = await settle(async (run) => {
        if (run !== before || person === null) return;
        // Too late when the MO is done: the stand-in refuses then.
        await plant.odoo.command({ action: person, mo_id }).then(
          () => (acted = person),
          (error: unknown) => assert.ok(error instanceof SmartMoError && error.code === 'INPUT_INVALID', String(error)),
        );
      });
      await plant.odoo.command({ action: 'clear' });
      if (person === null || before > 0) assert.ok(plant.struck.length > 0, 'no fault struck');
      const end = await endOf(mo_id);
      assert.equal(end, rightEnd(mo_id, acted, weighed), log);
      if (end !== 'completed') notOurs.push(mo_id);
      await leaveToPerson(mo_id);
      await checkInvariants(plant, notOurs);
      return `${end}${acted === null ? '' : ` after ${String(acted)}`}`;
    }

    const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
    it(`several in a row, and a person in between, at random: FAULT_SEED=${seed} [fault: odoo-many-at-once]`, async () => {
      const random = dice(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
      for (let round = 0; round < ROUNDS; round += 1) {
        const person = PERSONS[round % PERSONS.length]!;
        const away = faults.filter((fault) => !REFUSALS.has(fault) && !(person === 'done' && LATE.has(fault)));
        const sequence = Array.from({ length: 3 }, () => {
          const fault = pick(away);
          return { fault, ...pick(struckBy(fault, [...CALLS, ...READS_OF_MOVES])) };
        });
        const before = pick([0, 1, 2]);
        await playRound(person, before, sequence).catch((error: unknown) => {
          throw new Error(`round ${round}, ${person ?? 'nobody'} before run ${before}: ${JSON.stringify(sequence)}`, { cause: error });
        });
      }
    });
  });
}
