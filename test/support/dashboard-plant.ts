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
  /** Address of a page: "line", "history". */
  page(name: string): string;
  /** Sends a command to one of the simulators. */
  command(simulator: 'mo-odoo-simulator' | 'mo-plc-simulator', payload: object): Promise<void>;
}

export interface PlantOptions {
  version?: '4' | '5';
  /** Whether the four timers run as in the demo. Default false: they wait for their button. */
  timers?: boolean;
  /** Plant seconds per second. Default: that of the demo. */
  speed?: number;
}

export async function startDashboardPlant({ version = '4', timers = false, speed }: PlantOptions = {}): Promise<DashboardPlant> {
  const [odooPort, plcPort] = [await freePort(), await freePort()];
  const merged = mergeFlows([example('05 - Simulated plant') as FlowNode[], example('03 - Line dashboard') as FlowNode[]]);
  const values: Record<string, object> = {
    'mo-odoo': { url: `http://127.0.0.1:${odooPort}` },
    'mo-odoo-simulator': { port: odooPort },
    'mo-plc': { port: plcPort },
    'mo-plc-simulator': { port: plcPort, ...(speed === undefined ? {} : { speed }) },
  };
  const plant = (timers ? demoFlow(merged) : merged.map(waiting)).map((node) => ({ ...node, ...values[node.type] }));
  const flows: Flows = [...plant, ...COMMANDS.map(commandButton(plant))];
  const nodeRed = await startNodeRed({ version, flows });
  return {
    nodeRed,
    flows,
    odoo: { url: `http://127.0.0.1:${odooPort}` },
    page: (name) => `${nodeRed.url}/dashboard/${name}`,
    command: (simulator, payload) => nodeRed.inject(nodeId(flows, { type: 'inject', name: simulator }), payload),
  };
}

const COMMANDS = ['mo-odoo-simulator', 'mo-plc-simulator'] as const;

/** A button to an existing simulator, for commands of the test. */
function commandButton(flow: readonly FlowNode[]): (simulator: string, index: number) => FlowNode {
  return (simulator, index) => {
    const { z, id } = flow.find(({ type }) => type === simulator) ?? { z: '', id: '' };
    return { id: `c0ffee000000000${index}`, type: 'inject', z, name: simulator, props: [{ p: 'payload' }], x: 100, y: 1100 + 40 * index, wires: [[id]] };
  };
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
