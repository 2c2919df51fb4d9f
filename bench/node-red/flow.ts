import { change, example } from '../../test/support/example';
import type { Flows } from '../../test/support/node-red';

const CONFIGURATION = ['mo-database', 'mo-odoo', 'mo-plc', 'mo-line'];
const TAB = 'be0c000000000001';
export const READER = 'be0c000000000002';

/** The configuration nodes of the examples on a schema of its own. */
export function configuration(schema: string): Flows {
  const nodes = example('01 - Smart MO Sync').filter((node) => CONFIGURATION.includes(String(node['type'])));
  return change(nodes, 'mo-database', { schema });
}

/** A number of reads, one after the other; the answer is what they took and how many messages came of them. */
const COUNT = `
msg.seen += 1;
msg.left -= 1;
if (msg.left > 0) return [msg, null];
msg.payload = { ms: Date.now() - msg.began, messages: msg.seen };
return [null, msg];`;

const BEGIN = `
msg.left = Number(msg.req.query.reads);
msg.seen = 0;
msg.began = Date.now();
return msg;`;

/** GET /bench/read?reads=5: the reader of the line, as often as asked. */
export function readFlow(schema: string): Flows {
  const nodes = configuration(schema);
  const line = String(nodes.find((node) => node['type'] === 'mo-line')?.['id']);
  const id = (number: number): string => `be0c00000000001${number}`;
  const node = (type: string, number: number, wires: string[][], values: object): Flows[number] => ({
    id: id(number),
    type,
    z: TAB,
    x: 200,
    y: 80 * number,
    wires,
    ...values,
  });
  return [
    ...nodes,
    { id: TAB, type: 'tab', label: 'bench' },
    node('http in', 1, [[id(2)]], { url: '/bench/read', method: 'get' }),
    node('function', 2, [[READER]], { func: BEGIN, outputs: 1 }),
    { id: READER, type: 'plc-batch-reader', z: TAB, x: 200, y: 240, line, settle: '0', wires: [[id(3)], []] },
    node('function', 3, [[READER], [id(4)]], { func: COUNT, outputs: 2 }),
    node('http response', 4, [], {}),
  ];
}
