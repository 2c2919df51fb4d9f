import assert from 'node:assert/strict';
import { assess, type Assessment, type Seen } from '../../src/line/assess';
import type { Line, LineSettings } from '../../src/line/line';
import { rowAlarms } from '../../src/line/row-alarms';
import { actionFor } from '../../src/monitor/alarm-codes';
import type { Odoo } from '../../src/odoo/odoo';
import type { SlotReading } from '../../src/plc/slot';
import type { BatchMaterial, QueueRow } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';

const MO = 'WH/MO/00001';
const maize: BatchMaterial = {
  tag: 'silo_a',
  code: 'silo101',
  product: 'SILO-101',
  product_id: 101,
  move_ids: [1],
  move_planned: [600],
  move_uom: 'kg',
  digits: 2,
  uom: 'kg',
  manual: false,
  planned: 600,
};
const row = (given: Partial<QueueRow> = {}): QueueRow => bareRow({ materials: [maize], ...given });

const reading = (given: Partial<SlotReading> = {}): SlotReading => ({
  slot: 1,
  empty: false,
  mo_id: MO,
  finished: false,
  failed: false,
  running: true,
  acknowledged: false,
  actual_weight: 0,
  materials: { silo_a: 300, silo_b: 0 },
  bad: [],
  ...given,
});
const finished = (given: Partial<SlotReading> = {}): SlotReading =>
  reading({ finished: true, actual_weight: 600, materials: { silo_a: 600, silo_b: 0 }, ...given });
const garbled = { code: 'bad-value', field: 'silo_a', address: 6028, text: 'NaN', value: 'NaN' } as const;

function judge(seen: Partial<Seen>, line: Line = bareLine()): Assessment {
  return assess(line, {
    rows: [row()],
    readings: [],
    inHistory: new Set(),
    settled: new Set(),
    unsettled: new Map(),
    fromEarlierRun: ({ acknowledged }) => acknowledged === true,
    ...seen,
  });
}

const codes = ({ bad }: Assessment): string[] => bad.map(({ code }) => code);

describe('assessment of a read', () => {
  it('a slot that shows the batch starts it, and values of every PLC tag of the batch are kept', () => {
    const [update] = judge({ readings: [reading()] }).updates;
    assert.equal(update?.state, 'running');
    assert.deepEqual(update.actual, { silo_a: 300 });
  });

  it('keeps what an unplanned silo weighed', () => {
    const [update] = judge({ readings: [reading({ materials: { silo_a: 300, silo_b: 12 } })] }).updates;
    assert.deepEqual(update?.actual, { silo_a: 300, silo_b: 12 });
  });

  it('an unchanged slot changes nothing, also when the scale has more digits than the table', () => {
    const seen = row({ state: 'running', actual: { silo_a: 300 }, actual_weight: 300.457 });
    const { updates, unchanged } = judge({ rows: [seen], readings: [reading({ actual_weight: 300.45678 })] });
    assert.deepEqual([updates, unchanged], [[], 1]);
  });

  it('a settled finish stores everything at once and may be acknowledged', () => {
    const { updates, toAcknowledge } = judge({ readings: [finished()], settled: new Set([1]) });
    assert.deepEqual([updates[0]?.state, updates[0]?.status_manufacturing, updates[0]?.actual_weight], ['finished', 1, 600]);
    assert.deepEqual(
      toAcknowledge.map(({ slot }) => slot),
      [1],
    );
  });

  it('a finish that did not settle leaves the row and says why', () => {
    const assessment = judge({ readings: [finished()], unsettled: new Map([[1, 'its values still change']]) });
    assert.deepEqual([codes(assessment), assessment.updates, assessment.toAcknowledge], [['not-settled'], [], []]);
  });

  it('one bad value leaves the row as it is, whatever the others say', () => {
    const assessment = judge({ readings: [finished({ bad: [garbled] })], settled: new Set([1]) });
    assert.deepEqual([codes(assessment), assessment.updates, assessment.toAcknowledge], [['bad-value'], [], []]);
  });

  it('a slot whose name cannot be read is that of its row', () => {
    const assessment = judge({ readings: [reading({ mo_id: '', bad: [garbled] })] });
    assert.deepEqual(assessment.bad[0]?.mo_id, MO);
  });

  it('far from the recipe: failed with its values, or a warning only', () => {
    const readings = [finished({ materials: { silo_a: 400 }, actual_weight: 400 })];
    const [failed] = judge({ readings, settled: new Set([1]) }).updates;
    assert.deepEqual([failed?.state, failed?.status_manufacturing, failed?.actual], ['failed', 1, { silo_a: 400 }]);
    assert.equal(failed?.last_error, 'recipe-mismatch: silo_a planned 600, weighed 400');
    const [warned] = judge({ readings, settled: new Set([1]) }, bareLine({ onMismatch: 'warn' })).updates;
    assert.deepEqual([warned?.state, warned?.last_error], ['finished', null]);
  });

  describe('failed bit', () => {
    const odoo = { odoo: {} as Odoo };
    const onLine = (settings: Partial<LineSettings>, more: Partial<Line> = {}): Line => ({ ...bareLine(settings), ...more });

    it('alone is an alarm of the row', () => {
      const [update] = judge({ readings: [reading({ failed: true })] }).updates;
      assert.deepEqual([update?.state, update?.status_operation], ['running', 1]);
      const [alarm] = rowAlarms(bareLine(), [row({ status_operation: 1 })]);
      assert.equal(alarm?.code, 'failed-bit');
    });

    it('says where the PLC has gone on, as long as anything shows it: then there is nothing to let go on', () => {
      const failed = row({ state: 'running', status_operation: 1, actual: { silo_a: 40 } });
      const other = (given: Partial<QueueRow>): QueueRow => row({ id: 2, batch_no: 8, mo_id: 'WH/MO/00008', state: 'running', ...given });
      const told = (...others: QueueRow[]): string =>
        rowAlarms(bareLine(), [failed, ...others])[0]?.text.replace(/^.*batch failed/, '') ?? '-';
      const later = new Date(failed.updated_at.getTime() + 1000);
      assert.equal(told(), '');
      assert.equal(told(other({ actual: { silo_a: 0 } })), '', 'it waits its turn');
      assert.equal(told(other({ actual: { silo_a: 12 } })), ', and has gone on to slot 8');
      assert.equal(told(other({ actual: { silo_a: 12 }, status_operation: 1 })), '', 'failed too');
      assert.equal(told(other({ state: 'finished', status_manufacturing: 1, finished_at: later })), ', and has gone on to slot 8');
      assert.equal(told(other({ state: 'finished', status_manufacturing: 1, finished_at: failed.updated_at })), '', 'made before');
      const [alarm] = rowAlarms(bareLine(), [failed, other({ actual: { silo_a: 12 } })]);
      assert.equal(actionFor('failed-bit', alarm?.value), 'Good feed: finish it by hand. Bad feed: press cancel.');
      assert.match(actionFor('failed-bit'), /if it can go on, let it/);
      const [kept] = rowAlarms(bareLine(), [failed], alarm && [alarm]);
      assert.deepEqual([kept?.value, kept?.text], [alarm?.value, alarm?.text], 'the batch it has gone on to has left the queue');
      assert.deepEqual(rowAlarms(bareLine(), [row({ state: 'running' })], alarm && [alarm]), [], 'the PLC has come back to it');
    });

    it('cancels the batch where the line says so: in Odoo too, if the line has one', () => {
      const cancel = { onFailedBit: 'cancel' } as const;
      const [with_] = judge({ readings: [reading({ failed: true })] }, onLine(cancel, odoo)).updates;
      assert.deepEqual([with_?.state, with_?.cancellation?.in_odoo, with_?.cancellation?.actor], ['cancelling', true, 'plc']);
      const [without] = judge({ readings: [reading({ failed: true })] }, onLine(cancel)).updates;
      assert.equal(without?.cancellation?.in_odoo, false);
    });

    it('together with finished: finished wins when the weight is there [fault: plc-both-bits]', () => {
      const [update] = judge({ readings: [finished({ failed: true })], settled: new Set([1]) }, onLine({ onFailedBit: 'cancel' })).updates;
      assert.deepEqual([update?.state, update?.status_operation], ['finished', 1]);
      const [alarm] = rowAlarms(bareLine(), [
        row({ status_operation: 1, status_manufacturing: 1, actual: { silo_a: 600 }, actual_weight: 600 }),
      ]);
      assert.equal(alarm?.code, 'both-bits');
    });

    it('together with finished but without a weight the batch failed', () => {
      const readings = [finished({ failed: true, actual_weight: 0 })];
      const assessment = judge({ readings, unsettled: new Map([[1, 'no weight']]) });
      assert.deepEqual([assessment.updates[0]?.state, assessment.updates[0]?.status_operation, codes(assessment)], ['running', 1, []]);
    });
  });

  describe('a slot that shows another MO', () => {
    const stranger = 'WH/MO/00099';

    it('nobody knows it: unknown-mo, nothing stored, nothing acknowledged [fault: plc-unknown-order]', () => {
      const assessment = judge({ rows: [], readings: [finished({ mo_id: stranger })] });
      assert.deepEqual([codes(assessment), assessment.updates, assessment.toAcknowledge], [['unknown-mo'], [], []]);
    });

    it('it belongs to another slot: wrong-slot [fault: plc-wrong-slot]', () => {
      const rows = [row({ batch_no: 2 })];
      assert.deepEqual(codes(judge({ rows, readings: [reading()] })), ['wrong-slot']);
    });

    it('it is in the history and finished: acknowledged again, never stored', () => {
      const inHistory = new Set([stranger]);
      const again = judge({ rows: [], readings: [finished({ mo_id: stranger })], inHistory });
      assert.deepEqual([again.toAcknowledge.length, again.late.length, again.updates, again.bad], [1, 1, [], []]);
      const heard = judge({ rows: [], readings: [finished({ mo_id: stranger, acknowledged: true })], inHistory });
      assert.deepEqual([heard.toAcknowledge, heard.late, heard.bad], [[], [], []]);
    });

    it('it is in the history and runs: stale-slot', () => {
      assert.deepEqual(codes(judge({ rows: [], readings: [reading({ mo_id: stranger })], inHistory: new Set([stranger]) })), [
        'stale-slot',
      ]);
    });

    it('the earlier run of an MO that was queued again, in another slot: acknowledged', () => {
      const rows = [row({ batch_no: 2, run: 2, loaded_at: null })];
      const assessment = judge({ rows, readings: [finished()] });
      assert.deepEqual([assessment.toAcknowledge.length, assessment.bad, assessment.updates], [1, [], []]);
    });

    it('given up half dosed: its figures are late, but not of an MO that was queued again, and not before they stand still', () => {
      const half = reading({ failed: true, running: false, acknowledged: false });
      const others = { rows: [], readings: [half], inHistory: new Set([half.mo_id]) };
      const left = judge(others);
      assert.deepEqual([left.toAcknowledge.length, left.late, left.bad], [1, [half], []]);
      const again = judge({ ...others, rows: [row({ batch_no: 2, run: 2, loaded_at: null })] });
      assert.deepEqual([again.toAcknowledge.length, again.late], [1, []]);
      const moving = judge({ ...others, unsettled: new Map([[half.slot, 'its values still change']]) });
      assert.deepEqual([moving.toAcknowledge, moving.late, moving.bad.map(({ code }) => code)], [[], [], ['not-settled']]);
      const nothing = judge({ ...others, readings: [{ ...half, materials: {} }] });
      assert.deepEqual([nothing.toAcknowledge.length, nothing.late], [1, []]);
    });
  });

  describe('an MO that was queued again', () => {
    it('does not take the acknowledged result of its earlier run for news', () => {
      const assessment = judge({ rows: [row({ run: 2 })], readings: [finished({ acknowledged: true })], settled: new Set([1]) });
      assert.deepEqual(
        assessment.updates.map(({ state, missed_reads }) => [state, missed_reads]),
        [['queued', 1]],
      );
    });

    it('takes its new result', () => {
      const assessment = judge({ rows: [row({ run: 2 })], readings: [finished()], settled: new Set([1]) });
      assert.equal(assessment.updates[0]?.state, 'finished');
    });
  });

  describe('a loaded batch whose slot does not show it', () => {
    const empty = reading({ empty: true, mo_id: '', materials: {} });

    it('is missed, three times at most, and then an alarm', () => {
      assert.equal(judge({ readings: [empty] }).updates[0]?.missed_reads, 1);
      assert.deepEqual(judge({ rows: [row({ missed_reads: 3 })], readings: [empty] }).updates, []);
      assert.deepEqual(
        rowAlarms(bareLine(), [row({ missed_reads: 3 })]).map(({ code }) => code),
        ['slot-missing'],
      );
    });

    it('is not missed by a read that was no good, nor before it was loaded', () => {
      assert.deepEqual(judge({ readings: [reading({ mo_id: 'WH/MO/00099', bad: [garbled] })] }).updates, []);
      assert.deepEqual(judge({ rows: [row({ loaded_at: null })], readings: [empty] }).updates, []);
    });

    it('is found again', () => {
      assert.equal(judge({ rows: [row({ missed_reads: 2 })], readings: [reading()] }).updates[0]?.missed_reads, 0);
    });
  });

  it('a stored result that the PLC has not heard of is acknowledged again', () => {
    for (const state of ['finished', 'pushing', 'pushed', 'failed'] as const) {
      const stored = row({ state, status_manufacturing: 1, actual: { silo_a: 600 }, actual_weight: 600 });
      assert.equal(judge({ rows: [stored], readings: [finished()] }).toAcknowledge.length, 1, state);
      assert.equal(judge({ rows: [stored], readings: [finished({ acknowledged: true })] }).toAcknowledge.length, 0, state);
    }
  });

  it('a batch that is being cancelled is left alone', () => {
    const assessment = judge({ rows: [row({ state: 'cancelling' })], readings: [finished()], settled: new Set([1]) });
    assert.deepEqual([assessment.updates, assessment.toAcknowledge], [[], []]);
  });
});
