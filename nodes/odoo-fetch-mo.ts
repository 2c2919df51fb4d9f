import { inspect } from 'node:util';
import type { Node } from 'node-red';
import { SmartMoError } from '../src/errors';
import { isEmpty, numberIn, type NumberRange, rangeText } from '../src/settings';
import { readerOf } from './support/config-nodes';
import { library } from './support/library';
import { typedValue } from './support/typed';
import type { Config, Message, Red } from './support/types';
import { startWorker } from './support/worker';

const LIMIT: NumberRange = { min: 1, max: 1000, whole: true };

/** Fetches confirmed MOs from Odoo into an empty queue. Port 1 queued, port 2 nothing queued. */
export default function (RED: Red): void {
  RED.nodes.registerType('odoo-fetch-mo', function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    const ownLimit = (message: Message): number =>
      readerOf(config, { limit: typedValue(RED, this, config, 'limit', message) }).number('limit', { fallback: 10, ...LIMIT });

    startWorker(RED, this, config, {
      outputs: 2,
      staleFactor: 8,
      settings: (read) => ({ filter: read.text('filter', { fallback: '' }), preview: read.flag('preview', false) }),
      task: (line, run, { filter, preview }, message) =>
        library().fetchOrders(line, run, {
          limit: limitFrom(message) ?? ownLimit(message),
          filter,
          preview: preview || message.preview === true,
          message,
        }),
    });
  });
}

/** msg.limit overrides the field. @throws INPUT_INVALID */
function limitFrom({ limit }: Message): number | undefined {
  if (isEmpty(limit)) return undefined;
  const number = numberIn(limit, LIMIT);
  if (number !== undefined) return number;
  throw new SmartMoError('INPUT_INVALID', `msg.limit is ${inspect(limit, { depth: 0 })}; it must be ${rangeText(LIMIT)}`, { value: limit });
}
