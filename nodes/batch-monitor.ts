import type { Node } from 'node-red';
import { SmartMoError } from '../src/errors';
import { isEmpty } from '../src/settings';
import { library } from './support/library';
import { isWired } from './support/messages';
import type { Config, Message, Red } from './support/types';
import { startWorker } from './support/worker';

/** Reports on the line; the health report also raises and clears alarms. Port 1 report, port 2 alarm. */
export default function (RED: Red): void {
  RED.nodes.registerType('batch-monitor', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: 2,
      onlyLooks: true,
      settings: (read) => ({
        report: read.choice('report', library().REPORT_NAMES, 'health'),
        stuckAfterMinutes: read.number('stuckAfterMinutes', { fallback: 30, min: 1 }),
        remindAfterMinutes: read.number('remindAfterMinutes', { fallback: 240, min: 1 }),
      }),
      task: (line, run, settings, message) =>
        library().runReport(line, run, {
          ...settings,
          report: reportFrom(message) ?? settings.report,
          payload: message.payload,
          announces: isWired(this, 2, RED.nodes.getNode),
        }),
    });
  });
}

/** msg.report overrides the field; the report itself refuses a name it does not know. @throws INPUT_INVALID */
function reportFrom({ report }: Message): string | undefined {
  if (isEmpty(report)) return undefined;
  if (typeof report === 'string') return report;
  throw new SmartMoError('INPUT_INVALID', `msg.report must be a text such as "health"`, { value: report });
}
