import type { Node } from 'node-red';
import { readerOf } from './support/config-nodes';
import { library } from './support/library';
import { typedValue } from './support/typed';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** Queue empty? Port 1 when the next orders may be fetched, port 2 when not. */
export default function (RED: Red): void {
  RED.nodes.registerType('mo-queue-gate', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: 8,
      settings: (read) => ({ stuckAfterMinutes: read.number('stuckAfterMinutes', { fallback: 30, min: 1 }) }),
      task: (line, run, { stuckAfterMinutes }, message) => {
        const enabled = readerOf(config, { enabled: typedValue(RED, this, config, 'enabled', message) }).flag('enabled', true);
        return library().runGate(line, run, { enabled, manual: message.manual === true, stuckAfterMinutes });
      },
    });
  });
}
