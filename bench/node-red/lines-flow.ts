import { example } from '../../test/support/example';
import type { Flows } from '../../test/support/node-red';

/** Prints how long each read took. */
export const SHOW = 'be0c000000000031';
export const BUTTONS = { fetch: 'be0c000000000032', read: 'be0c000000000033' } as const;
const TAB = 'be0c000000000034';

/** Lines with a PLC each on one database and one Odoo: gate, fetch, writer and reader of each, and one button for all. */
export function linesFlow(lines: readonly { line: string; port: number }[]): Flows {
  const shipped = example('01 - Smart MO Sync');
  const of = (type: string): Flows[number] => ({ ...shipped.find((node) => node['type'] === type) });
  const odoo = of('mo-odoo');
  const database = { ...of('mo-database'), poolSize: '10' };
  const id = (index: number, part: number): string => `be0d0000000${String(index).padStart(4, '0')}${part}`;

  const perLine = lines.flatMap(({ line, port }, index): Flows => {
    const [plc, key, gate, fetch, writer, reader] = Array.from({ length: 6 }, (_, part) => id(index, part));
    const node = (nodeId: string | undefined, type: string, wires: (string | undefined)[][]): Flows[number] => ({
      id: nodeId,
      type,
      z: TAB,
      x: 100,
      y: 40,
      line: key,
      wires,
    });
    return [
      { ...of('mo-plc'), id: plc, port: String(port) },
      { ...of('mo-line'), id: key, line, plc },
      node(gate, 'mo-queue-gate', [[fetch], []]),
      node(fetch, 'odoo-fetch-mo', [[writer], []]),
      node(writer, 'plc-batch-writer', [[], []]),
      { ...node(reader, 'plc-batch-reader', [[SHOW], []]), settle: '0' },
    ];
  });
  const button = (nodeId: string, part: number): Flows[number] => ({
    id: nodeId,
    type: 'inject',
    z: TAB,
    x: 100,
    y: 40,
    props: [],
    repeat: '',
    once: false,
    wires: [lines.map((_line, index) => id(index, part))],
  });
  return [
    { id: TAB, type: 'tab', label: 'lines' },
    database,
    odoo,
    ...perLine,
    button(BUTTONS.fetch, 2),
    button(BUTTONS.read, 5),
    { id: SHOW, type: 'debug', z: TAB, x: 300, y: 40, active: true, tosidebar: true, complete: 'payload.ms', targetType: 'msg', wires: [] },
  ];
}
