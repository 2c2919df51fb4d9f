import type { Site } from './site';

/** A message on one of the wires, stopped before the server has it, or before anybody hears of its answer. */
export interface Moment {
  when: string;
  wire: keyof Site['wires'];
  side: 'before' | 'after';
  message(bytes: Buffer): boolean;
  answer?(bytes: Buffer): boolean;
}

/** The bytes hold this text. */
export const contains =
  (text: string) =>
  (bytes: Buffer): boolean =>
    bytes.includes(text);
/** Read area 6000, write area 7000, 100 words a slot, status_read_data at 76. */
const flag = (area: 6000 | 7000, slot: number): number => area + 100 * (slot - 1) + 76;
/** Modbus TCP: function 16 (write words) at this address, first word. */
const writes =
  (address: number, value: number) =>
  (bytes: Buffer): boolean =>
    bytes.length >= 15 && bytes[7] === 16 && bytes.readUInt16BE(8) === address && bytes.readUInt16BE(13) === value;
/** PostgreSQL is ready for the next statement: this one is committed. */
const ready = contains('Z\0\0\0\x05I');

const queueing = contains('INSERT INTO "public".mo_fetch');
const committing = contains('COMMIT\0');
const storing = contains('"state":"finished"');
const archiving = contains('DELETE FROM "public".mo_batch');

/** The crash points of data.md, in the order in which a set comes by them. @param slot the one whose recipe and result are waited for */
export function moments(slot: number): Moment[] {
  return [
    { when: 'Odoo has answered, nothing is queued', wire: 'database', side: 'before', message: queueing },
    { when: 'the set is committed, the answer lost', wire: 'database', side: 'after', message: committing, answer: ready },
    { when: `recipes are loaded, that of slot ${slot} lacks its flag`, wire: 'plc', side: 'before', message: writes(flag(7000, slot), 0) },
    { when: `the recipe of slot ${slot} is loaded, not stored`, wire: 'plc', side: 'after', message: writes(flag(7000, slot), 0) },
    { when: 'a result is read, not stored', wire: 'database', side: 'before', message: storing },
    { when: 'results are stored, not acknowledged', wire: 'database', side: 'after', message: storing, answer: ready },
    { when: `results are acknowledged, that of slot ${slot} not`, wire: 'plc', side: 'before', message: writes(flag(6000, slot), 1) },
    { when: 'the payload is frozen, nothing is sent', wire: 'odoo', side: 'before', message: contains('"write"') },
    { when: 'the consumption is written, the answer lost', wire: 'odoo', side: 'after', message: contains('"write"') },
    { when: 'the consumption is written, mark done not sent', wire: 'odoo', side: 'before', message: contains('button_mark_done') },
    { when: 'the MO is done, the answer lost', wire: 'odoo', side: 'after', message: contains('button_mark_done') },
    { when: 'the MO is done, not archived', wire: 'database', side: 'before', message: archiving },
    { when: 'the batch is archived, the answer lost', wire: 'database', side: 'after', message: archiving, answer: ready },
  ];
}
