import { clockTime } from '../clock';
import type { Line } from './line';
import type { Outcome } from './outcome';
import { observed } from './run';

/** How what a person asked for ends: done (port 1) or refused (port 2). A status holds about 60 characters of the sentence. */
export function operatorOutcome(line: Line, port: 1 | 2, text: string, payload: Record<string, unknown>): Outcome {
  const at = line.clock.now();
  return observed(line, {
    port,
    payload: { line: line.line, at: at.toISOString(), text, ...payload },
    events: [],
    status: { fill: port === 1 ? 'green' : 'yellow', shape: port === 1 ? 'dot' : 'ring', text: `${text.slice(0, 60)} ${clockTime(at)}` },
  });
}
