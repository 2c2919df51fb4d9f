import assert from 'node:assert/strict';
import { historyCsv } from '../../src/monitor/csv';
import { type ShownRecord, toShownRecord } from '../../src/monitor/shown-record';
import type { ToBook } from '../../src/queue/bookings';
import { bareLine, bareRow } from '../support/bare';

describe('batch records as a table for a spreadsheet', () => {
  const [material] = [
    { tag: 'silo_a', code: '', product: 'SOY', product_id: 1, move_ids: [1], move_planned: [10.5], move_uom: 'kg', digits: 2, uom: 'kg' },
  ];
  const record = (given: Partial<ShownRecord>, toBook: ToBook | null = null): ShownRecord => {
    const row = bareRow({
      materials: [{ ...material, manual: false, planned: 10.5 }],
      actual: { silo_a: 10.25 },
      actual_weight: 10.25,
      status_manufacturing: 1,
    });
    const archived_at = new Date('2026-03-01T18:30:00Z');
    const status = toBook === null ? 'completed' : 'cancelled';
    const history = { ...row, status, notes: null, actor: 'flow', requeued: false, archived_at, toBook } as const;
    return { ...toShownRecord(history, bareLine()), ...given };
  };
  const rows = (csv: string): string[] => csv.trimEnd().split('\r\n');

  it('begins with the mark by which Excel knows UTF-8, and has one row per material', () => {
    const csv = historyCsv([record({})], 'comma', 'Asia/Jakarta', true);
    assert.equal(csv.charCodeAt(0), 0xfeff);
    assert.deepEqual(rows(csv), [
      '\u{FEFF}archived,MO,run,slot,product,status,quantity,unit,finished weight,tag,material,material unit,planned,actual,source,notes,by',
      '2026-03-02 01:30:00,WH/MO/00001,1,1,Feed A,completed,1000,kg,10.25,silo_a,SOY,kg,10.5,10.25,plc,,flow',
    ]);
    assert.equal(rows(historyCsv([record({})], 'comma', 'UTC', false)).length, 1);
  });

  it('says of what is not in Odoo how far it got, as the page does', () => {
    for (const toBook of ['made', 'dosed'] as const) {
      const csv = historyCsv([record({}, toBook)], 'comma', 'UTC', false);
      assert.ok(csv.includes(`,Feed A,"cancelled: ${toBook}, NOT in Odoo",1000,`), csv);
    }
  });

  it('parts columns by semicolons where numbers have a decimal comma', () => {
    assert.match(historyCsv([record({})], 'semicolon', 'UTC', false), /;10,25;silo_a;SOY;kg;10,5;10,25;plc;;flow\r\n$/);
  });

  it('quotes what holds a separator, a quote or a line break', () => {
    const [row] = rows(historyCsv([record({ finished_goods: 'Feed "A", fine', notes: 'a;b' })], 'comma', 'UTC', false));
    assert.match(row ?? '', /,"Feed ""A"", fine",/);
    assert.match(row ?? '', /,"a;b",flow$/);
  });

  for (const text of ['=HYPERLINK("http://x")', '+1', '-2+3', '@SUM(A1)', '\t=1']) {
    it(`takes no formula from a text: ${JSON.stringify(text)}`, () => {
      assert.ok(historyCsv([record({ notes: text })], 'comma', 'UTC', false).includes(`'${text.replaceAll('"', '""')}`));
    });
  }
});
