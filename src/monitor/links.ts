import type { Line } from '../line/line';
import type { LinkState } from '../odoo/odoo';
import type { AlarmRow } from '../queue/alarms';
import { ODOO_LINK, PLC_LINK } from './alarm-codes';
import { byDatabase } from './one-clock';
import type { Snapshot } from './snapshot';

const ODOO_CODES: ReadonlySet<string> = new Set(ODOO_LINK);

interface LinkView extends Pick<LinkState, 'since' | 'error'> {
  state: LinkState['state'] | 'none';
}

export type Links = Record<'odoo' | 'plc' | 'database', LinkView>;

/** Since when the first open one of these alarms is open; null when none is. */
export function sinceOf(alarms: readonly AlarmRow[], ...codes: (string | null)[]): Date | null {
  return alarms.find(({ code }) => codes.includes(code))?.since ?? null;
}

/** The links as they are; band, lamp and alarm tell one moment of one trouble. */
export function linksOf(line: Line, { tasks, alarms, now }: Pick<Snapshot, 'tasks' | 'alarms' | 'now'>): Links {
  const goodRead = tasks.find(({ task }) => task === 'read')?.ok_at ?? null;
  const view = (link?: LinkView): LinkView => linkView(line, link);
  const plc = view(line.plc?.state());
  const refused = refusedReads(tasks);
  const away = overheard(line, { alarms, now });
  return {
    odoo: away
      ? { state: 'down', since: away.since, error: away.text }
      : told(view(line.odoo?.state()), sinceOf(alarms, ...ODOO_LINK), byDatabase(line, line.odoo?.state().answeredAt ?? null)),
    plc: told(plc.state === 'ok' && refused ? { state: 'down', ...refused } : plc, sinceOf(alarms, ...PLC_LINK), goodRead),
    database: view(line.database.state()),
  };
}

/**
 * Its alarm remembers since when it is down, over restarts and for every process; not one of an earlier trouble, which is older
 * than the last good answer.
 */
function told(link: LinkView, alarm: Date | null, lastGood: Date | null): LinkView {
  const isSame = alarm !== null && (lastGood === null || alarm >= lastGood);
  return link.state === 'down' && isSame ? { ...link, since: alarm } : link;
}

/** A PLC that answers every read with a refusal must not look well: what it shows is not known. null: the last read was good. */
export function refusedReads(tasks: Snapshot['tasks']): { since: Date | null; error: string } | null {
  const read = tasks.find(({ task }) => task === 'read');
  return read?.error?.startsWith('PLC_') ? { since: read.error_at, error: read.error } : null;
}

/**
 * The alarm of another process that has found Odoo away since it last answered this one: what this one remembers says nothing
 * against it. One that is of a time to come was stamped by a clock that is off. null: there is none.
 */
export function overheard(line: Line, { alarms, now }: Pick<Snapshot, 'alarms' | 'now'>): AlarmRow | null {
  const { state, answeredAt = null } = line.odoo?.state() ?? { state: 'unknown' };
  if (state !== 'ok' || answeredAt === null) return null;
  const answered = byDatabase(line, answeredAt);
  const isNews = ({ since }: AlarmRow): boolean => since > answered && since <= now.database;
  return alarms.find((alarm) => alarm.severity === 'critical' && ODOO_CODES.has(alarm.code) && isNews(alarm)) ?? null;
}

function linkView(line: Line, { state, since, error }: LinkView = { state: 'none', since: null, error: null }): LinkView {
  return { state, since: byDatabase(line, since), error };
}
