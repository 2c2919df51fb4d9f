import { type Flows, type NodeRed } from './node-red';
import { nodeId } from './example';
import { waitFor } from './wait';

/** Somebody who presses the buttons of the timers instead of waiting for them. */
export interface Operator {
  /** An inject node by its name, with its own message or with this payload. */
  press(name: string, payload?: unknown): Promise<void>;
  /** Presses the timers again and again until the condition holds. */
  until<T>(what: string, condition: () => T | Promise<T>, timers?: readonly string[]): Promise<T>;
}

const TIMERS = ['every 60 minutes', 'every 5 minutes', 'every 3 minutes'] as const;
const DEADLINE_MS = 90_000;
const EVERY_MS = 250;

export function startOperator(nodeRed: NodeRed, flows: Flows): Operator {
  const press = (name: string, payload?: unknown): Promise<void> => nodeRed.inject(nodeId(flows, { type: 'inject', name }), payload);
  return {
    press,
    async until(what, condition, timers = TIMERS) {
      let result = await condition();
      const met = async (): Promise<boolean> => {
        result = await condition();
        if (result) return true;
        for (const timer of timers) await press(timer);
        return false;
      };
      if (!result) await waitFor(met, { what, deadlineMs: DEADLINE_MS, everyMs: EVERY_MS });
      return result;
    },
  };
}
