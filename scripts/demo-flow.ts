/** Seconds of the timers as shipped -> seconds of the demo, in which a set of ten batches takes about a minute. */
const DEMO_SECONDS: Record<string, number> = { '3600': 60, '300': 3, '180': 6, '600': 15 };
const DEMO_SPEED = 10;
/** A batch takes six seconds: what stands still is to be told while somebody watches. */
const DEMO_STUCK_MINUTES = '5';

export interface FlowNode {
  id: string;
  type: string;
  [key: string]: unknown;
}

/** Several example files as one flow. They share the configuration nodes: the first file that holds a node wins. */
export function mergeFlows(files: readonly (readonly FlowNode[])[]): FlowNode[] {
  const nodes = new Map<string, FlowNode>();
  for (const node of files.flat()) if (!nodes.has(node.id)) nodes.set(node.id, node);
  return [...nodes.values()];
}

/** The same flow with the four timers and the patience shortened and the PLC simulator sped up. Other timers stay as they are. */
export function demoFlow(flow: readonly FlowNode[]): FlowNode[] {
  return flow.map((node) => {
    if (node.type === 'mo-plc-simulator') return { ...node, speed: DEMO_SPEED };
    if ('stuckAfterMinutes' in node) return { ...node, stuckAfterMinutes: DEMO_STUCK_MINUTES };
    const seconds = node.type === 'inject' ? DEMO_SECONDS[String(node['repeat'])] : undefined;
    return seconds === undefined ? node : { ...node, name: `${String(node['name'])} (demo: ${seconds} s)`, repeat: String(seconds) };
  });
}

/** The same flow with the simulators on these ports, and with Odoo and PLC of the line where the simulators are. */
export function onPorts(flow: readonly FlowNode[], { odoo, plc }: { odoo: number; plc: number }): FlowNode[] {
  const changes: Record<string, object> = {
    'mo-odoo-simulator': { port: odoo },
    'mo-odoo': { url: `http://127.0.0.1:${odoo}` },
    'mo-plc-simulator': { port: plc },
    'mo-plc': { port: plc },
  };
  return flow.map((node) => ({ ...node, ...changes[node.type] }));
}
