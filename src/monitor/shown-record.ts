import { type BatchRecord, type HistoryRow, type ManualRule, toRecord } from '../queue/batch';
import type { ToBook } from '../queue/bookings';

/** A batch record as people see it. */
export interface ShownRecord extends BatchRecord {
  /** The PLC, or a person, has weighed something of it, and nobody has told Odoo. */
  not_in_odoo: boolean;
  /** What became of it: "cancelled", "cancelled: dosed, NOT in Odoo". */
  status_text: string;
}

export function toShownRecord(record: HistoryRow & { toBook: ToBook | null }, rule: ManualRule): ShownRecord {
  const { status, toBook } = record;
  return {
    ...toRecord(record, rule),
    not_in_odoo: toBook !== null,
    status_text: toBook === null ? status : `${status}: ${toBook}, NOT in Odoo`,
  };
}
