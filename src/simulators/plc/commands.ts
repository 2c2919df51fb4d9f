import { inspect } from 'node:util';
import { SmartMoError } from '../../errors';
import { DEFAULT_EXCEPTION, FAULTS, type FaultOrder } from './faults';

/** What a flow may ask of the simulated PLC (contract.md, simulators). */
export type PlcCommand =
  /** mo_id: only this batch is meant, not one that took its slot meanwhile; null: whatever is there. */
  | { action: 'fail' | 'hold' | 'restart'; slot: number; mo_id: string | null }
  | ({ action: 'fault' } & FaultOrder)
  | { action: 'power-cycle' | 'clear' | 'reset' };

const ACTIONS = ['fail', 'hold', 'restart', 'power-cycle', 'fault', 'clear', 'reset'];

/**
 * Checks a payload such as `{action: 'fault', fault: 'mute', seconds: 5}`.
 * @param limits how many slots the line has, and the seed of the fault "random" when the command names none
 * @throws SmartMoError INPUT_INVALID naming the value and what is allowed
 */
export function parseCommand(payload: unknown, { slots, seed }: { slots: number; seed: number }): PlcCommand {
  const input: Record<string, unknown> = typeof payload === 'object' && payload !== null ? { ...payload } : {};
  switch (input.action) {
    case 'fail':
    case 'hold':
    case 'restart':
      return { action: input.action, slot: whole(input, 'slot', 1, slots), mo_id: name(input) };
    case 'power-cycle':
    case 'clear':
    case 'reset':
      return { action: input.action };
    case 'fault':
      return { action: 'fault', ...faultOrder(input, { slots, seed }) };
    default:
      throw refused('action', input.action, ACTIONS.join(', '));
  }
}

function faultOrder(input: Record<string, unknown>, { slots, seed }: { slots: number; seed: number }): FaultOrder {
  const fault = FAULTS.find((name) => name === input.fault);
  if (fault === undefined) throw refused('fault', input.fault, FAULTS.join(', '));
  const given = <T>(key: string, read: () => T): T | null => (input[key] === undefined ? null : read());
  return {
    fault,
    times: given('times', () => whole(input, 'times', 1, 1_000_000)),
    seconds: given('seconds', () => positive(input, 'seconds')),
    exception: given('exception', () => whole(input, 'exception', 1, 11)) ?? DEFAULT_EXCEPTION,
    delay: given('delay', () => positive(input, 'delay')),
    slot: given('slot', () => whole(input, 'slot', 1, slots)),
    seed: given('seed', () => whole(input, 'seed', 0, 2 ** 31 - 1)) ?? seed,
  };
}

function name({ mo_id = null }: Record<string, unknown>): string | null {
  if (mo_id === null || (typeof mo_id === 'string' && mo_id !== '')) return mo_id;
  throw refused('mo_id', mo_id, 'the name of an MO');
}

function whole(input: Record<string, unknown>, key: string, low: number, high: number): number {
  const value = input[key];
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw refused(key, value, `a whole number from ${low} to ${high}`);
}

function positive(input: Record<string, unknown>, key: string): number {
  const value = input[key];
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw refused(key, value, 'a number above 0');
}

function refused(key: string, value: unknown, allowed: string): SmartMoError {
  const shown = value === undefined ? 'missing' : inspect(value, { depth: 0 }).slice(0, 80);
  return new SmartMoError('INPUT_INVALID', `${key} of the PLC simulator command is ${shown}; allowed: ${allowed}`, { value });
}
