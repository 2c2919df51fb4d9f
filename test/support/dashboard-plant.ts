import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { demoFlow, mergeFlows, type FlowNode } from '../../scripts/demo-flow';
import { example, nodeId } from './example';
import { startNodeRed, type Flows, type NodeRed } from './node-red';

/** What `npm start` deploys, on ports of its own: simulators, builtin database, pipeline and dashboard in one Node-RED. */
export interface DashboardPlant {
  nodeRed: NodeRed;
  flows: Flows;
  /** Address of the Odoo simulator. */
  odoo: { url: string };
  /** Port of the PLC simulator. */
  plcPort: number;
  /** Address of a page: "line", "engineer", "history", "simulator". */
  page(name: string): string;
  /** Sends a command to one of the simulators. */
  command(simulator: keyof typeof BUTTONS, payload: object): Promise<void>;
}

export interface PlantOptions {
  version?: '4' | '5';
  /** Whether the four timers run as in the demo. Default false: they wait for their button. */
  timers?: boolean;
  /** Largest error of the simulated scales, percent. Default 1. */
  deviation?: number;
}

export async function startDashboardPlant({ version = '4', timers = false, deviation = 1 }: PlantOptions = {}): Promise<DashboardPlant> {
  const [odooPort, plcPort] = [await freePort(), await freePort()];
  const names = ['05 - Simulated plant', '03 - Line dashboard', '07 - Break the simulated plant'];
  const merged = mergeFlows(names.map((name) => example(name) as FlowNode[]));
  const values: Record<string, object> = {
    // A short memory for failures, so that nobody waits for minutes after a fault.
    'mo-odoo': { url: `http://127.0.0.1:${odooPort}`, retryMin: '1', retryMax: '1' },
    'mo-odoo-simulator': { port: odooPort },
    'mo-plc': { port: plcPort },
    'mo-plc-simulator': { port: plcPort, deviation },
  };
  const flows: Flows = demoFlow(merged.map(timers ? moved : waiting)).map((node) => ({ ...node, ...values[node.type] }));
  const nodeRed = await startNodeRed({ version, flows });
  return {
    nodeRed,
    flows,
    odoo: { url: `http://127.0.0.1:${odooPort}` },
    plcPort,
    page: (name) => `${nodeRed.url}/dashboard/${name}`,
    command: (simulator, payload) => nodeRed.inject(nodeId(flows, { type: 'inject', name: BUTTONS[simulator] }), payload),
  };
}

/** The button of the example that already leads to the simulator. */
const BUTTONS = { 'mo-odoo-simulator': 'Odoo away for 60 s', 'mo-plc-simulator': 'PLC mute for 60 s' } as const;

/** A little to the right: the names of the demo's timers are longer and would begin left of the page. */
function moved(node: FlowNode): FlowNode {
  return typeof node['x'] === 'number' ? { ...node, x: node['x'] + 60 } : node;
}

/** The four timers wait for their button; those that feed the dashboard go on. */
function waiting(node: FlowNode): FlowNode {
  return node.type === 'inject' && Number(node['repeat']) >= 60 ? { ...node, repeat: '', once: false } : node;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
