import { startNodeRed } from '../../test/support/node-red';
import { installedModules } from '../../test/support/tarball';
import { interleaved, type Pair } from '../measure';
import { resident } from '../node-red/memory';
import { compare, judge, type Row } from '../row';

const LIMIT = 'our own files alone: pg, axios, ajv, modbus-serial and the simulators are loaded when first used';

export const start: Row = {
  name: 'start',
  what: 'start and memory of Node-RED with the package, against a bare one',
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
    const times = await interleaved(
      rounds(10, 1),
      () => startOnce('product', true),
      () => startOnce('yardstick', false),
      0,
    );
    return [
      compare({ what: 'start of Node-RED with the package', unit: 'ms', against: 'bare Node-RED', goal: 1.05, pairs: times, limit: LIMIT }),
      judge({
        what: 'memory that the package adds to Node-RED',
        unit: 'MB',
        values: megabytes.map(({ product, yardstick }) => product - yardstick),
        goal: 15,
        limit: LIMIT,
      }),
    ];
  },
};
