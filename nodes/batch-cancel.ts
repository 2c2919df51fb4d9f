import type { Node } from 'node-red';
import { library } from './support/library';
import { textList } from './support/lists';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** Cancels one batch. Port 1 cancelled, port 2 refused. */
export default function (RED: Red): void {
  RED.nodes.registerType('batch-cancel', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: null,
      oneAtATime: true,
      settings: (read) => ({
        cancelInOdoo: read.flag('cancelInOdoo', true),
        freeSlot: read.flag('freeSlot', false),
        notesTemplate: read.text('notesTemplate', { fallback: '{{payload.notes}}' }),
        reasons: textList(read, 'reasons', config.reasons),
      }),
      task: (line, run, settings, message) => library().cancelBatch(line, run, { ...settings, message }),
    });
  });
}
