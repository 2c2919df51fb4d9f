import { SmartMoError } from '../../errors';

export interface OdooSimulatorOptions {
  /** TCP port on 127.0.0.1; 0 = any free one. */
  port: number;
  /** Odoo version to stand in for: "15" to "19", or "scada" for Odoo 14 with the plant module. */
  version: string;
  /** At least that many confirmed orders are there at any time; 0 = only those that a command adds. */
  orders: number;
  /** Quantity of an order in kg. */
  quantity: number;
  /** Milliseconds from a request to its effect. */
  latency: number;
  /** Same seed, same recipes in the same order. */
  seed: number;
  /** Where the state survives a restart; null = nowhere. */
  stateFile: string | null;
  /** Ended orders that are remembered, with their effects; older ones are gone. */
  keepEnded: number;
  database: string;
  login: string;
  password: string;
  /** Works as a bearer key of JSON-2, and in place of the password in JSON-RPC. */
  apiKey: string;
  /** The plant module answers without the JSON-RPC envelope. */
  bare: boolean;
}

const DEFAULTS: OdooSimulatorOptions = {
  port: 8069,
  version: '17',
  orders: 25,
  quantity: 1000,
  latency: 0,
  seed: 1,
  stateFile: null,
  keepEnded: 500,
  database: 'demo',
  login: 'demo',
  password: 'demo',
  apiKey: 'demo-key',
  bare: false,
};

/** Fills in the defaults of contract.md. @throws SmartMoError CONFIG_INVALID naming the option, its value and its range */
export function checkedOptions(given: Partial<OdooSimulatorOptions>): OdooSimulatorOptions {
  const options = { ...DEFAULTS, ...given };
  inRange('port', options.port, 0, 65_535);
  inRange('orders', options.orders, 0, 10_000);
  inRange('latency', options.latency, 0, 60_000);
  inRange('seed', options.seed, 0, 2 ** 31 - 1);
  inRange('keepEnded', options.keepEnded, 0, 1_000_000);
  if (!(options.quantity > 0 && options.quantity <= 1e9))
    throw invalid('quantity', options.quantity, 'a number above 0, at most 1000000000');
  return options;
}

function inRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw invalid(name, value, `a whole number from ${min} to ${max}`);
}

function invalid(name: string, value: unknown, expected: string): SmartMoError {
  return new SmartMoError('CONFIG_INVALID', `${name} of the Odoo simulator is ${String(value)}; use ${expected}`, { value });
}
