import assert from 'node:assert/strict';
import { alarmsNow } from '../../src/monitor/seen-alarms';
import type { QueueRow } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';

describe('alarms of the rows', () => {
  it('of a long queue are found in one pass over what was weighed: a screen asks every second', () => {
    const now = new Date('2026-03-01T07:00:00Z');
    let looks = 0;
    const rows = Array.from({ length: 200 }, (_, index): QueueRow => {
      const row = bareRow({ id: index + 1, batch_no: index + 1, mo_id: `WH/MO/${index + 1}`, state: 'running', started_at: now });
      return Object.defineProperty(row, 'actual', {
        get() {
          looks += 1;
          return index === 199 ? { silo_a: 12 } : { silo_a: 0 };
        },
      });
    });
    const snapshot = { rows, tasks: [], alarms: [], hold: null, mapChanged: false, now: { database: now, process: now } };
    const open = alarmsNow(bareLine({ slots: 200 }), snapshot, 30);
    assert.deepEqual(
      open.filter(({ code }) => code === 'stuck').map(({ batch_no }) => batch_no),
      [200],
      'the others wait their turn',
    );
    assert.ok(looks <= 10 * rows.length, `${looks} looks at ${rows.length} rows`);
  });
});
