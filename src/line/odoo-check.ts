import type { OdooState } from '../odoo/odoo';
import type { OpenAlarm } from '../queue/alarms';
import type { QueueRow } from '../queue/batch';

type OdooChange = 'mo-cancelled-in-odoo' | 'mo-changed-in-odoo' | 'mo-done-in-odoo';

/** Up to this two quantities of an order are the same: the queue keeps three decimals. */
const SAME = 0.001;

/** How far the batch is: what is to be done about it depends on that. */
type Whereabouts = 'queued' | 'in-plc' | 'made';

const MEANWHILE: Record<Whereabouts, string> = {
  queued: '',
  'in-plc': ' while its batch is in the PLC',
  made: ' after the PLC had made its batch',
};

/** What a person did in Odoo to an MO that is in the queue; null when it is as it was queued. */
export function changedInOdoo(row: QueueRow, shown: OdooState | undefined): { code: OdooChange; text: string } | null {
  if (!shown) return { code: 'mo-cancelled-in-odoo', text: 'Odoo does not show the MO any more: deleted, or the Odoo user may not see it' };
  if (shown.state === 'cancel')
    return { code: 'mo-cancelled-in-odoo', text: `the MO was cancelled in Odoo${MEANWHILE[whereaboutsOf(row)]}` };
  if (shown.state === 'done') {
    const text = 'the MO is done in Odoo, but not by this batch: marked by hand, or by this line before an older database came back';
    return { code: 'mo-done-in-odoo', text };
  }
  if (Math.abs(shown.quantity - row.quantity) > SAME) {
    const text = `the MO was ${row.quantity} ${row.uom} when it was queued and is ${shown.quantity} in Odoo now`;
    return { code: 'mo-changed-in-odoo', text };
  }
  return null;
}

/** Its value says how far the batch is, and with that what to do (monitor/alarm-codes). */
export function changeAlarm(row: QueueRow, { code, text }: { code: OdooChange; text: string }): OpenAlarm {
  const { mo_id, batch_no } = row;
  return { code, severity: 'critical', text: `slot ${batch_no} ${mo_id}: ${text}`, mo_id, batch_no, value: whereaboutsOf(row) };
}

function whereaboutsOf({ status_manufacturing, loaded_at }: QueueRow): Whereabouts {
  if (status_manufacturing === 1) return 'made';
  return loaded_at === null ? 'queued' : 'in-plc';
}
