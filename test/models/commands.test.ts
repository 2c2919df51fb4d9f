import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CARELESS } from './careless';
import { commands } from './commands';
import { startWorld } from './world';

const SEED = Number(process.env['SMART_MO_SEED'] ?? Date.now() % 1_000_000_000);
/** Sequences of commands; a night takes thousands. */
const RUNS = Number(process.env['SMART_MO_RUNS'] ?? 10);
const MOST_COMMANDS = 40;
/** Far more than a sequence takes, also on a busy machine. */
const RUN_MS = 30_000;

describe(`a line to which anything happens in any order, SMART_MO_SEED=${SEED}`, function () {
  // A failure is shortened to the commands it needs, which takes more runs than finding it.
  this.timeout(20 * RUN_MS + 2 * RUN_MS * RUNS);

  it(`${RUNS} sequences: the invariants hold after each command, and when the faults stop all of it settles`, async function () {
    const sequences = fc.asyncProperty(commands(MOST_COMMANDS), async (sequence) => {
      const world = await startWorld(this);
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: world }), sequence);
        await world.heal();
      } finally {
        await world.plant.close();
      }
    });
    await fc.assert(sequences, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: RUN_MS * RUNS });
  });

  for (const [what, careless] of Object.entries(CARELESS)) {
    it(`${what} is found out`, async function () {
      const world = await startWorld(this, careless);
      try {
        await world.check();
        await assert.rejects(async () => {
          await careless.misfortune(world);
          await world.check();
        }, careless.breaks);
      } finally {
        await world.plant.close();
      }
    });
  }
});
