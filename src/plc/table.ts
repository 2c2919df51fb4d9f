/** Cells of a pasted table: Excel gives tabs, a file commas or semicolons. */
export interface Table {
  /** Cells of the first row. */
  header: string[];
  /** The other rows that are not empty, each with its number as a spreadsheet counts from the first row that was pasted. */
  rows: { row: number; cells: string[] }[];
  delimiter: Delimiter;
}

export type Delimiter = '\t' | ';' | ',';

/**
 * Reads a table with quotes as spreadsheets write them; cells without quotes lose the spaces around them. Its first row that is
 * not empty is the header.
 */
export function readTable(text: string): Table {
  const head = text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '';
  const delimiter = (['\t', ';'] as const).find((sign) => head.includes(sign)) ?? ',';
  const all = cellsOf(text, delimiter).map((cells, index) => ({ row: index + 1, cells }));
  const [header, ...rows] = all.filter(({ cells }) => cells.some((cell) => cell !== ''));
  return { header: header?.cells ?? [], rows, delimiter };
}

function cellsOf(text: string, delimiter: Delimiter): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  // One cell with what follows it: in quotes (a doubled quote is a quote), or up to the next delimiter.
  const cell = new RegExp(`(?:[ ]*"((?:[^"]|"")*)"[ ]*|([^${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|\\r|$)`, 'gy');
  for (let end = 0; end < text.length;) {
    cell.lastIndex = end;
    const [found = '', quoted, plain = '', stop] = cell.exec(text) ?? [];
    // A quote inside a cell that does not begin with one: the rest of the line is taken as it is.
    const length = found.length || Math.max(1, text.slice(end).search(/\r?\n|$/));
    cells.push(quoted === undefined ? (found ? plain : text.slice(end, end + length)).trim() : quoted.replaceAll('""', '"'));
    end += length;
    if (stop !== delimiter || end >= text.length) {
      if (stop === delimiter) cells.push('');
      rows.push(cells);
      cells = [];
    }
  }
  return rows;
}

/** The opposite of readTable. */
export function writeTable(rows: readonly (readonly string[])[], delimiter: Delimiter): string {
  const shown = (cell: string): string => (/["\t;,\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return `${rows.map((cells) => cells.map(shown).join(delimiter)).join('\n')}\n`;
}

/** Column names as they are compared: "ID at", "id_at" and "idAt" are one. */
export function columnKey(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]/g, '');
}
