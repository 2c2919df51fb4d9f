import assert from 'node:assert/strict';
import { changedInOdoo, NOT_SHOWN } from '../../src/line/odoo-check';
import { actionFor, BY_VALUE, IN_PLC } from '../../src/monitor/alarm-codes';
import type { AlarmView } from '../../src/monitor/announce';
import { placesOf, type QueuedBatch, toQueued } from '../../src/monitor/queued-batch';
import { motionOf, MOVES, standsStill } from '../../src/monitor/still';
import type { BatchMaterial, QueueRow } from '../../src/queue/batch';
import type { TaskRecord } from '../../src/queue/tasks';
import { bareLine, bareRow } from '../support/bare';

const WEIGHED = { status_manufacturing: 1 as const, actual: {}, actual_weight: 1000 };
const CANCELLATION = { notes: '', reason: null, actor: 'test', in_odoo: true, free_slot: false };

function alarm(code: string, value: string | null, severity: AlarmView['severity'] = 'critical'): AlarmView {
  const action = actionFor(code, value);
  return { line: 'main', code, value, severity, state: 'raised', since: '', batch_no: 1, mo_id: 'WH/MO/00001', text: '', action };
}

function shown(row: Partial<QueueRow>, ...alarms: AlarmView[]): QueuedBatch {
  return toQueued(bareLine(), bareRow(row), alarms, MOVES);
}

describe('what is offered for a batch in trouble', () => {
  const failed = (last_error: string, row: Partial<QueueRow> = {}): string[] =>
    shown({ state: 'failed', last_error, ...WEIGHED, push_payload: {} as never, ...row }).can;

  it('is what the sentence advises, first, and nothing that cannot help', () => {
    assert.deepEqual(failed('ODOO_REFUSED: no lot'), ['retry', 'park', 'cancel']);
    assert.deepEqual(failed('ODOO_CANCELLED: by a person'), ['cancel']);
    assert.deepEqual(failed('ODOO_GONE: not shown'), ['retry', 'cancel']);
    assert.deepEqual(failed('ODOO_DIFFERS: done by a person'), ['park', 'retry']);
    assert.deepEqual(failed('recipe-mismatch: silo_a', { push_payload: null }), ['retry', 'finish', 'park', 'cancel']);
    assert.deepEqual(failed('ODOO_REFUSED: a work order', { cancellation: CANCELLATION }), ['cancel', 'retry', 'park']);
    const notMade = { cancellation: CANCELLATION, status_manufacturing: 0 as const, push_payload: null };
    assert.deepEqual(failed('ODOO_REFUSED: a work order', notMade), ['cancel', 'park', 'finish']);
    // Done in Odoo: pressing cancel once more would end in the same place.
    assert.deepEqual(failed('ODOO_DIFFERS: done in Odoo', notMade), ['park']);
  });

  it('is cancel alone where the MO is cancelled or gone in Odoo, and nothing where it is done there and will be compared', () => {
    for (const value of ['queued', 'waits-in-plc', 'in-plc', 'not-shown', 'not-shown-made']) {
      assert.deepEqual(shown({ state: 'running' }, alarm('mo-cancelled-in-odoo', value)).can, ['cancel'], value);
    }
    assert.deepEqual(shown({ state: 'running' }, alarm('mo-done-in-odoo', 'in-plc')).can, ['cancel']);
    assert.deepEqual(shown({ state: 'finished', ...WEIGHED }, alarm('mo-done-in-odoo', 'made')).can, []);
    assert.deepEqual(shown({ state: 'running' }).can, ['finish', 'cancel']);
  });

  const CANCEL_REFUSED_WITH: Readonly<Record<string, string>> = {
    'cancel-refused': 'ODOO_REFUSED',
    'cancel-refused-made': 'ODOO_REFUSED',
    'cancel-of-done': 'ODOO_DIFFERS',
  };

  /** A batch as it is when this alarm is told of it. */
  const hitBy = (code: string, value: string): Partial<QueueRow> => {
    if (code === 'not-pushed') {
      const isCancelled = value === 'MAP_CHANGED' || value === 'PLC_SLOT_RUNNING';
      return {
        last_error: `${value}: x`,
        ...(isCancelled ? { state: 'cancelling', cancellation: CANCELLATION } : { state: 'pushing', ...WEIGHED }),
      };
    }
    if (code === 'failed-bit') return { state: 'running', status_operation: 1 };
    if (code !== 'failed-batch') return value.endsWith('made') ? { state: 'finished', ...WEIGHED } : { state: 'running' };
    const cancellation = value.startsWith('cancel-') ? CANCELLATION : null;
    const made = value === 'cancel-refused' ? {} : WEIGHED;
    const push_payload = cancellation || value === 'recipe-mismatch' ? null : ({} as never);
    return { state: 'failed', last_error: `${CANCEL_REFUSED_WITH[value] ?? value}: x`, cancellation, push_payload, ...made };
  };

  /** The buttons that a sentence names, in its order; what it says of a later failure is left out. */
  const named = (sentence: string): string[] => {
    const now = sentence.replace(/: the batch fails.*|A batch that has failed.*/, '');
    return [...now.matchAll(/\b([Rr]etry|[Pp]ark|[Cc]ancel|finish|By hand)\b/g)].map(([word]) =>
      word === 'By hand' ? 'finish' : word.toLowerCase(),
    );
  };

  it('agrees with the sentence: each button that it names is offered, and the first that it names comes first', () => {
    const namesNone: string[] = [];
    const agrees = (code: string, value: string, row: Partial<QueueRow>): void => {
      const can: string[] = shown(row, alarm(code, value)).can;
      const buttons = named(actionFor(code, value));
      if (buttons.length === 0) namesNone.push(`${code} ${value}`);
      else assert.equal(can[0], buttons[0], `${code} ${value}`);
      for (const button of buttons) assert.ok(can.includes(button), `${code} ${value}: ${button} is not among ${can.join(', ')}`);
    };
    for (const [code, sentences] of Object.entries(BY_VALUE)) {
      if (code !== 'plc-down' && code !== 'gate-blocked')
        for (const value of Object.keys(sentences)) agrees(code, value, hitBy(code, value));
    }
    agrees('failed-batch', 'other', hitBy('failed-batch', 'other'));
    for (const code of ['mo-cancelled-in-odoo', 'mo-done-in-odoo', 'mo-changed-in-odoo', 'slot-missing'])
      agrees(code, '', { state: 'running' });
    agrees('failed-bit', '', { state: 'running', status_operation: 1 });
    assert.deepEqual(namesNone, [
      'not-pushed ODOO_REFUSED',
      'not-pushed ODOO_RIGHTS',
      'not-pushed ODOO_NOT_DONE',
      'not-pushed ODOO_OUTCOME_UNKNOWN',
      'not-pushed ODOO_GONE',
      'not-pushed PLC_SLOT_RUNNING',
      'mo-done-in-odoo made',
      'mo-changed-in-odoo made',
    ]);
  });
});

describe('the trouble of a batch', () => {
  const refused = {
    ...WEIGHED,
    last_error: 'ODOO_REFUSED: Odoo refused the quantities of WH/MO/00001: "no lot"',
    finished_at: new Date('2026-03-01T05:55:00Z'),
  };

  it('that Odoo refused: what was to be changed, what Odoo said, how often it was asked, and whether that goes on', () => {
    const said = 'Odoo refused the quantities of the MO: "no lot"';
    assert.equal(shown({ ...refused, state: 'failed', push_attempt: 3 }).trouble, `${said} (tried 3 times, given up)`);
    assert.equal(shown({ ...refused, state: 'pushing', push_attempt: 2 }).trouble, `${said} (tried once)`);
    assert.match(shown({ ...refused, state: 'failed' }).action ?? '', /^Call the ERP administrator.* only then press retry/);
    assert.equal(shown({ ...refused, state: 'failed', cancellation: CANCELLATION }).trouble, said);
  });

  it('whose MO Odoo does not show: the same words as in the alarm, and that it was looked for twice', () => {
    const gone = { ...WEIGHED, last_error: `ODOO_GONE: WH/MO/00001 ${NOT_SHOWN}`, push_attempt: 1 };
    assert.equal(shown({ ...gone, state: 'failed' }).trouble, `The MO ${NOT_SHOWN}; looked again: still not there.`);
    assert.equal(shown({ ...gone, state: 'pushing' }).trouble, `The MO ${NOT_SHOWN}.`, 'looked for once so far');
    const change = changedInOdoo(bareRow(WEIGHED), undefined);
    assert.equal(change?.text, `the MO ${NOT_SHOWN}`);
  });

  it('of any other kind is told in a few words', () => {
    assert.equal(
      shown({ ...WEIGHED, state: 'failed', last_error: 'ODOO_CANCELLED: WH/MO/00001 was cancelled' }).trouble,
      'The MO was cancelled in Odoo.',
    );
  });
});

describe('where a batch is counted', () => {
  it('in one place: a person, another try, the PLC or Odoo', () => {
    const batches = [
      shown({ state: 'failed', last_error: 'ODOO_REFUSED: no lot', ...WEIGHED }),
      shown({ state: 'finished', ...WEIGHED }, alarm('mo-cancelled-in-odoo', 'made')),
      shown({ state: 'running' }, alarm('stuck', null, 'warning')),
      shown({ state: 'pushing', last_error: 'ODOO_REFUSED: no lot', ...WEIGHED }),
      shown({ state: 'queued' }),
      shown({ state: 'cancelling' }),
      shown({ state: 'finished', ...WEIGHED }),
      // What goes on by itself needs nobody.
      shown({ state: 'finished', ...WEIGHED }, alarm('mo-done-in-odoo', 'made')),
      shown({ state: 'finished', ...WEIGHED }, alarm('weight-differs', null, 'warning')),
    ];
    assert.deepEqual(placesOf(batches), { needs_you: 3, tried_again: 1, in_work: 2, to_odoo: 3 });
  });
});

describe('the material on which a batch hangs', () => {
  const material = (tag: string, planned: number): BatchMaterial => ({
    tag,
    planned,
    code: tag.toUpperCase(),
    product: `product of ${tag}`,
    product_id: 1,
    move_ids: [],
    move_planned: [],
    move_uom: 'kg',
    digits: 3,
    uom: 'kg',
    manual: false,
  });
  const materials = [material('silo_c', 50), material('silo_a', 200), material('silo_b', 100)];
  const dosing = (actual: Record<string, number>): QueueRow => bareRow({ state: 'running', materials, actual });
  const read = { task: 'read', ok_at: new Date('2026-03-01T06:07:00Z') } as TaskRecord;
  const at = (row: QueueRow): string | undefined => motionOf(bareLine(), row, { rows: [row], tasks: [read] }, 30).hangs_on?.tag;

  it('is the first, in the order of the map, that is short of its plan', () => {
    assert.equal(at(dosing({ silo_a: 120, silo_b: 0, silo_c: 0 })), 'silo_a');
    assert.equal(at(dosing({ silo_a: 198.5, silo_b: 0, silo_c: 0 })), 'silo_b', 'no scale is exact');
    assert.equal(at(dosing({ silo_a: 185, silo_b: 12, silo_c: 0 })), 'silo_b', 'the PLC has gone on: silo_a is done');
    assert.equal(at(dosing({ silo_a: 100, silo_b: 12, silo_c: 0 })), 'silo_a', 'further off than the recipe allows');
    assert.equal(at(dosing({ silo_a: 200, silo_b: 100, silo_c: 50 })), undefined);
  });

  it('is told once a read has seen that nothing moves, with planned and weighed', () => {
    const row = dosing({ silo_a: 198.5, silo_b: 41.24, silo_c: 0 });
    assert.match(
      standsStill(bareLine(), { rows: [row], tasks: [read] }, 30) ?? '',
      /^slot 1 WH\/MO\/00001 has not changed for 7 min, at silo_b product of silo_b: 41\.2 of 100 kg$/,
    );
    const moved = { ...row, updated_at: new Date('2026-03-01T06:06:30Z') };
    for (const [one, tasks] of [
      [row, []],
      [moved, [read]],
    ] as const)
      assert.deepEqual(motionOf(bareLine(), one, { rows: [one], tasks: [...tasks] }, 30), MOVES);
    const failed = { ...row, status_operation: 1 as const, updated_at: new Date('2026-03-01T06:06:30Z') };
    assert.equal(motionOf(bareLine(), failed, { rows: [failed], tasks: [read] }, 30).stands_still, false);
    assert.equal(at(failed), 'silo_b', 'given up by the PLC: it will not move again');
    const full = { ...failed, actual: { silo_a: 200, silo_b: 100, silo_c: 50 } };
    const atTheEnd = { stands_still: false, hangs_on: null, all_weighed: true };
    assert.deepEqual(motionOf(bareLine(), full, { rows: [full], tasks: [read] }, 30), atTheEnd);
    const other = { ...full, materials: [...materials, material('silo_of_an_older_map', 80)] };
    const unknown = { ...atTheEnd, all_weighed: false };
    assert.deepEqual(motionOf(bareLine(), other, { rows: [other], tasks: [read] }, 30), unknown, 'nobody reads that silo any more');
  });

  it('puts the batch among those that need somebody, with where it stopped and what to do, known or not', () => {
    const told = (actual: Record<string, number>, alarms: AlarmView[] = []): unknown[] => {
      const row = dosing(actual);
      const { place, trouble, action } = toQueued(bareLine(), row, alarms, motionOf(bareLine(), row, { rows: [row], tasks: [read] }, 30));
      return [place, trouble, action];
    };
    const action = actionFor('stuck', IN_PLC);
    assert.match(action, /^Go to the PLC/);
    const at = 'It stands still at silo_a product of silo_a: 120 of 200 kg.';
    assert.deepEqual(told({ silo_a: 120, silo_b: 0, silo_c: 0 }), ['needs_you', at, action]);
    assert.deepEqual(told({ silo_a: 200, silo_b: 100, silo_c: 50 }), ['needs_you', 'It stands still with everything weighed.', action]);
    const cancelled = { ...alarm('mo-cancelled-in-odoo', 'in-plc'), mo_id: dosing({}).mo_id };
    assert.deepEqual(told({ silo_a: 120 }, [cancelled]).slice(1), [null, null], 'its alarm asks for something else first');
  });
});
