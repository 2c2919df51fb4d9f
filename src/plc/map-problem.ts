import { listed, say, type Sentence, type Text } from '../sentence';
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
  what: Sentence;
  /** The same where it is said of several entries at once; null where `what` fits them all. */
  ofAll: Sentence | null;
  /** The key that `what` is about, "type"; null where it is about the whole entry. */
  key: string | null;
  /** The person sees JSON, where an entry is "fields[5]" and not "row 6". */
  inJson: boolean;
  /** One sentence: field, place, what is wrong and what to do. */
  text: Sentence;
}

/**
 * One sentence of the form "silo_b at 6031 (row 7) overlaps ...".
 * @param more.list needed only where the name does not tell a word of the line from a field
 */
export function mapProblem(
  field: string,
  row: number | null,
  address: number | null,
  what: Sentence,
  more: { list?: EntryList | null; ofAll?: Sentence | null; inJson?: boolean } = {},
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
    key: keyIn(String(what)),
    inJson: more.inJson ?? false,
  };
  const [where] = placesOf(problem);
  const isNameless = problem.inJson && /^(?:entry|line word) \d+$/.test(field);
  const subject = isNameless && where !== undefined ? placed(where, address) : placed(shownName(field), address, where);
  return { ...problem, text: say`${subject} ${what}` };
}

/** "silo_b at 6031 (row 7)", as far as it is known. */
function placed(name: Text, at: number | Text | null, where?: Text): Text {
  const place = at === null ? name : say`${name} at ${at}`;
  return where === undefined ? place : say`${place} (${where})`;
}

/** What a sentence begins with or puts in quotes. */
function keyIn(what: string): string | null {
  const [, begins, quoted] = /^(\w+) is\b|"(\w+)"/.exec(what) ?? [];
  return begins ?? quoted ?? null;
}

/** Names that are words; all others are keys of the map or names of the plant, and the same in every language. */
const WORDS: ReadonlyMap<string, Sentence> = new Map(
  [say`the map`, say`the list`, say`the table`, say`the pasted text`, say`materials`, say`unnamed`, say`read base`, say`write base`].map(
    (name) => [String(name), name],
  ),
);

/** A name as it is told. */
export function shownName(name: string): Text {
  const [, kind, number = ''] = /^(entry|line word|read slot|write slot) (\d+)$/.exec(name) ?? [];
  if (kind === 'entry') return say`entry ${number}`;
  if (kind === 'line word') return say`line word ${number}`;
  if (kind === 'read slot') return say`read slot ${number}`;
  return kind === undefined ? (WORDS.get(name) ?? name) : say`write slot ${number}`;
}

/** What a person calls the entries: "row 7", or "fields[6]" where they see JSON. */
function placesOf({ rows, list, inJson }: Pick<MapProblem, 'rows' | 'list' | 'inJson'>): Text[] {
  return rows.map((row) => (inJson && list !== null ? `${list}[${row - 1}]` : say`row ${row}`));
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
  const shown = (all: readonly Text[], range: boolean): Text => {
    if (range) return say`${all[0] ?? ''} to ${all.at(-1) ?? ''}`;
    const some = listed(all.slice(0, MANY));
    return all.length > MANY ? say`${some} and ${all.length - MANY} more` : some;
  };
  const where = first.inJson ? shown(placesOf({ ...first, rows }), isRange) : say`rows ${shown(rows.map(String), isRange)}`;
  const subject = placed(
    shown(names.map(shownName), isRange),
    addresses.length === 0 ? null : say`${low} to ${high}`,
    rows.length === 0 ? undefined : where,
  );
  return { ...first, rows, text: say`${subject}: each ${first.ofAll ?? first.what}` };
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
