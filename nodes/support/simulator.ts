import type { Node } from 'node-red';
import { describe } from '../../src/errors';
import { messageOf } from './messages';
import type { Red } from './types';
import { stateFile } from './user-dir';
import { CLOSE_PATIENCE_MS, within } from './within';

/** What a simulator node needs from the simulator it runs. */
export interface Simulator {
  /** Carries out a command of msg.payload; its event, which the simulator emits like any other. */
  command(payload: unknown): Promise<SimulatorEvent>;
  /** What the status says after SIMULATION: "25 confirmed". */
  summary(): string;
  close(): Promise<void>;
}

/** Places for a simulator to write to. */
export interface Outlets {
  stateFile: string;
  /** Sends an event on the output. */
  emit(event: SimulatorEvent): void;
}

interface SimulatorEvent {
  event: string;
  text: string;
}

/** What keeps a simulator from its work belongs into the log as well: nobody may listen to its output. */
const TROUBLES: readonly string[] = ['problem', 'not-saved', 'port-taken'];

const SHOW_EVERY_MS = 1000;

/** A fault that is on belongs into the status: what it breaks must not look like a defect of something else. */
export function withFault(summary: string, fault: string): string {
  return fault === '' ? summary : `${summary}, ${fault}`;
}

/**
 * Runs a simulator as long as the flow runs. The status stays yellow: figures of a simulated plant must never look like
 * real ones. A simulator that cannot start shows red and answers every command with the reason.
 */
export function startSimulator(RED: Red, node: Node, start: (outlets: Outlets) => Promise<Simulator>): void {
  let closing = false;
  let shown = '';

  function emit(event: SimulatorEvent): void {
    if (closing) return;
    if (TROUBLES.includes(event.event)) node.error(event.text);
    node.send({ payload: event });
  }

  function show(simulator: Simulator): void {
    const text = `SIMULATION ${simulator.summary()}`.trimEnd();
    if (closing || text === shown) return;
    shown = text;
    node.status({ fill: 'yellow', shape: 'dot', text });
  }

  const starting = start({ stateFile: stateFile(RED, node.id), emit });
  let timer: NodeJS.Timeout | undefined;
  starting.then(
    (simulator) => {
      show(simulator);
      timer = setInterval(() => show(simulator), SHOW_EVERY_MS).unref();
      if (closing) clearInterval(timer);
    },
    (error: unknown) => {
      node.error(describe(error));
      if (!closing) node.status({ fill: 'red', shape: 'ring', text: error instanceof Error ? error.name : 'error' });
    },
  );

  node.on('input', (input, _send, done) => {
    starting
      .then(async (simulator) => {
        const message = messageOf(input);
        // Who waits for the command with a complete node learns what really happened.
        message.payload = await simulator.command(message.payload);
        show(simulator);
      })
      .then(
        () => done(),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
  });

  node.on('close', (done: () => void) => {
    closing = true;
    clearInterval(timer);
    void within(
      CLOSE_PATIENCE_MS,
      starting.then((simulator) => simulator.close()),
    ).then(done);
  });
}
