import { drawDay } from '../plant-time/picture';
import { idleTimes, simulate, type Year } from '../plant-time/simulation';
import { shippedTimers } from '../plant-time/timers';
import type { Measured, Row } from '../row';

const DAYS = 365;

interface Line {
  name: string;
  year: Year;
}

function years(days: number): [alone: Line, wired: Line] {
  const timers = shippedTimers();
  return [
    { name: 'timers alone', year: simulate(timers, false, days) },
    { name: 'with events', year: simulate(timers, true, days) },
  ];
}

/** The picture of the README, from the same year as the figures. */
export function idlePicture(): string {
  return drawDay(years(DAYS));
}

export const idle: Row = {
  name: 'idle',
  what: 'a simulated year: how long the line waits between two sets, batches a day, age of what Odoo shows',
  once: true,
  run: async ({ quick }) => {
    const [alone, wired] = years(quick ? 30 : DAYS);
    const minutes = (seconds: readonly number[]): number => mean(seconds) / 60;
    const told = (what: string, unit: string, value: (year: Year) => number, goal: number | null = null): Measured => ({
      what,
      unit,
      values: [value(wired.year)],
      goal,
      yardstick: { name: 'the four timers alone', value: value(alone.year) },
    });
    return [
      told('simulated year: the line is idle between two sets, mean', 'min', (year) => minutes(idleTimes(year)), 3),
      told('simulated year: batches a day', '', ({ batches, seconds }) => Math.round((batches / seconds) * 86_400)),
      told('simulated year: a batch is done in Odoo after its end on the PLC, mean', 'min', ({ toOdoo }) => minutes(toOdoo)),
    ];
  },
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
