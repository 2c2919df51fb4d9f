import { shareTestServer } from './postgres';
import { shareTarball } from './tarball';

/**
 * `npm test` runs the test files in two processes, because most of them wait most of the time. What takes long to make is made
 * once for both, before the first test. `npx mocha <file>` does without: there each file makes what it needs.
 */
let stop: () => Promise<void>;

export async function mochaGlobalSetup(): Promise<void> {
  await shareTarball();
  stop = await shareTestServer();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stop();
}
