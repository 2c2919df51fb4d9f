import type { Line } from '../line/line';
import { databaseNow } from '../queue/now';

/** Milliseconds by which what is known of the two clocks may be wrong before it is learnt anew: a moment that was told must not move. */
const KEPT_WITHIN = 2000;

/** The time by the database clock. It also notes how far that clock is ahead of the one of this process. */
export async function databaseTime(line: Pick<Line, 'skew' | 'database' | 'clock'>): Promise<Date> {
  const asked = line.clock.now();
  const now = await databaseNow(line.database);
  line.skew.ms = skewOf(line.skew.ms, { now, asked, answered: line.clock.now() });
  return now;
}

/**
 * By how many milliseconds the database clock is ahead: between its answer and the question it said `now`.
 * @param known what was found before; it stays as long as it can be true
 */
export function skewOf(known: number, { now, asked, answered }: Record<'now' | 'asked' | 'answered', Date>): number {
  const least = now.getTime() - answered.getTime();
  const most = now.getTime() - asked.getTime();
  const canBe = (ms: number): boolean => ms >= least - KEPT_WITHIN && ms <= most + KEPT_WITHIN;
  return [known, 0].find(canBe) ?? Math.round((least + most) / 2);
}

/**
 * A moment of this process by the database clock. Rows and alarms are stamped by the database: beside them the moments of this
 * process would contradict them on a machine whose clock is off.
 */
export function byDatabase<At extends Date | null>({ skew }: Pick<Line, 'skew'>, at: At): At {
  return (at && new Date(at.getTime() + skew.ms)) as At;
}
