import assert from 'node:assert/strict';
import type { AlarmView } from '../../src/monitor/announce';
import { causesOf } from '../../src/monitor/causes';
import type { QueuedBatch } from '../../src/monitor/queued-batch';
import { batchStatus } from '../../src/monitor/snapshot';
import { bareLine, bareRow } from '../support/bare';

const REFUSED = (mo_id: string): string => `ODOO_REFUSED: Odoo refused the quantities of ${mo_id}: "no lot"; tried 3 times`;

function alarm(slot: number, given: Partial<AlarmView> = {}): AlarmView {
  const mo_id = `WH/MO/0000${slot}`;
  return {
    line: 'main',
    code: 'failed-batch',
    state: 'raised',
    severity: 'critical',
    since: `2026-03-01T06:0${slot}:00.000Z`,
    batch_no: slot,
    mo_id,
    value: 'ODOO_REFUSED',
    text: `slot ${slot} ${mo_id}: ${REFUSED(mo_id)}`,
    action: 'Put it right in Odoo, then press retry.',
    ...given,
  };
}

/** Failed batches in the slots 1 to 3; the last one was never weighed to the end, so it cannot be sent again. */
const QUEUE: QueuedBatch[] = batchStatus(
  bareLine(),
  [1, 2, 3].map((slot) =>
    bareRow({ batch_no: slot, mo_id: `WH/MO/0000${slot}`, state: 'failed', status_manufacturing: slot === 3 ? 0 : 1 }),
  ),
).batches;

describe('open alarms by cause', () => {
  it('one refusal that hits many batches is one cause with what may be pressed for all of them', () => {
    assert.deepEqual(causesOf([alarm(2), alarm(1)], QUEUE), [
      {
        code: 'failed-batch',
        words: 'a batch was given up: Odoo refused the change',
        severity: 'critical',
        since: '2026-03-01T06:01:00.000Z',
        text: '2 batches: ODOO_REFUSED: Odoo refused the quantities of the MO: "no lot"',
        action: 'Put it right in Odoo, then press retry.',
        batches: [
          { batch_no: 1, mo_id: 'WH/MO/00001' },
          { batch_no: 2, mo_id: 'WH/MO/00002' },
        ],
        can: ['retry', 'park'],
      },
    ]);
  });

  it('offers for all only what each of them allows, and nothing for a batch that has left the queue', () => {
    assert.deepEqual(causesOf([alarm(1), alarm(3)], QUEUE)[0]?.can, ['park']);
    assert.deepEqual(causesOf([alarm(1), alarm(4)], QUEUE)[0]?.can, []);
  });

  it('what a batch failed with is told once', () => {
    const mismatch = { value: 'recipe-mismatch', text: 'slot 1 WH/MO/00001: recipe-mismatch: silo_a planned 10, weighed 20' };
    const alarms = [
      alarm(1, mismatch),
      alarm(1, { ...mismatch, code: 'recipe-mismatch', value: null }),
      alarm(2, { code: 'recipe-mismatch' }),
    ];
    assert.deepEqual(
      causesOf(alarms, QUEUE).map(({ code, batches }) => [code, batches[0]?.batch_no]),
      [
        ['failed-batch', 1],
        ['recipe-mismatch', 2],
      ],
    );
  });

  it('another reason, code or severity is another cause, and keeps its own sentence', () => {
    const texts = (alarms: AlarmView[]): string[] => causesOf(alarms, QUEUE).map(({ text }) => text);
    const other = { text: 'slot 2 WH/MO/00002: ODOO_REFUSED: Odoo refused the quantities of WH/MO/00002: "period closed"' };
    assert.deepEqual(texts([alarm(1), alarm(2, other)]), [alarm(1).text, other.text]);
    for (const given of [{ code: 'not-pushed' }, { severity: 'warning' }, { value: 'ODOO_RIGHTS' }] as const) {
      assert.equal(texts([alarm(1), alarm(2, given)]).length, 2, JSON.stringify(given));
    }
  });

  it('how long it lasts makes no other cause', () => {
    const stuck = (slot: number, minutes: number): AlarmView =>
      alarm(slot, { code: 'stuck', value: null, text: `slot ${slot} WH/MO/0000${slot}: finished, nothing has changed for ${minutes} min` });
    assert.deepEqual(
      causesOf([stuck(1, 35), stuck(2, 31)], QUEUE).map(({ text }) => text),
      ['2 batches: finished, nothing has changed for 35 min'],
    );
  });

  it('how often it was tried makes no other cause either', () => {
    const tried = (slot: number, times: string): AlarmView => alarm(slot, { text: alarm(slot).text.replace('3 times', times) });
    assert.equal(causesOf([tried(1, '3 times'), tried(2, 'once')], QUEUE).length, 1);
    const waits = ({ text, ...rest }: AlarmView): AlarmView => ({ ...rest, text: text.replace('no lot', 'wait 5 min') });
    const [both, ...others] = causesOf([tried(1, '3 times'), tried(2, 'once')].map(waits), QUEUE);
    assert.deepEqual(others, []);
    assert.match(both?.text ?? '', /"wait 5 min"$/);
  });

  it('the worst come first, then the oldest; an alarm of the line has no batches', () => {
    const hold = alarm(1, {
      code: 'on-hold',
      severity: 'warning',
      batch_no: null,
      mo_id: null,
      value: null,
      text: 'line on hold: cleaning',
    });
    const down = alarm(3, { code: 'plc-down', batch_no: null, mo_id: null, value: null, text: 'PLC_TIMEOUT: no answer' });
    assert.deepEqual(
      causesOf([hold, down, alarm(2)], QUEUE).map(({ code, batches }) => [code, batches.length]),
      [
        ['failed-batch', 1],
        ['plc-down', 0],
        ['on-hold', 0],
      ],
    );
  });
});
