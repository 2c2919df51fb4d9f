/** Seconds of the timers as shipped -> seconds of the demo, in which a set of ten batches takes about a minute. */
const DEMO_SECONDS: Record<string, number> = { '3600': 60, '300': 3, '180': 6, '600': 15 };
const DEMO_SPEED = 10;

export interface FlowNode {
  id: string;
  type: string;
  [key: string]: unknown;
}

/** The same flow with the four timers shortened and the PLC simulator sped up. Other timers stay as they are. */
export function demoFlow(flow: readonly FlowNode[]): FlowNode[] {
  return flow.map((node) => {
    if (node.type === 'mo-plc-simulator') return { ...node, speed: DEMO_SPEED };
    const seconds = node.type === 'inject' ? DEMO_SECONDS[String(node['repeat'])] : undefined;
    return seconds === undefined ? node : { ...node, repeat: String(seconds) };
  });
}
