import type { OdooState } from '../odoo/odoo';
import type { OpenAlarm } from '../queue/alarms';
import { isBegun, type QueueRow } from '../queue/batch';
import { aboutBatch } from '../queue/batch-words';

type OdooChange = 'mo-cancelled-in-odoo' | 'mo-changed-in-odoo' | 'mo-done-in-odoo';

/** Up to this two quantities of an order are the same: the queue keeps three decimals. */
const SAME = 0.001;

/** How far the batch is: what is to be done about it depends on that. */
type Whereabouts = 'queued' | 'waits-in-plc' | 'in-plc' | 'made';

/**
 * What decides about an MO that is not as it was queued, as value of its alarm (monitor/alarm-codes). A record rule hides an MO
 * just as deletion does: of one that Odoo does not show it is not known that anybody touched it.
 */
export type ChangeValue = Whereabouts | 'not-shown' | 'not-shown-made';

/** What every place says of such an MO, behind its name. */
export const NOT_SHOWN = 'is gone from Odoo, or hidden from the Odoo user';

interface Change {
  code: OdooChange;
  text: string;
  value: ChangeValue;
}

const MEANWHILE: Record<Whereabouts, string> = {
  queued: '',
  'waits-in-plc': ' while its recipe waits in the PLC',
  'in-plc': ' while its batch is in the PLC',
  made: ' after the PLC had made its batch',
};

/** What a person did in Odoo to an MO that is in the queue; null when it is as it was queued. */
export function changedInOdoo(row: QueueRow, shown: OdooState | undefined): Change | null {
  const where = whereaboutsOf(row);
  const change = (code: OdooChange, text: string, value: ChangeValue = where): Change => ({ code, text, value });
  if (!shown) {
    return change('mo-cancelled-in-odoo', `the MO ${NOT_SHOWN}`, notShown(where));
  }
  if (shown.state === 'cancel') return change('mo-cancelled-in-odoo', `the MO was cancelled in Odoo${MEANWHILE[where]}`);
  if (shown.state === 'done') {
    const text = 'the MO is done in Odoo, but not by this batch: marked by hand, or by this line before an older database came back';
    return change('mo-done-in-odoo', text);
  }
  if (Math.abs(shown.quantity - row.quantity) > SAME) {
    const text = `the MO was ${row.quantity} ${row.uom} when it was queued and is ${shown.quantity} in Odoo now`;
    return change('mo-changed-in-odoo', text);
  }
  return null;
}

export function changeAlarm(row: QueueRow, { code, text, value }: Change): OpenAlarm {
  const { mo_id, batch_no } = row;
  return { code, severity: 'critical', text: aboutBatch(row, text), mo_id, batch_no, value };
}

/** An alarm of a while ago, by how far the batch is now: one that waited in the PLC then may be half dosed. */
export function changeAlarmNow<A extends Pick<OpenAlarm, 'text' | 'value'>>(alarm: A, row: QueueRow): A {
  if (alarm.value?.startsWith('not-shown')) return { ...alarm, value: notShown(whereaboutsOf(row)) };
  const was = (Object.keys(MEANWHILE) as Whereabouts[]).find((where) => where === alarm.value);
  if (!was) return alarm;
  const value = whereaboutsOf(row);
  const tells = MEANWHILE[was] !== '' && alarm.text.endsWith(MEANWHILE[was]);
  return { ...alarm, value, text: tells ? alarm.text.slice(0, -MEANWHILE[was].length) + MEANWHILE[value] : alarm.text };
}

/** What was made cannot be stopped any more. */
function notShown(where: Whereabouts): ChangeValue {
  return where === 'made' ? 'not-shown-made' : 'not-shown';
}

function whereaboutsOf(row: QueueRow): Whereabouts {
  if (row.status_manufacturing === 1) return 'made';
  if (row.loaded_at === null) return 'queued';
  return row.status_operation === 1 || isBegun(row) ? 'in-plc' : 'waits-in-plc';
}
