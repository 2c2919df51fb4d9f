import type { ShownRecord } from './shown-record';

/** Which comma a spreadsheet expects depends on its country: where it writes 1,5 the columns are parted by semicolons. */
export type CsvStyle = 'comma' | 'semicolon';

type Cell = string | number | null;

/** Excel takes a file without it for one of the old code pages. */
const BYTE_ORDER_MARK = '\u{FEFF}';

const COLUMNS = [
  'archived',
  'MO',
  'run',
  'slot',
  'product',
  'status',
  'quantity',
  'unit',
  'finished weight',
  'tag',
  'material',
  'material unit',
  'planned',
  'actual',
  'source',
  'notes',
  'by',
] as const;

/**
 * Batch records as a table for a spreadsheet, one row per material, so that it can be summed by any column.
 * @param timeZone of the column "archived"
 * @param withHead false for the pages after the first
 */
export function historyCsv(records: readonly ShownRecord[], style: CsvStyle, timeZone: string, withHead: boolean): string {
  const time = timeIn(timeZone);
  const rows = records.flatMap((record) =>
    record.materials.map((material): Cell[] => [
      time(record.archived_at),
      record.mo_id,
      record.run,
      record.batch_no,
      record.finished_goods,
      record.status_text,
      record.quantity,
      record.uom,
      record.weighed,
      material.tag,
      material.product,
      material.uom,
      material.planned,
      material.actual,
      material.source,
      record.notes,
      record.actor,
    ]),
  );
  const head = withHead ? [BYTE_ORDER_MARK + line([...COLUMNS], style)] : [];
  return [...head, ...rows.map((row) => line(row, style))].join('');
}

function line(cells: readonly Cell[], style: CsvStyle): string {
  return `${cells.map((cell) => written(cell, style)).join(style === 'comma' ? ',' : ';')}\r\n`;
}

function written(cell: Cell, style: CsvStyle): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return style === 'comma' ? String(cell) : String(cell).replace('.', ',');
  const text = harmless(cell);
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet runs a text that begins like a formula, even one that a stranger typed as a reason. */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** "2026-03-01 06:00:00", which every spreadsheet takes for a time. */
function timeIn(timeZone: string): (at: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (at) => format.format(new Date(at));
}
