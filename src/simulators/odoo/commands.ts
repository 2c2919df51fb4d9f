import { SmartMoError } from '../../errors';
import { DEFAULT_METHOD, FAULTS, type Fault } from './faults';
import { VERSION_NAMES } from './versions';

/** What `msg.payload` may ask of the simulator (contract.md, Simulators). */
export type Command =
  | { action: 'orders'; count: number; quantity: number | null }
  | { action: 'upgrade'; version: string }
  | { action: 'cancel' | 'done' | 'delete'; mo_id: string }
  | { action: 'fault'; fault: Fault }
  | { action: 'clear' | 'reset' };

const ACTIONS = ['orders', 'cancel', 'done', 'delete', 'fault', 'upgrade', 'clear', 'reset'] as const;

/** @throws SmartMoError INPUT_INVALID naming the value and what is allowed */
export function parseCommand(payload: unknown): Command {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw invalid('msg.payload', payload, `an object such as {"action": "orders", "count": 10}`);
  }
  const given = payload as Readonly<Record<string, unknown>>;
  const action = ACTIONS.find((entry) => entry === given['action']);
  switch (action) {
    case 'orders':
      return { action, count: whole('count', given['count'], 10_000), quantity: quantity(given['quantity']) };
    case 'upgrade':
      return { action, version: oneOf('version', given['version'], VERSION_NAMES) };
    case 'cancel':
    case 'done':
    case 'delete':
      return { action, mo_id: text('mo_id', given['mo_id']) };
    case 'fault':
      return { action, fault: parseFault(given) };
    case 'clear':
    case 'reset':
      return { action };
    case undefined:
      throw invalid('action', given['action'], ACTIONS.join(', '));
  }
}

/** Neither times nor seconds means once. */
function parseFault(given: Readonly<Record<string, unknown>>): Fault {
  const fault = oneOf('fault', given['fault'], FAULTS);
  const seconds = given['seconds'] === undefined ? null : duration('seconds', given['seconds']);
  if (seconds !== null && given['times'] !== undefined) throw invalid('times', given['times'], 'either times or seconds, not both');
  if (fault === 'down' && (seconds === null || given['method'] !== undefined)) {
    throw invalid('seconds', given['seconds'], 'a number of seconds with the fault "down", and no method: nothing answers at all then');
  }
  return {
    fault,
    method: given['method'] === undefined ? (DEFAULT_METHOD[fault] ?? null) : text('method', given['method']),
    skip: given['skip'] === undefined ? 0 : whole('skip', given['skip'], 1_000_000),
    delay: given['delay'] === undefined ? 2 : duration('delay', given['delay']),
    times: seconds === null ? whole('times', given['times'] ?? 1, 1_000_000) : null,
    seconds,
  };
}

function whole(name: string, value: unknown, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalid(name, value, `a whole number from 1 to ${max}`);
}

/** null = as the simulator is configured. */
function quantity(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' && value > 0 && value <= 1e9) return value;
  throw invalid('quantity', value, 'kg above 0, at most 1000000000');
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): string {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw invalid(name, value, allowed.join(', '));
  return found;
}

function duration(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= 86_400) return value;
  throw invalid(name, value, 'seconds above 0, at most 86400');
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(name, value, name === 'mo_id' ? 'the name of an order such as "WH/MO/00001"' : 'a name such as "write"');
}

function invalid(name: string, value: unknown, allowed: string): SmartMoError {
  return new SmartMoError('INPUT_INVALID', `${name} is ${value === undefined ? 'missing' : JSON.stringify(value)}; allowed: ${allowed}`, {
    value,
  });
}
