import type { Node } from 'node-red';
import { library } from './support/library';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** What an operator decides about a batch or the line. Port 1 done, port 2 refused. */
export default function (RED: Red): void {
  RED.nodes.registerType('batch-action', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: null,
      oneAtATime: true,
      settings: (read) => ({ action: read.choice('action', library().ACTIONS, 'retry') }),
      task: (line, run, { action }, { payload }) => library().actOnBatch(line, run, { action, payload }),
    });
  });
}
