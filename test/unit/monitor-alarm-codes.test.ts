import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ALARM_ACTIONS, actionFor } from '../../src/monitor/alarm-codes';
import { checkout } from '../support/tarball';

/** The alarms of the contract. */
const CODES = [
  'all-in-history',
  'bad-value',
  'both-bits',
  'database-down',
  'failed-batch',
  'failed-bit',
  'gate-blocked',
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

  it('of a failed batch depends on what it failed with, and names only buttons that there are', () => {
    const buttons = /press (\w+)/gi;
    for (const failure of ['ODOO_REFUSED', 'ODOO_GONE', 'ODOO_CANCELLED', 'ODOO_DIFFERS', 'recipe-mismatch']) {
      assert.notEqual(actionFor('failed-batch', failure), actionFor('failed-batch'));
    }
    const all = [...CODES.map((code) => actionFor(code)), ...sources().flatMap((text) => text.match(/'[^'\n]*press [^'\n]*'/g) ?? [])];
    for (const text of all) {
      for (const [, button = ''] of text.matchAll(buttons)) assert.match(button, /^(retry|park|cancel|release|finish)$/, text);
    }
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
