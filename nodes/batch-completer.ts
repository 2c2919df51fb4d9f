import type { Node } from 'node-red';
import type { CompleteOptions } from '../src/line/complete';
import { library } from './support/library';
import type { Config, Red } from './support/types';
import { startWorker } from './support/worker';

/** Pushes finished batches to Odoo and archives them. Port 1 run done, port 2 not completed, port 3 queue empty. */
export default function (RED: Red): void {
  RED.nodes.registerType('batch-completer', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 3,
      staleFactor: 1,
      settings: (read): Omit<CompleteOptions, 'payload'> => ({
        markDone: read.flag('markDone', true),
        maxAttempts: read.number('maxAttempts', { fallback: 10, min: 1, max: 1000, whole: true }),
        concurrency: read.number('concurrency', { fallback: 1, min: 1, max: 2, whole: true }) === 2 ? 2 : 1,
        strictConsumption: read.flag('strictConsumption', false),
        noteTemplate: read.text('noteTemplate', { fallback: '' }),
      }),
      task: (line, run, settings, { payload }) => library().completeBatches(line, run, { ...settings, payload }),
    });
  });
}
