import WebSocket from 'ws';

/** As the editor shows it under a node. */
export interface NodeStatus {
  fill?: string;
  shape?: string;
  text?: string;
}

/** What a debug node sent to the sidebar. */
export interface DebugMessage {
  id: string;
  name: string | undefined;
  topic: string | undefined;
  /** "payload", "payload.text"; undefined for the complete message. */
  property: string | undefined;
  /** Parsed where it was an object or an array. */
  value: unknown;
}

export interface Comms {
  statuses: Map<string, NodeStatus>;
  debug: DebugMessage[];
  close(): void;
}

interface Packet {
  topic: string;
  data: Record<string, unknown>;
}

/** Listens to statuses and debug messages the way the editor does. */
export async function connectComms(url: string): Promise<Comms> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/comms`);
  const statuses = new Map<string, NodeStatus>();
  const debug: DebugMessage[] = [];
  socket.on('message', (data: Buffer) => {
    const packets = JSON.parse(data.toString()) as Packet | Packet[];
    for (const { topic, data } of [packets].flat()) {
      const id = /^status\/(.+)$/.exec(topic)?.[1];
      if (id !== undefined) statuses.set(id, data);
      else if (topic === 'debug') debug.push(readDebug(data));
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  // A killed Node-RED resets the connection; the test sees that from the process.
  socket.on('error', () => undefined);
  for (const topic of ['status/#', 'debug']) socket.send(JSON.stringify({ subscribe: topic }));
  return { statuses, debug, close: () => socket.terminate() };
}

function readDebug(data: Record<string, unknown>): DebugMessage {
  const { id, name, topic, property, msg, format } = data as Record<string, string | undefined>;
  const structured = msg !== undefined && /^(object|array|error|number|boolean|null)/i.test(format ?? '');
  return { id: id ?? '', name, topic, property, value: structured ? parsed(msg) : msg };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
