import { systemClock } from '../src/clock';
import type { Database } from '../src/database/database';
import { createLine, type Line, type LineDependencies } from '../src/line/line';
import type { Run } from '../src/line/run';
import { LINE_SETTINGS } from '../test/support/bare';
import { compileMapping } from '../src/plc/mapping';
import { FEED_MILL_MAP } from '../src/plc/feed-mill';

/** A line with the settings of the nodes at their defaults. */
export function benchLine(
  { database, odoo = null, plc = null }: { database: Database } & Partial<Pick<LineDependencies, 'odoo' | 'plc'>>,
  { line = 'main', slots = 10 }: { line?: string; slots?: number } = {},
): Line {
  const settings = { ...LINE_SETTINGS, line, slots };
  // A set of a thousand MOs has more slots than a map has room for: the map itself stays that of ten.
  const mapping = compileMapping({ map: FEED_MILL_MAP, materials: settings.materials, slots: Math.min(slots, 10) });
  return createLine(settings, { database, odoo, plc, mapping, clock: systemClock, logTag: () => '' });
}

/** Like that of a node, whose runs share one until it closes. */
const { signal } = new AbortController();

/** A run of a node that nobody looks at. */
export function quietRun(): Run {
  return { actor: 'bench', signal, log: () => undefined, progress: () => undefined };
}
