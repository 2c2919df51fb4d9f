import { type NodeRedOptions, startNodeRed } from '../../test/support/node-red';
import { installedModules } from '../../test/support/tarball';
import { onceARound, type Pair } from '../measure';
import { emptyPackage, userDirWith } from '../node-red/empty-package';
import { resident } from '../node-red/memory';
import type { Row } from '../row';

const LIMIT =
  'what as many nodes that do nothing take is in the row after it; what the nodes do is loaded with the first one that a flow has';

export const start: Row = {
  name: 'start',
  what: 'start and memory of Node-RED with the package, against a bare one',
  package: true,
  async run({ rounds, progress }) {
    progress('the package is built and installed');
    await installedModules();
    const megabytes: Pair[] = [];
    let last: Pair = { product: 0, yardstick: 0 };

    async function startOnce(key: keyof Pair, install: boolean): Promise<number> {
      const started = performance.now();
      const red = await startNodeRed({ install });
      const taken = performance.now() - started;
      last = { ...last, [key]: resident(red) };
      await red.stop();
      if (last.product > 0 && last.yardstick > 0) {
        megabytes.push(last);
        last = { product: 0, yardstick: 0 };
      }
      return taken;
    }

    progress('Node-RED starts');
    const times = await onceARound(
      rounds(60, 1),
      () => startOnce('product', true),
      () => startOnce('yardstick', false),
      0,
    );
    const empty = await emptyPackage();
    const floors = await onceARound(
      rounds(12, 1),
      async () => timeOf({ userDir: await userDirWith(empty), install: false }),
      () => timeOf({ install: false }),
      0,
    );
    const start = { unit: 'ms', against: 'bare Node-RED' };
    return [
      { ...start, what: 'start of Node-RED with the package', goal: 1.05, pairs: times, limit: LIMIT },
      { ...start, what: 'the same with a package of as many nodes that do nothing', goal: null, pairs: floors },
      {
        what: 'memory that the package adds to Node-RED',
        unit: 'MB',
        values: megabytes.map(({ product, yardstick }) => product - yardstick),
        goal: 15,
        limit: LIMIT,
      },
    ];
  },
};

/** Milliseconds that a start takes. */
async function timeOf(options: NodeRedOptions): Promise<number> {
  const started = performance.now();
  const red = await startNodeRed(options);
  const taken = performance.now() - started;
  await red.stop();
  return taken;
}
