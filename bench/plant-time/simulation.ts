import type { Timers } from './timers';

/** Seconds that the tasks and the cell take. */
export interface Pace {
  /** A batch on the PLC; each set is of another recipe and takes its own time. */
  batch: { least: number; most: number };
  set: number;
  fetch: number;
  load: number;
  /** With the settle rule. */
  read: number;
  /** One batch in Odoo. */
  complete: number;
}

export const PACE: Pace = { batch: { least: 240, most: 600 }, set: 10, fetch: 3, load: 5, read: 5, complete: 2 };

/** What a line did in its year; seconds since its start. */
export interface Year {
  seconds: number;
  /** When the line made each set: first batch begun, last batch ended. */
  sets: { from: number; to: number }[];
  batches: number;
  /** From the end of each batch on the PLC to "done" in Odoo. */
  toOdoo: number[];
}

interface Batch {
  ends: number;
  state: 'queued' | 'loaded' | 'finished';
}

type Task = 'fetch' | 'load' | 'read' | 'complete';

/**
 * A line over that many days by a clock of its own: the timers of the flow, and with `events` its event wires (recipes are loaded
 * after a fetch, finished batches completed after a read, the next set fetched after the last archive). Odoo always has work
 * and nothing fails: what is left is the waiting that the flow itself causes.
 */
export function simulate(timers: Timers, events: boolean, days: number, pace: Pace = PACE, seed = 1): Year {
  const year: Year = { seconds: days * 86_400, sets: [], batches: 0, toOdoo: [] };
  const random = dice(seed);
  const due: { at: number; task: Task; timer: boolean }[] = [];
  let queue: Batch[] = [];
  let cellFree = 0;

  const at = (time: number, task: Task, timer = false): void => {
    due.push({ at: time, task, timer });
    due.sort((a, b) => a.at - b.at);
  };

  const TASKS: Record<Task, (now: number) => void> = {
    fetch(now) {
      if (queue.length > 0) return;
      queue = Array.from({ length: pace.set }, () => ({ ends: Infinity, state: 'queued' as const }));
      if (events) at(now + pace.fetch, 'load');
    },
    load(now) {
      const waiting = queue.filter(({ state }) => state === 'queued');
      if (waiting.length === 0) return;
      const from = Math.max(cellFree, now + pace.load);
      cellFree = from;
      const recipe = pace.batch.least + random() * (pace.batch.most - pace.batch.least);
      for (const batch of waiting) {
        cellFree += recipe;
        Object.assign(batch, { ends: cellFree, state: 'loaded' });
      }
      year.sets.push({ from, to: cellFree });
    },
    read(now) {
      const finished = queue.filter(({ state, ends }) => state === 'loaded' && ends <= now);
      for (const batch of finished) batch.state = 'finished';
      if (events && finished.length > 0) at(now + pace.read, 'complete');
    },
    complete(now) {
      let done = now;
      for (const { ends } of queue.filter(({ state }) => state === 'finished')) {
        done += pace.complete;
        year.toOdoo.push(done - ends);
        year.batches += 1;
      }
      const before = queue.length;
      queue = queue.filter(({ state }) => state !== 'finished');
      if (events && before > 0 && queue.length === 0) at(done, 'fetch');
    },
  };

  const every: Record<Task, number> = {
    fetch: timers.fetch.every,
    load: timers.plc.every,
    read: timers.plc.every,
    complete: timers.complete.every,
  };
  at(timers.fetch.first, 'fetch', true);
  at(timers.plc.first, 'load', true);
  at(timers.plc.first, 'read', true);
  at(timers.complete.first, 'complete', true);
  for (let next = due.shift(); next && next.at < year.seconds; next = due.shift()) {
    TASKS[next.task](next.at);
    if (next.timer) at(next.at + every[next.task], next.task, true);
  }
  return year;
}

/** Seconds that the line stood still before each set but the first. */
export function idleTimes({ sets }: Year): number[] {
  return sets.slice(1).map(({ from }, index) => from - (sets[index]?.to ?? from));
}

/** Numbers from 0 to 1, the same ones each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
