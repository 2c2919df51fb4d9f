import type { Mapping } from '../plc/mapping';
import type { QueueRow } from '../queue/batch';
import { round, unitFactor } from '../units';

/**
 * Quantity of an order in the unit of the map's `quantity`. An order counted in units that do not convert (bags) is as
 * large as what the PLC shall weigh for it.
 */
export function quantityOnPlc({ quantity, uom, materials }: Pick<QueueRow, 'quantity' | 'uom' | 'materials'>, mapping: Mapping): number {
  const factor = unitFactor(uom, mapping.quantityUnit);
  if (factor !== null) return round(quantity * factor, 3);
  const weighed = materials.filter((material) => !material.manual);
  return round(
    weighed.reduce((sum, material) => sum + material.planned * (unitFactor(material.uom, mapping.quantityUnit) ?? 1), 0),
    3,
  );
}
