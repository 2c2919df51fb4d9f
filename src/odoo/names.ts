import { SmartMoError } from '../errors';
import type { ModelCall } from './transport';
import type { ServerVersion } from './version';

/** What differs between the versions (odoo.md B3), asked from the server, so that in-between versions are right too. */
export interface Names {
  version: ServerVersion;
  /** Consumed quantity of stock.move. With `quantity` goes `picked`: a move that is not picked is only reserved. */
  consumed: 'quantity' | 'quantity_done';
  plannedStart: 'date_start' | 'date_planned_start';
  /** Decimals that Odoo keeps of a consumed quantity. */
  digits: number;
}

/** Digits of "Product Unit of Measure" as Odoo ships it. */
const DEFAULT_DIGITS = 2;

/**
 * Asks the server for its names.
 * @throws SmartMoError ODOO_VERSION_CHANGED (names nobody knows yet)
 */
export async function readNames(version: ServerVersion, call: (call: ModelCall) => Promise<unknown>): Promise<Names> {
  const fields = async (model: string, allfields: string[]): Promise<Record<string, unknown>> => {
    const answer = await call({ model, method: 'fields_get', options: { allfields, attributes: ['type', 'digits'] } });
    if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
    throw new SmartMoError('ODOO_ANSWER', `Odoo's answer to ${model}.fields_get is malformed: it is no object`, { class: 'transient' });
  };
  const move = await fields('stock.move', ['quantity', 'quantity_done', 'picked']);
  const order = await fields('mrp.production', ['date_start', 'date_planned_start']);
  const consumed = 'quantity_done' in move ? 'quantity_done' : 'picked' in move && 'quantity' in move ? 'quantity' : undefined;
  const plannedStart = 'date_planned_start' in order ? 'date_planned_start' : 'date_start' in order ? 'date_start' : undefined;
  if (!consumed || !plannedStart) {
    const missing = consumed ? 'planned start of an MO' : 'consumed quantity of a component';
    throw new SmartMoError('ODOO_VERSION_CHANGED', `Odoo ${version.text} has no known field for the ${missing}; update this package`, {
      class: 'version',
      value: version.text,
    });
  }
  return { version, consumed, plannedStart, digits: digitsOf(move[consumed]) };
}

/** `{"digits": [16, 2]}` */
function digitsOf(field: unknown): number {
  const digits = (field as { digits?: unknown } | null)?.digits;
  const decimals: unknown = Array.isArray(digits) ? digits[1] : undefined;
  return typeof decimals === 'number' && Number.isInteger(decimals) && decimals >= 0 && decimals <= 9 ? decimals : DEFAULT_DIGITS;
}
