import type { Node } from 'node-red';
import { ACTIONS, actOnBatch } from '../src/line/action';
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
      settings: (read) => ({ action: read.choice('action', ACTIONS, 'retry') }),
      task: (line, run, { action }, { payload }) => actOnBatch(line, run, { action, payload }),
    });
  });
}
