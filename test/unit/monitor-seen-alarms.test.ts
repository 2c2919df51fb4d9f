import assert from 'node:assert/strict';
import { actionFor } from '../../src/monitor/alarm-codes';
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

  it('of a queue in which nothing moves ask to look at the line, those of failed batches to clear them', () => {
    const now = new Date('2026-03-01T07:00:00Z');
    const at = (minute: number): Date => new Date(now.getTime() - minute * 60_000);
    const blocked = (given: Partial<QueueRow>): unknown[] => {
      const rows = [
        bareRow({ id: 1, updated_at: at(50), ...given }),
        bareRow({ id: 2, batch_no: 2, mo_id: 'B', updated_at: at(40), ...given }),
      ];
      const snapshot = { rows, tasks: [], alarms: [], hold: null, mapChanged: false, now: { database: now, process: now } };
      const alarm = alarmsNow(bareLine(), snapshot, 30).find(({ code }) => code === 'gate-blocked');
      return [alarm?.text, alarm?.since, actionFor('gate-blocked', alarm?.value)];
    };
    assert.deepEqual(blocked({ state: 'failed', last_error: 'x' }), [
      'No new orders are fetched until slots 1 and 2 are cleared',
      at(50),
      'The alarm of each of these batches says what to do.',
    ]);
    const [text, since, action] = blocked({ state: 'queued', loaded_at: at(60) });
    assert.equal(text, 'nothing has changed for 30 min in slots 1 and 2; no new orders are fetched before these batches are through');
    assert.deepEqual(since, at(40));
    assert.match(String(action), /^Find out why nothing moves/);
  });
});
