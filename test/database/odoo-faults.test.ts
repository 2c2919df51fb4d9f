import assert from 'node:assert/strict';
import type { Odoo, PushPayload } from '../../src/odoo/odoo';
import { DEFAULT_METHOD, FAULTS } from '../../src/simulators/odoo/faults';
import { connectTo } from '../support/odoo-script';
import { type Plant, startPlant } from '../support/plant';

/** The calls of a push, by protocol: look, write, done. */
const METHODS = {
  jsonrpc: ['search_read', 'write', 'button_mark_done'],
  json2: ['search_read', 'write', 'button_mark_done'],
  scada: ['search_read', 'update-with-consumptions', 'mark-done'],
};
const SERVERS = [
  { version: '17', protocol: 'jsonrpc', password: 'demo' },
  { version: '19', protocol: 'json2', password: 'demo-key' },
  { version: 'scada', protocol: 'scada', password: 'demo' },
] as const;
/** 60 MB each, tested over sockets; and the whole server gone, which takes its own time. */
const ELSEWHERE = new Set(['huge', 'gzip-bomb', 'down', 'drip']);
/** Odoo says "done" to a write it never made: no real one does, and only a person can tell what to book. */
const LIES = new Set(['null', 'types', 'wizard']);
/** Three tries, and a person decides: too many of them in a row rightly fail a batch. */
const REFUSALS = new Set(['refused', 'partial', 'halfway']);

/** Numbers from 0 to 1, the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const { version, protocol, password } of SERVERS) {
  describe(`faults of Odoo during a push, over ${protocol}`, function () {
    this.timeout(240_000);
    let plant: Plant;
    let odoo: Odoo;
    before(async function () {
      plant = await startPlant(this, { odoo: { version }, line: { scaleBom: true } });
      const settings = { database: 'demo', login: 'demo', password, timeout: 0.4, retryMin: 0.01, retryMax: 0.05, quietTime: 0 };
      odoo = connectTo(plant.odoo.url, settings);
    });
    after(async () => {
      // Neither is there where the machine has no PostgreSQL.
      odoo?.close();
      await plant?.close();
    });

    /** Everything that one MO has seen: done once, with exactly what was frozen. */
    async function assertOnce(mo_id: string): Promise<void> {
      const [record] = await plant.database.query<{ push_payload: PushPayload }>(
        'SELECT push_payload FROM {schema}.mo_histories WHERE mo_id = $1',
        [mo_id],
      );
      const effects = plant.odoo.effects().filter((effect) => effect.mo_id === mo_id);
      assert.equal(effects.filter((effect) => effect.kind === 'done').length, 1, `${mo_id} done`);
      const consumed = effects.flatMap((effect) => (effect.kind === 'consume' ? [effect.quantity] : []));
      const wanted = record!.push_payload.moves.map(({ quantity }) => quantity).filter((quantity) => quantity > 0);
      assert.deepEqual(consumed.sort(), wanted.sort(), `${mo_id} consumed`);
    }

    async function survive(faults: readonly object[]): Promise<void> {
      const tasks = plant.on({ ...plant.line, odoo });
      await tasks.fetch({ limit: 1 });
      const [mo_id] = await plant.queued();
      await plant.finishAll();
      for (const fault of faults) await plant.odoo.command({ action: 'fault', times: 1, ...fault });
      const log: string[] = [];
      for (let run = 0; run < 40 && (await plant.queued()).length > 0; run += 1) {
        await tasks.complete().catch((error: unknown) => log.push(String(error)));
        log.push(...(await plant.rows()).map((row) => `${row.state}: ${row.last_error ?? ''}`));
        await plant.letTimePass();
      }
      await plant.odoo.command({ action: 'clear' });
      assert.deepEqual(await plant.queued(), [], log.join('\n'));
      await assertOnce(mo_id!);
    }

    /** The calls that a fault can strike in this protocol. */
    const struck = (fault: string): string[] => METHODS[protocol].filter((method) => (DEFAULT_METHOD[fault] ?? method) === method);
    const faults = FAULTS.filter((fault) => !ELSEWHERE.has(fault) && !LIES.has(fault) && struck(fault).length > 0);
    for (const fault of faults) {
      it(`${fault}, at every call in turn [fault: push-${fault}]`, async () => {
        for (const method of struck(fault)) await survive([{ fault, method, delay: 0.2 }]);
      });
    }

    it('several at once, at random [fault: odoo-many-at-once]', async () => {
      const seed = Date.now() % 1_000_000;
      const random = dice(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
      for (let round = 0; round < 10; round += 1) {
        const away = faults.filter((fault) => !REFUSALS.has(fault));
        const sequence = Array.from({ length: 3 }, () => ({ fault: pick(away), method: pick(METHODS[protocol]), delay: 0.2 }));
        await survive(sequence).catch((error: unknown) => {
          throw new Error(`seed ${seed}, round ${round}: ${JSON.stringify(sequence)}`, { cause: error });
        });
      }
    });
  });
}
