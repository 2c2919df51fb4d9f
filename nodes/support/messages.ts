import { inspect } from 'node:util';
import type { Node, NodeMessage } from 'node-red';
import { SmartMoError } from '../../src/errors';
import type { Outcome } from '../../src/line/outcome';
import type { Message } from './types';

const LONGEST_ACTOR = 64;

/** The input as an object; a flow may send anything. */
export function messageOf(input: unknown): Message {
  return isMessage(input) ? input : { payload: input };
}

function isMessage(input: unknown): input is Message {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** Who asked for the run; "flow" when nobody signed. */
export function actorOf(message: Message): string {
  const actor = typeof message.actor === 'string' ? message.actor.trim() : '';
  return actor.slice(0, LONGEST_ACTOR) || 'flow';
}

/**
 * A forgotten node of a copied tab must not act on the wrong line.
 * @throws LINE_MISMATCH when the message carries the key of another line
 */
export function refuseOtherLine(message: Message, line: string): void {
  const { line: other } = message;
  if (other === undefined || other === null || other === line) return;
  throw new SmartMoError(
    'LINE_MISMATCH',
    `the message belongs to line ${typeof other === 'string' ? other : inspect(other, { depth: 0 })}, this node works for line ${line}; choose the line in the node or remove the wire`,
    { value: other },
  );
}

/**
 * What goes out for one input: the input itself with the outcome as payload, and the events as new messages, so that an
 * event never answers the HTTP request that started the run.
 */
export function outputsOf(message: Message, line: string, outcome: Outcome, ports: number): NodeMessage[][] {
  const outputs = Array.from({ length: ports }, (): NodeMessage[] => []);
  const { payload, statusCode } = outcome;
  outputs[outcome.port - 1]?.push(Object.assign(message, { payload, line }, statusCode === undefined ? {} : { statusCode }));
  for (const { port, event, code, payload: about } of outcome.events) {
    outputs[port - 1]?.push({ topic: `${line}/${event}/${code}`, payload: about, line });
  }
  return outputs;
}

/**
 * Whether anybody hears this port, counted from 1. Asked at every input: a deploy may change the wires alone.
 * @param nodeOf finds a running node: the wire to a disabled one stays, but leads nowhere
 */
export function isWired(node: Node, port: number, nodeOf: (id: string) => unknown): boolean {
  const { wires } = node as { wires?: string[][] };
  return (wires?.[port - 1] ?? []).some((id) => nodeOf(id));
}
