import type { Node } from 'node-red';
import { library } from './support/library';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** Loads the recipes of queued batches into free slots of the PLC. Port 1 run done, port 2 not loaded. */
export default function (RED: Red): void {
  RED.nodes.registerType('plc-batch-writer', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: 8,
      settings: (read) => ({
        clearUnused: read.flag('clearUnused', true),
        checkOdoo: read.choice('checkOdoo', ['prefer', 'require', 'off'], 'prefer'),
      }),
      task: (line, run, settings) => library().loadRecipes(line, run, settings),
    });
  });
}
