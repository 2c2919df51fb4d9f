import type { TaskEnd } from '../queue/tasks';

/**
 * How a run of a task ends: exactly one message on one outcome port, any number of event messages, and what the node
 * shows. A run that cannot be carried out throws instead (product.md, one outcome per input).
 */
export interface Outcome<Payload extends object = Record<string, unknown>> {
  /** 1-based outcome port. */
  port: number;
  payload: Payload & OutcomeHead;
  /** For HTTP: goes to msg.statusCode. */
  statusCode?: number;
  events: OutcomeEvent[];
  status: NodeStatus;
  /** Kept with the text as what this task last did (mo_task); with an error the run counts as failed, whatever was done before it. */
  record?: Omit<TaskEnd, 'text'>;
}

/** Every payload begins with these three. */
export interface OutcomeHead {
  line: string;
  /** ISO 8601, UTC. */
  at: string;
  /** One sentence for people. */
  text: string;
}

export type EventName = 'not-loaded' | 'bad-slot' | 'not-completed' | 'queue-empty' | 'alarm';

export interface OutcomeEvent {
  port: number;
  event: EventName;
  /** "" where there is none. */
  code: string;
  payload: Record<string, unknown> & OutcomeHead;
}

/** As Node-RED's node.status() takes it. */
export interface NodeStatus {
  fill: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape: 'dot' | 'ring';
  text: string;
}
