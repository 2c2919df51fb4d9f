import nodeRed, { type NodeAPI, type NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import type { Context } from 'mocha';
import cancel from '../../nodes/batch-cancel';
import completer from '../../nodes/batch-completer';
import monitor from '../../nodes/batch-monitor';
import database from '../../nodes/mo-database';
import line from '../../nodes/mo-line';
import odoo from '../../nodes/mo-odoo';
import odooSimulator from '../../nodes/mo-odoo-simulator';
import plc from '../../nodes/mo-plc';
import plcSimulator from '../../nodes/mo-plc-simulator';
import gate from '../../nodes/mo-queue-gate';
import fetch from '../../nodes/odoo-fetch-mo';
import reader from '../../nodes/plc-batch-reader';
import writer from '../../nodes/plc-batch-writer';
import type { NodeStatus } from '../../src/line/outcome';
import { testSchema, testServer } from '../support/postgres';
import { waitFor } from '../support/wait';

const PALETTE = [database, odoo, plc, line, gate, fetch, writer, reader, completer, cancel, monitor, odooSimulator, plcSimulator];

/** Outputs per type; the collectors stand on them. */
const PORTS: Record<string, number> = {
  'mo-queue-gate': 2,
  'odoo-fetch-mo': 2,
  'plc-batch-writer': 2,
  'plc-batch-reader': 2,
  'batch-completer': 3,
  'batch-cancel': 2,
  'batch-monitor': 2,
  'mo-odoo-simulator': 1,
  'mo-plc-simulator': 1,
  probe: 2,
};

export type FlowNode = { id: string; type: string } & Record<string, unknown>;

/**
 * mo-database "database1" and mo-line "line1" on a new schema, with the credentials of the database. No id may equal a
 * text property of a node: Node-RED takes that for a dependency.
 */
export async function lineOnDatabase(context: Context, line: Record<string, unknown> = {}) {
  const { settings } = await testServer(context);
  const schema = await testSchema(context);
  const { url = '', user = '', password = '', host, port, database } = settings;
  return {
    schema,
    flow: [
      { id: 'database1', type: 'mo-database', mode: 'postgres', host, port, database, schema, poolSize: 3 },
      { id: 'line1', type: 'mo-line', line: 'main', database: 'database1', ...line },
    ] satisfies FlowNode[],
    credentials: { database1: { url, user, password } } as Record<string, Record<string, string>>,
  };
}

export interface Loaded {
  /** Sends a message into a node. */
  send(id: string, message?: unknown): void;
  /** What arrived on a port, oldest first: `received('reader', 2)`. */
  received(id: string, port: number): NodeMessage[];
  /** Waits for that many messages on a port and returns the last. */
  wait(id: string, port: number, count?: number): Promise<NodeMessage>;
  /** How often and with what the inputs of a node ended: null = done(), else the name of the error. */
  endings(id: string): (string | null)[];
  status(id: string): NodeStatus | undefined;
  /** Lines that the node wrote to the log, oldest first. */
  log(id: string): string[];
}

/**
 * Starts a flow in Node-RED. Every port of a working node gets a collector ("monitor1-2"), wired to it unless the node has wires.
 * @param more node types beside those of the package
 */
export async function load(
  flow: FlowNode[],
  credentials: Record<string, object> = {},
  more: ((RED: NodeAPI) => void)[] = [],
): Promise<Loaded> {
  const received = new Map<string, NodeMessage[]>();
  const endings = new Map<string, (string | null)[]>();
  const statuses = new Map<string, NodeStatus>();
  const append = <T>(map: Map<string, T[]>, key: string, value: T): void => void map.set(key, [...(map.get(key) ?? []), value]);

  const withTab: FlowNode[] = [{ id: 'tab', type: 'tab', label: 'tab' }];
  for (const node of flow) {
    const ports = PORTS[node.type] ?? 0;
    const collectors = Array.from({ length: ports }, (_, index) => `${node.id}-${index + 1}`);
    if (ports === 0) withTab.push(node);
    else withTab.push({ ...node, z: 'tab', x: 0, y: 0, wires: node['wires'] ?? collectors.map((id) => [id]) });
    withTab.push(...collectors.map((id) => ({ id, type: 'helper', z: 'tab', x: 0, y: 0, wires: [] })));
  }

  // Node-RED keeps hooks and listeners over the end of a flow.
  const listen = (RED: NodeAPI): void => {
    nodeRed.hooks.remove('*.flow-test');
    nodeRed.hooks.add('onComplete.flow-test', ({ node, error }: { node: { id: string }; error?: Error }) =>
      append(endings, node.id, error ? error.name : null),
    );
    RED.events.removeAllListeners('node-status');
    RED.events.on('node-status', ({ id, status }: { id: string; status: NodeStatus }) => statuses.set(id, status));
  };
  await helper.load([listen, ...PALETTE, ...more], withTab, credentials);

  for (const { id, type } of withTab) {
    if (type === 'helper') helper.getNode(id).on('input', (message) => append(received, id, message));
  }

  return {
    send: (id, message = {}) => helper.getNode(id).receive(message as NodeMessage),
    received: (id, port) => received.get(`${id}-${port}`) ?? [],
    async wait(id, port, count = 1) {
      return waitFor(() => (received.get(`${id}-${port}`) ?? []).at(count - 1), { what: `message ${count} on port ${port} of ${id}` });
    },
    endings: (id) => endings.get(id) ?? [],
    status: (id) => statuses.get(id),
    log: (id) =>
      (helper.log().args as [{ id?: string; msg: unknown }][]).filter(([entry]) => entry.id === id).map(([entry]) => String(entry.msg)),
  };
}
