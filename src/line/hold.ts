import { readEpoch } from '../queue/gate';
import { type Hold, holdOf } from '../queue/hold';
import { setHold } from '../queue/operator';
import { rememberStrangers } from '../queue/strangers';
import type { BadSlot } from './assess';
import type { Line } from './line';

/** The actor of a hold that comes from the environment. */
const START = 'SMART_MO_HOLD';

/**
 * The hold of the line. One that the process was started with (SMART_MO_HOLD, for a restore) is stored first: no task gets
 * past it, however early it runs. A line that only observes shows it and stores nothing.
 */
export async function currentHold(line: Line): Promise<Hold | null> {
  if (line.startHold !== null) {
    if (line.mode === 'observe') return { reason: line.startHold, actor: START, since: line.clock.now() };
    await setHold(line.database, line.line, true, { reason: line.startHold, actor: START });
    line.startHold = null;
  }
  return holdOf(line.database, line.line);
}

/** The product holds a line by itself where going on could run or book something twice. */
export async function holdLine(line: Line, reason: string): Promise<void> {
  if (line.mode === 'live') await setHold(line.database, line.line, true, { reason, actor: 'reader' });
}

/**
 * A slot that shows an MO which neither queue nor history knows: on a line that has fetched a set, an older database may have been
 * restored. Holds once per MO: what an operator has seen and released does not hold the line again, nor does what the PLC showed
 * before the first set was fetched.
 */
export async function holdForStrangers(line: Line, bad: readonly BadSlot[]): Promise<void> {
  const strangers = bad.filter(({ code }) => code === 'unknown-mo');
  if (strangers.length === 0 || line.mode === 'observe') return;
  const { e0 } = await readEpoch(line.database, line.line);
  // Remembered and held together: a crash in between would leave a stranger that never holds.
  await line.database.transaction(async (tx) => {
    const names = await rememberStrangers(
      tx,
      line.line,
      strangers.map(({ mo_id }) => mo_id),
    );
    const first = strangers.find(({ mo_id }) => names.has(mo_id));
    const reason = `${first?.text ?? ''}; was an older database restored? compare PLC, Odoo and history, then release`;
    if (first && e0 > 0) await setHold(tx, line.line, true, { reason, actor: 'reader' });
  });
}
