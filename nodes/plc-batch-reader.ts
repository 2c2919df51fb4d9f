import type { Node } from 'node-red';
import { library } from './support/library';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** Reads the slots of the PLC into the queue. Port 1 read, port 2 bad slot. */
export default function (RED: Red): void {
  RED.nodes.registerType('plc-batch-reader', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: 1,
      settings: (read) => ({
        source: read.choice('source', ['plc', 'msg'], 'plc'),
        settle: read.number('settle', { fallback: 2, min: 0, max: 60 }),
        settleTimeout: read.number('settleTimeout', { fallback: 10, min: 0, max: 300 }),
        acknowledge: read.flag('acknowledge', true),
      }),
      task: (line, run, settings, { payload }) => library().readBatches(line, run, { ...settings, payload }),
    });
  });
}
