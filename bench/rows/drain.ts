import { change, example, nodeId, withoutTimers } from '../../test/support/example';
import { startNodeRed, type Flows } from '../../test/support/node-red';
import { startOperator } from '../../test/support/operator';
import { startSite } from '../../test/support/site';
import type { Row } from '../row';

const STAMP = 'be0c000000000021';
const SHOW = 'be0c000000000022';

/** Example 01, with the moment in which odoo-fetch-mo gets its message. */
function stampedFlows(): Flows {
  const flows = change(withoutTimers(example('01 - Smart MO Sync')), 'plc-batch-reader', { settle: '0.1' });
  const gate = nodeId(flows, { type: 'mo-queue-gate' });
  const tab = nodeId(flows, { type: 'tab' });
  return [
    ...flows.map((node) => {
      if (node['id'] !== gate) return node;
      const [empty = [], wait = []] = node['wires'] as string[][];
      return { ...node, wires: [[STAMP, ...empty], wait] };
    }),
    { id: STAMP, type: 'function', z: tab, x: 100, y: 900, outputs: 1, func: 'return { payload: Date.now() };', wires: [[SHOW]] },
    { id: SHOW, type: 'debug', z: tab, x: 300, y: 900, active: true, tosidebar: true, complete: 'payload', targetType: 'msg', wires: [] },
  ];
}

export const drain: Row = {
  name: 'drain',
  what: 'last batch archived until the next fetch starts, in Node-RED',
  package: true,
  async run({ context, rounds, progress }) {
    const site = await startSite(context, { orders: 25, speed: 2000 });
    const flows = stampedFlows();
    progress('Node-RED starts');
    const red = await startNodeRed({ flows, env: site.env });
    const operator = startOperator(red, flows);
    const stamps = (): number[] =>
      red
        .debug()
        .filter(({ id }) => id === SHOW)
        .map(({ value }) => Number(value));
    const sets = rounds(60, 1);
    try {
      await operator.press('fetch now');
      await operator.until(`${sets} sets`, async () => stamps().length > sets, ['every 5 minutes', 'every 3 minutes']);
      const gaps: number[] = [];
      for (const stamp of stamps().slice(1)) {
        const [last] = await site.query<{ ms: number }>(
          'SELECT (1000 * extract(epoch FROM max(archived_at)))::float AS ms FROM mo_histories WHERE archived_at < to_timestamp($1::float / 1000)',
          [stamp],
        );
        gaps.push(stamp - (last?.ms ?? NaN));
      }
      return [
        {
          what: 'last batch archived until the next fetch starts',
          unit: 'ms',
          values: gaps,
          goal: 10,
          limit: 'four statements, two wires and the monitor that is woken by the same run share one thread',
          yardstick: { name: 'timer alone, up to', value: 3_600_000 },
        },
      ];
    } finally {
      await red.stop();
      await site.close();
    }
  },
};
