import { breathe } from '../breather';
import { clockTime } from '../clock';
import type { OdooOrder } from '../odoo/odoo';
import { type OpenAlarm, settleAlarms } from '../queue/alarms';
import { type Batch, type ShownRow, toBatch } from '../queue/batch';
import { knownOrders, type QueuedRow, type QueueEntry, queueSet, readEpoch } from '../queue/gate';
import { renderFilter } from './filter';
import { currentHold } from './hold';
import { type Line, odooOf } from './line';
import { checkOrder, type CheckedOrder, type Rejection } from './orders';
import type { NodeStatus, Outcome } from './outcome';
import { logTask, type Run, runTask } from './run';

export interface FetchOptions {
  /** How many MOs make a set; never more than the line has slots. */
  limit: number;
  /** Mustache template of an Odoo domain. */
  filter: string;
  /** Look, check and show, store nothing. */
  preview: boolean;
  /** The message, for the filter. */
  message: object;
}

type FetchReason = 'queued' | 'no-orders' | 'queue-not-empty' | 'in-progress' | 'all-in-history' | 'rejected' | 'hold';

/** Pages of Odoo that one run looks at, at most. */
const MAX_PAGES = 10;
/** Orders of a further page, at least: MOs that ended here but are still confirmed in Odoo must not hide the new ones behind them. */
const LATER_PAGE = 50;
/** Rejected orders that are kept for the screens; the message and the log name all. */
const MOST_KEPT = 50;

interface Found {
  entries: QueueEntry[];
  rejected: Rejection[];
  /** MOs that Odoo listed. */
  seen: number;
}

/**
 * Task 1, second half: fetches the next set from Odoo and queues it, all or none. It is a gate of its own, so that a
 * flow wired without mo-queue-gate, or eight processes at once, still queue one set (src/queue/gate.ts).
 */
export async function fetchOrders(line: Line, run: Run, options: FetchOptions): Promise<Outcome> {
  const preview = options.preview || line.mode === 'observe';

  const end = (reason: FetchReason, text: string, status: NodeStatus, found?: Found, queued: Batch[] = []): Outcome => ({
    port: reason === 'queued' ? 1 : 2,
    payload: {
      line: line.line,
      at: line.clock.now().toISOString(),
      text,
      reason,
      queued,
      rejected: found?.rejected ?? [],
      orders_seen: found?.seen ?? 0,
      ...(preview ? { preview: true } : {}),
    },
    events: [],
    status,
    ...(found && !preview ? { record: { rejected: found.rejected.slice(0, MOST_KEPT) } } : {}),
  });
  const blue = (text: string): NodeStatus => ({ fill: 'blue', shape: 'ring', text: `${text} ${clockTime(line.clock.now())}` });
  const notEmpty = (rows: string, found?: Found): Outcome =>
    end('queue-not-empty', `nothing queued: ${rows}`, blue('queue not empty'), found);

  const onHold = (reason: string): Outcome =>
    end('hold', `line on hold: ${reason}`, { fill: 'yellow', shape: 'ring', text: `hold: ${reason}` });

  const busy = (): Outcome => end('in-progress', 'a fetch is already at work', { fill: 'blue', shape: 'ring', text: 'in progress' });

  return runTask(line, 'fetch', run, busy, async () => {
    const odoo = odooOf(line);
    const domain = renderFilter(options.filter, options.message);
    const startHold = preview || line.startHold === null ? null : await currentHold(line);
    const epoch = await readEpoch(line.database, line.line);
    // A preview stores nothing, not even the hold that this process was started with, and shows what a release would fetch.
    if (!preview) {
      const reason = startHold?.reason ?? epoch.hold;
      if (reason !== null) return onHold(reason);
      if (epoch.rows > 0) return notEmpty(`${epoch.rows} batches are still in the queue`);
    }

    run.progress('asking Odoo');
    const limit = Math.min(options.limit, line.slots);
    const found = await findOrders(line, limit, (size, seen) => odoo.listConfirmed({ limit: size, seen, domain }, run.signal));
    for (const { mo_id, text } of found.rejected) logTask(line, 'fetch', run, `Rejected ${mo_id}: ${text}`, 'warn');

    if (found.entries.length === 0) {
      if (!preview) await settleAllInHistory(line, found);
      return nothingToQueue(line, run, found, end, blue);
    }
    if (preview) {
      const batches = await batchesOf(line, found.entries);
      return end('queued', `preview: ${summary(batches.length, found)}`, blue('preview'), found, batches);
    }

    // What the message shows is made while PostgreSQL works; a run does not end before its set is stored, or is not.
    let onSent = (): void => undefined;
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const set = { line: line.line, e0: epoch.e0, mapHash: line.mapping.hash, actor: run.actor, entries: found.entries };
    const queuing = queueSet(line.database, { ...set, onSent }).finally(onSent);
    const showing = sent.then(() => batchesOf(line, found.entries)).finally(() => queuing);
    const [{ result, rows }, batches] = await Promise.all([queuing, showing]);
    if (result === 'hold') return onHold((await currentHold(line))?.reason ?? 'released meanwhile');
    if (result === 'lost-race') return notEmpty('another run queued its set first', found);
    if (result === 'nothing-new') return end('all-in-history', allKnown(found.seen), blue('nothing new'), found);

    logTask(line, 'fetch', run, `✓ Auto-sync completed: ${rows.length} MO batches synced`);
    return end('queued', summary(rows.length, found), queuedStatus(rows.length, found, line), found, asQueued(batches, rows));
  });
}

type PageReader = (size: number, seen: readonly number[]) => Promise<OdooOrder[]>;

/** Reads pages until a set is full: a page of known or rejected MOs is followed by the next. Nothing is dropped in silence. */
async function findOrders(line: Line, limit: number, nextPage: PageReader): Promise<Found> {
  const found: Found = { entries: [], rejected: [], seen: 0 };
  const seenIds = new Set<number>();
  const seenNames = new Set<string>();
  for (let page = 0; page < MAX_PAGES && found.entries.length < limit; page += 1) {
    const size = page === 0 ? limit : Math.max(limit, LATER_PAGE);
    const orders = await nextPage(size, [...seenIds]);
    if (orders.length === 0) break;
    // PostgreSQL looks them up while they are checked.
    const [known, checked] = await Promise.all([knownOrders(line.database, line.line, orders), checkOrders(orders, line)]);
    for (const [index, order] of orders.entries()) {
      found.seen += 1;
      const twice = seenIds.has(order.odoo_id) || seenNames.has(order.mo_id);
      seenIds.add(order.odoo_id);
      seenNames.add(order.mo_id);
      if (twice) {
        found.rejected.push({ mo_id: order.mo_id, reason: 'duplicate', text: 'Odoo lists it twice', value: order.odoo_id });
        continue;
      }
      const record = known.get(order.mo_id);
      if (record?.elsewhere) {
        found.rejected.push({
          mo_id: order.mo_id,
          reason: 'queued-elsewhere',
          text: 'it is in the queue of another line',
          value: order.mo_id,
        });
      }
      const result = checked[index];
      if (record || !result || found.entries.length >= limit) continue;
      if ('entry' in result) found.entries.push(result.entry);
      else found.rejected.push(result.rejection);
    }
    if (orders.length < size) break;
  }
  return found;
}

async function checkOrders(orders: readonly OdooOrder[], line: Line): Promise<CheckedOrder[]> {
  const checked: CheckedOrder[] = [];
  for (const order of orders) {
    await breathe();
    checked.push(checkOrder(order, line));
  }
  return checked;
}

function nothingToQueue(
  line: Line,
  run: Run,
  found: Found,
  end: (reason: FetchReason, text: string, status: NodeStatus, found: Found) => Outcome,
  blue: (text: string) => NodeStatus,
): Outcome {
  if (found.seen === 0) {
    logTask(line, 'fetch', run, 'No batches found in Odoo');
    return end('no-orders', 'Odoo has no confirmed MO', blue('no confirmed MO'), found);
  }
  if (found.rejected.length === 0) return end('all-in-history', allKnown(found.seen), blue('nothing new'), found);
  return end('rejected', summary(0, found), queuedStatus(0, found, line), found);
}

/** Confirmed MOs, none of them new (a set that is queued clears it): a line that stands still for this reason must not look as if it only waited for MOs. */
async function settleAllInHistory(line: Line, { entries, rejected, seen }: Found): Promise<void> {
  const open: OpenAlarm = { code: 'all-in-history', severity: 'info', text: allKnown(seen), mo_id: '', batch_no: null, value: null };
  const isSo = seen > 0 && entries.length === 0 && rejected.length === 0;
  await settleAlarms(line.database, line.line, ['all-in-history'], isSo ? [open] : []);
}

function allKnown(seen: number): string {
  return `nothing new: the ${seen} confirmed MOs that Odoo listed were all queued before; an MO that ended here is fetched again only after requeue`;
}

/** "10 MOs queued, 1 rejected: WH/MO/00131: no silo of line main holds SOY-48" */
function summary(queued: number, { rejected }: Found): string {
  const head = `${queued} MO${queued === 1 ? '' : 's'} queued`;
  if (rejected.length === 0) return head;
  return `${head}, ${rejected.length} rejected: ${rejected.map(({ mo_id, text }) => `${mo_id}: ${text}`).join('; ')}`;
}

function queuedStatus(count: number, { rejected }: Found, line: Line): NodeStatus {
  const time = clockTime(line.clock.now());
  return rejected.length === 0
    ? { fill: 'green', shape: 'dot', text: `${count} queued ${time}` }
    : { fill: 'yellow', shape: 'dot', text: `${count} queued, ${rejected.length} rejected ${time}` };
}

/** The batches of a set as the tables would make them of it, if they have all of it. */
async function batchesOf(line: Line, entries: readonly QueueEntry[]): Promise<Batch[]> {
  const created_at = line.clock.now();
  const batches: Batch[] = [];
  for (const [index, entry] of entries.entries()) {
    await breathe();
    batches.push(toBatch({ ...NEW_ROW, line: line.line, ...entry, batch_no: index + 1, run: 1, created_at }, line));
  }
  return batches;
}

/** With what the tables made of it: what was sent to them is not read back. */
function asQueued(batches: readonly Batch[], rows: readonly QueuedRow[]): Batch[] {
  const byName = new Map(rows.map((row) => [row.mo_id, row]));
  return batches.flatMap((batch) => {
    const row = byName.get(batch.mo_id);
    return row ? { ...batch, batch_no: row.batch_no, run: row.run, created_at: row.created_at.toISOString() } : [];
  });
}

/** What every row begins with (src/database/migrations). */
const NEW_ROW = {
  actual: null,
  actual_weight: null,
  status_manufacturing: 0,
  status_operation: 0,
  state: 'queued',
  push_attempt: 0,
  next_try_at: null,
  last_error: null,
  loaded_at: null,
  started_at: null,
  finished_at: null,
  last_read_from_plc: null,
  measured_by: 'plc',
} as const satisfies Partial<ShownRow>;
