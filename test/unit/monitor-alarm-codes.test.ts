import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES, meaningOf } from '../../src/errors';
import { changeAlarm, changeAlarmNow, changedInOdoo } from '../../src/line/odoo-check';
import { ALARM_ACTIONS, actionFor, failureOf, wordsFor } from '../../src/monitor/alarm-codes';
import { batchStatus } from '../../src/monitor/snapshot';
import type { OdooState } from '../../src/odoo/odoo';
import type { QueueRow } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';
import { checkout } from '../support/tarball';

const SHOWN: OdooState = { odoo_id: 7, mo_id: 'WH/MO/00001', state: 'confirmed', quantity: 1000 };

/** The alarms of the contract. */
const CODES = [
  'all-in-history',
  'bad-value',
  'both-bits',
  'database-down',
  'failed-batch',
  'failed-bit',
  'gate-blocked',
  'late-weight',
  'map-changed',
  'map-invalid',
  'map-version',
  'mo-cancelled-in-odoo',
  'mo-changed-in-odoo',
  'mo-done-in-odoo',
  'not-acknowledged',
  'not-pushed',
  'not-settled',
  'odoo-auth',
  'odoo-down',
  'odoo-key-expired',
  'odoo-version-changed',
  'on-hold',
  'plc-down',
  'plc-stopped',
  'recipe-mismatch',
  'slot-missing',
  'stale-slot',
  'stuck',
  'unknown-mo',
  'weight-differs',
  'wrong-id',
  'wrong-slot',
];

describe('what to press for an alarm', () => {
  it('is told for every alarm, and for no other', () => {
    assert.deepEqual(Object.keys(ALARM_ACTIONS).sort(), CODES);
    for (const code of CODES) assert.match(actionFor(code), /^[A-Z].{8,}\.$/, code);
  });

  it('goes with plain words for every alarm, in which no code stands', () => {
    for (const code of CODES) {
      const words = wordsFor(code);
      assert.match(words, /^[A-Za-z][\w ,:]{10,60}$/, code);
      for (const other of [...CODES.filter((one) => one.includes('-')), ...Object.keys(ERROR_CODES)])
        assert.ok(!words.includes(other), words);
    }
    assert.equal(new Set(CODES.map((code) => wordsFor(code))).size, CODES.length);
    assert.equal(wordsFor('constructor'), '');
  });

  it('of a failed batch depends on what it failed with, and names only buttons that there are', () => {
    const buttons = /press (\w+)/gi;
    for (const failure of ['ODOO_REFUSED', 'ODOO_GONE', 'ODOO_CANCELLED', 'ODOO_DIFFERS', 'recipe-mismatch']) {
      assert.notEqual(actionFor('failed-batch', failure), actionFor('failed-batch'));
    }
    const all = [...CODES.map((code) => actionFor(code)), ...sources().flatMap((text) => text.match(/'[^'\n]*press [^'\n]*'/g) ?? [])];
    for (const text of all) {
      for (const [, button = ''] of text.matchAll(buttons)) assert.match(button, /^(retry|park|cancel|release|finish|booked)$/, text);
    }
  });

  it('is either to be pressed or goes on by itself, never both', () => {
    for (const code of Object.keys(ERROR_CODES)) {
      assert.doesNotMatch(actionFor('failed-batch', code), /by itself|Nothing/, code);
      assert.doesNotMatch(actionFor('not-pushed', code), /press/i, code);
    }
  });

  it('of a batch whose cancellation Odoo refused is told as that, and offers retry only where the batch was made', () => {
    const cancellation = { notes: '', reason: null, actor: 'test', in_odoo: true, free_slot: false };
    const failed = { last_error: 'ODOO_REFUSED: there is a work order', status_manufacturing: 1 as const, cancellation };
    assert.equal(failureOf({ ...failed, cancellation: null }), 'ODOO_REFUSED');
    assert.match(actionFor('failed-batch', failureOf(failed)), /^The cancellation was refused.* cancel again; or press retry to complete/);
    assert.doesNotMatch(actionFor('failed-batch', failureOf({ ...failed, status_manufacturing: 0 })), /retry/);
  });

  it('for an MO that was cancelled in Odoo depends on where its batch is', () => {
    assert.match(actionFor('mo-cancelled-in-odoo', 'in-plc'), /^Stop the batch at the PLC, or let it end there; only then press cancel/);
    for (const where of ['queued', 'made']) assert.doesNotMatch(actionFor('mo-cancelled-in-odoo', where), /PLC/);
    // Nothing of it is dosed: there is nothing to be stopped first.
    assert.match(actionFor('mo-cancelled-in-odoo', 'waits-in-plc'), /^Press cancel, and take the recipe out .* nothing is dosed yet/);
  });

  it('for an MO that was changed in Odoo depends on it too', () => {
    assert.match(actionFor('mo-changed-in-odoo', 'in-plc'), /^Set the quantity back .* stop the batch at the PLC first, then press cancel/);
    assert.match(actionFor('mo-changed-in-odoo', 'made'), /^Set the quantity back .* retry\.$/);
    assert.match(actionFor('mo-changed-in-odoo', 'queued'), /^Set the quantity back in Odoo; or press cancel, and make a new MO/);
  });

  it('for an MO that Odoo does not show is to ask first: it may be hidden, and its batch as good as any', () => {
    const value = (row: Partial<QueueRow>, shown: OdooState | undefined): string | null => {
      const change = changedInOdoo(bareRow(row), shown);
      return change && changeAlarm(bareRow(row), change).value;
    };
    for (const row of [{ loaded_at: null }, {}, { status_operation: 1 as const }]) assert.equal(value(row, undefined), 'not-shown');
    assert.equal(value({ status_manufacturing: 1 }, undefined), 'not-shown-made');
    assert.doesNotMatch(actionFor('mo-cancelled-in-odoo', 'not-shown-made'), /PLC/);
    assert.equal(value({}, { ...SHOWN, state: 'cancel' }), 'waits-in-plc');
    assert.equal(value({ actual: { silo_a: 0 } }, { ...SHOWN, state: 'cancel' }), 'waits-in-plc');
    assert.equal(value({ actual: { silo_a: 12 } }, { ...SHOWN, state: 'cancel' }), 'in-plc');
    assert.match(actionFor('mo-cancelled-in-odoo', 'not-shown'), /^Ask the ERP administrator .* Press cancel only when it was deleted/);
    assert.match(actionFor('failed-batch', 'ODOO_GONE'), /^Ask .*Hidden: .* press retry/);
  });

  it('goes with the batch: what waited in the PLC when Odoo was asked may be half dosed now', () => {
    const waits = bareRow({});
    const change = changedInOdoo(waits, { ...SHOWN, state: 'cancel' });
    assert.ok(change);
    const alarm = changeAlarm(waits, change);
    const { text, value } = changeAlarmNow(alarm, bareRow({ actual: { silo_a: 701.9 } }));
    assert.equal(value, 'in-plc');
    assert.match(text, /: the MO was cancelled in Odoo while its batch is in the PLC$/);
    assert.deepEqual(changeAlarmNow(alarm, waits), alarm);
    const hidden = changedInOdoo(waits, undefined);
    assert.ok(hidden);
    assert.equal(changeAlarmNow(changeAlarm(waits, hidden), bareRow({ status_manufacturing: 1 })).value, 'not-shown-made');
  });

  it('is nothing for words that only the language knows', () => {
    for (const word of ['constructor', 'toString']) {
      assert.deepEqual([actionFor(word), actionFor(word, word), meaningOf(word)], ['', '', undefined]);
      assert.equal(actionFor('failed-batch', word), actionFor('failed-batch'));
    }
    const sentence = (last_error: string): unknown =>
      batchStatus(bareLine(), [bareRow({ state: 'failed', last_error })]).batches[0]?.trouble;
    assert.equal(sentence('constructor: x'), 'x');
    assert.equal(sentence('batch WH/MO/1: pushing'), 'batch WH/MO/1: pushing');
  });

  it('is asked for with codes that are in the table', () => {
    const raised = sources('line', 'monitor').flatMap((text) =>
      [...text.matchAll(/code: '([a-z]+(?:-[a-z]+)+)'/g)].map(([, code]) => code),
    );
    assert.ok(raised.length > 3);
    for (const code of raised) assert.ok(CODES.includes(code ?? ''), code);
  });
});

function sources(...folders: string[]): string[] {
  const of = folders.length > 0 ? folders : ['monitor'];
  return of.flatMap((folder) => {
    const where = path.join(checkout, 'src', folder);
    return readdirSync(where).map((file) => readFileSync(path.join(where, file), 'utf8'));
  });
}
