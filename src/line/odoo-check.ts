import type { OdooState } from '../odoo/odoo';
import type { QueueRow } from '../queue/batch';

export type OdooChange = 'mo-cancelled-in-odoo' | 'mo-changed-in-odoo' | 'mo-done-in-odoo';

/** Up to this two quantities of an order are the same: the queue keeps three decimals. */
const SAME = 0.001;

/** What a person did in Odoo to an MO that is in the queue; null when it is as it was queued. */
export function changedInOdoo(row: QueueRow, shown: OdooState | undefined): { code: OdooChange; text: string } | null {
  if (!shown)
    return {
      code: 'mo-cancelled-in-odoo',
      text: `${row.mo_id} is no longer shown by Odoo: deleted, or the Odoo user may not see it; look there, then cancel the batch`,
    };
  if (shown.state === 'cancel')
    return { code: 'mo-cancelled-in-odoo', text: `${row.mo_id} was cancelled in Odoo; cancel the batch here too` };
  if (shown.state === 'done')
    return {
      code: 'mo-done-in-odoo',
      text: `${row.mo_id} is done in Odoo, but not by this batch: marked by hand, or by this line before an older database came back; find out, then cancel the batch here with "Cancel the MO in Odoo as well" off`,
    };
  if (Math.abs(shown.quantity - row.quantity) > SAME) {
    const text = `${row.mo_id} was ${row.quantity} ${row.uom} when it was queued and is ${shown.quantity} in Odoo now; set the quantity back or cancel the batch`;
    return { code: 'mo-changed-in-odoo', text };
  }
  return null;
}
