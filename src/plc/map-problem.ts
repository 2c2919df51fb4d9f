import { LINE_FIELDS } from './register-map';

export type EntryList = 'fields' | 'lineFields';

/** A mistake of a register map, as a person is told. */
export interface MapProblem {
  /** "silo_a", "read", "materials" */
  field: string;
  /** Where the entry stands in `fields` or `lineFields`, from 1; null when the problem is not about one entry. */
  row: number | null;
  /** Rows of all entries with this mistake; more than one where several were made one problem. */
  rows: number[];
  /** The list that `row` counts in; null when the problem is not about one entry. */
  list: EntryList | null;
  /** Zero-based address in slot 1 of the read area; null when the problem has no place. */
  address: number | null;
  /** What is wrong and what to do, without the place: "overlaps silo_b (words 31-32); move one of them". */
  what: string;
  /** The same where it is said of several entries at once; null where `what` fits them all. */
  ofAll: string | null;
  /** The person sees JSON, where an entry is "fields[5]" and not "row 6". */
  inJson: boolean;
  /** One sentence: field, place, what is wrong and what to do. */
  text: string;
}

/**
 * One sentence of the form "silo_b at 6031 (row 7) overlaps ...".
 * @param more.list needed only where the name does not tell a word of the line from a field
 */
export function mapProblem(
  field: string,
  row: number | null,
  address: number | null,
  what: string,
  more: { list?: EntryList | null; ofAll?: string | null; inJson?: boolean } = {},
): MapProblem {
  const lineWords: readonly string[] = LINE_FIELDS;
  const list = row === null ? null : (more.list ?? (lineWords.includes(field) ? 'lineFields' : 'fields'));
  const problem = {
    field,
    row,
    rows: row === null ? [] : [row],
    list,
    address,
    what,
    ofAll: more.ofAll ?? null,
    inJson: more.inJson ?? false,
  };
  const [where] = placesOf(problem);
  const at = address === null ? '' : ` at ${address}`;
  const isNameless = problem.inJson && /^(?:entry|line word) \d+$/.test(field);
  const subject = isNameless && where !== undefined ? where + at : `${field}${at}${where === undefined ? '' : ` (${where})`}`;
  return { ...problem, text: `${subject} ${what}` };
}

/** What a person calls the entries: "row 7", or "fields[6]" where they see JSON. */
function placesOf({ rows, list, inJson }: Pick<MapProblem, 'rows' | 'list' | 'inJson'>): string[] {
  return rows.map((row) => (inJson && list !== null ? `${list}[${row - 1}]` : `row ${row}`));
}

/** How many entries have to have the same mistake to be told in one sentence. */
const MANY = 3;

/** One mistake made in many entries is one problem that names them all: nobody reads thirteen equal lines. */
export function together(problems: readonly MapProblem[]): MapProblem[] {
  const groups = new Map<string, MapProblem[]>();
  const groupOf = ({ list, what, ofAll }: MapProblem): MapProblem[] => {
    const key = JSON.stringify([list, ofAll ?? what]);
    const found = groups.get(key) ?? [];
    groups.set(key, found);
    return found;
  };
  for (const problem of problems) groupOf(problem).push(problem);
  return problems.flatMap((problem) => {
    const same = groupOf(problem);
    if (new Set(same.map(entryName)).size < MANY) return [problem];
    return same[0] === problem ? [joined(problem, same)] : [];
  });
}

/** "silo_a to silo_m at 6028 to 6064 (rows 6 to 18): each ...". */
function joined(first: MapProblem, same: readonly MapProblem[]): MapProblem {
  const names = [...new Set(same.map(entryName))];
  const rows = [...new Set(same.flatMap((problem) => problem.rows))].sort((a, b) => a - b);
  const addresses = same.flatMap(({ address }) => (address === null ? [] : [address]));
  const [low, high] = [Math.min(...addresses), Math.max(...addresses)];
  const isRange = rows.length === names.length && (rows.at(-1) ?? 0) - (rows[0] ?? 0) === rows.length - 1;
  const shown = (all: readonly (string | number)[], range: boolean): string =>
    range
      ? `${all[0] ?? ''} to ${all.at(-1) ?? ''}`
      : all.slice(0, MANY).join(', ') + (all.length > MANY ? ` and ${all.length - MANY} more` : '');
  const where = first.inJson ? shown(placesOf({ ...first, rows }), isRange) : `rows ${shown(rows, isRange)}`;
  const place = `${addresses.length === 0 ? '' : ` at ${low} to ${high}`}${rows.length === 0 ? '' : ` (${where})`}`;
  const text = `${shown(names, isRange)}${place}: each ${first.ofAll ?? first.what}`;
  return { ...first, rows, text };
}

/** Its id word belongs to an entry. */
export function entryName({ field }: Pick<MapProblem, 'field'>): string {
  return field.replace(/ id$/, '');
}

/** How a person sees the map, where that is not the table of the dialog. */
export interface MapSource {
  /** The row in which they see an entry; null where it stands in no text of theirs. */
  rowShown(list: EntryList, row: number): number | null;
  inJson?: boolean;
  /** Entries and areas of which the text does not tell the address, which they are told already. */
  misplaced?: ReadonlySet<string>;
}

/** Zero-based address of an entry in slot 1, whatever it holds; null where it cannot be said. */
export type AddressOf = (list: EntryList, entry: { at?: unknown; field?: unknown }) => number | null;

/** Row of an entry in its list, by its name; null for what is no entry. */
export type RowOf = (name: string) => number | null;

/** Rows of the last entry of each name: where there are two, the second is the one to look at. */
export function rowsOf({ fields, lineFields }: Record<EntryList, readonly (Named | null)[]>): RowOf {
  const rows = new Map<string, number>();
  for (const list of [lineFields, fields]) list.forEach((entry, index) => entry && rows.set(nameOf(entry), index + 1));
  return (name) => rows.get(name) ?? null;
}

/** What names an entry of a map. */
export interface Named {
  field?: string;
  material?: string;
}

export const UNNAMED = 'unnamed';
export const nameOf = (field: Named): string => field.field ?? field.material ?? UNNAMED;
