import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NUMBER_TYPES, WORD_ORDERS } from '../../src/plc/codec';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { checkMap as check } from '../../src/plc/map';
import { formatJson, formatTable, readMapText as readText } from '../../src/plc/map-text';
import { LINE_FIELDS, SLOT_FIELDS } from '../../src/plc/register-map';
import { viewPaste as view } from '../../src/probe/map-view';
import { english } from '../support/english';

const checkMap = english(check);
const viewPaste = english(view);
const readMapText = english(readText);

const line = { slots: 10, materials: FEED_MILL_MATERIALS };
const texts = (pasted: Pick<ReturnType<typeof readMapText>, 'problems'>): string[] => pasted.problems.map(({ text }) => text);

/** The feed mill as the PLC programmer lists it: every field of these slots with its absolute address. */
function addressList(slots: readonly number[], shown: (address: number) => string, { write = true } = {}): string[] {
  const rows = ['Field\tSlot\tArea\tAddress\tType\tWords\tScale\tId\tComment'];
  for (const [area, base] of [['read', 6000] as const, ...(write ? [['write', 7000] as const] : [])]) {
    for (const slot of slots) {
      const start = base + (slot - 1) * 100;
      for (const { field, material, at, type, words = '', scale = '', idAt, id = '' } of FEED_MILL_MAP.fields) {
        if (idAt !== undefined) rows.push([`${material}_id`, slot, area, shown(start + idAt), 'uint16', '', '', id, ''].join('\t'));
        rows.push([field ?? material, slot, area, shown(start + at), type, words, scale, '', 'as built'].join('\t'));
      }
    }
  }
  return rows;
}

/** What comes out of the list of the feed mill; order ABCD and unit kg are what is meant where nothing is said. */
function plainFeedMill(): unknown {
  const fields = FEED_MILL_MAP.fields.map(({ order: _order, unit: _unit, ...field }) => field);
  return { ...FEED_MILL_MAP, fields };
}

describe('a pasted register map', () => {
  const value = {
    at: fc.nat(200),
    type: fc.constantFrom(...NUMBER_TYPES, 'ascii' as const),
    words: fc.option(fc.integer({ min: 1, max: 125 }), { nil: undefined }),
    order: fc.option(fc.constantFrom(...WORD_ORDERS), { nil: undefined }),
    scale: fc.option(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { nil: undefined }),
    byteSwap: fc.option(fc.boolean(), { nil: undefined }),
    bit: fc.option(fc.nat(15), { nil: undefined }),
    values: fc.option(fc.dictionary(fc.nat(99).map(String), fc.string()), { nil: undefined }),
  };
  const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
  const slotField = fc.oneof(
    fc.record({ field: fc.constantFrom(...SLOT_FIELDS), ...value }),
    fc.record({
      material: fc.string({ minLength: 1 }),
      ...value,
      unit: optional(fc.string({ minLength: 1 })),
      idAt: optional(fc.nat(200)),
      id: optional(fc.nat(65_535)),
    }),
  );
  const area = <F extends string>(...functions: F[]) =>
    fc.record({ function: fc.constantFrom(...functions), base: fc.nat(60_000), stride: fc.integer({ min: 1, max: 999 }) });
  const anyMap = fc
    .record({
      version: fc.constant(1),
      addressing: fc.constantFrom('zero-based', 'one-based', '4xxxxx'),
      read: area('holding', 'input'),
      write: optional(area('holding')),
      lineFields: optional(
        fc.array(
          fc.record({
            field: fc.constantFrom(...LINE_FIELDS),
            ...value,
            expect: optional(fc.integer()),
            heartbeatSeconds: optional(fc.double({ min: 0.1, max: 900, noNaN: true })),
          }),
          { minLength: 1 },
        ),
      ),
      fields: fc.array(slotField, { minLength: 1 }),
    })
    // Without the keys that are undefined, as JSON has it.
    .map((map) => JSON.parse(JSON.stringify(map)) as Record<string, unknown>);

  it('comes back from JSON, from a CSV file and from Excel as it was', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        for (const text of [formatJson(map), formatTable(map, ','), formatTable(map, ';'), formatTable(map, '\t')]) {
          const pasted = readMapText(text, null);
          assert.deepEqual(pasted.problems, []);
          assert.deepEqual(pasted.map, map);
        }
      }),
    );
  });

  it('may be the fields alone; the areas stay, and that is said', () => {
    const csv = [
      'Field;Material;AT;Type;Words;Scale;Values',
      'batch_no;;0;WORD;;;',
      'mo_id;;1;String;8;;',
      ';silo_a;9;UDINT;;0,01;',
      '"status";;11;uint16;;;"0 = idle; 3=finished"',
    ].join('\r\n');
    const pasted = readMapText(`\uFEFF${csv}\r\n\r\n`, FEED_MILL_MAP);
    assert.deepEqual(pasted.problems, []);
    assert.deepEqual(pasted.map?.['fields'], [
      { field: 'batch_no', at: 0, type: 'uint16' },
      { field: 'mo_id', at: 1, type: 'ascii', words: 8 },
      { material: 'silo_a', at: 9, type: 'uint32', scale: 0.01 },
      { field: 'status', at: 11, type: 'uint16', values: { 0: 'idle', 3: 'finished' } },
    ]);
    assert.deepEqual([pasted.map['read'], pasted.map['write']], [FEED_MILL_MAP.read, FEED_MILL_MAP.write]);
    assert.match(
      pasted.understood[1] ?? '',
      /stay as they are: read holding from 6000, 100 words from slot to slot; write holding from 7000/,
    );
  });

  it('tells three mistakes of a table with field, row and address', () => {
    const rows = formatTable(FEED_MILL_MAP, '\t').split('\n');
    const broken = rows.map((row) =>
      row.startsWith('\t\tsilo_a')
        ? row.replace('uint32', 'uint8')
        : row.startsWith('\tmo_id')
          ? row.replace('\t8', '\t')
          : row.startsWith('\tactual_weight')
            ? row.replace('74', '7x')
            : row,
    );
    const pasted = readMapText(broken.join('\n'), null);
    assert.deepEqual(texts(pasted), []);
    const { problems } = checkMap(JSON.stringify(pasted.map), line);
    assert.deepEqual(
      problems.map(({ text }) => text),
      [
        'silo_a at 6028 (row 6) type is "uint8"; a byte that has a word to itself is uint16, a single bit is bit; where two bytes share a word, let the PLC give each a word of its own',
        'actual_weight (row 23) at is "7x"; it must be a whole number from 0 to 999999',
        'mo_id at 6001 (row 2) needs "words"; fill in the length of the text, two characters a word',
      ],
    );
  });

  const notations: [string, (address: number) => string, string, number][] = [
    ['D6028', (address) => `D${address}`, 'zero-based', 6000],
    ['%MW6028', (address) => `%MW${address}`, 'zero-based', 6000],
    ['46029', (address) => String(40_001 + address), '4xxxxx', 406_001],
    ['406029', (address) => String(400_001 + address), '4xxxxx', 406_001],
    ['6028', String, 'zero-based', 6000],
  ];
  for (const [name, shown, addressing, base] of notations) {
    it(`may be a list of addresses such as ${name}: base and stride are worked out`, () => {
      const pasted = readMapText(addressList([1, 2, 3], shown).join('\r\n'), null);
      assert.deepEqual(texts(pasted), []);
      assert.deepEqual([pasted.map?.['addressing'], (pasted.map?.['read'] as { base: number }).base], [addressing, base]);
      const { problems, sound } = checkMap(JSON.stringify(pasted.map), line);
      assert.deepEqual(problems, []);
      assert.deepEqual(sound, plainFeedMill());
      const [unused, counting, read, write] = pasted.understood;
      assert.equal(unused, 'not used: column Comment');
      assert.match(counting ?? '', / is taken for .*counted from 0$/);
      assert.equal(read, 'read area: slot 1 begins at 6000 = 46001 = 406001, 100 words from slot to slot (117 addresses, slots 1, 2, 3)');
      assert.match(write ?? '', /^write area: slot 1 begins at 7000 = 47001 = 407001, 100 words/);
    });
  }

  it('counts each area of a list by itself: 3xxxx is read, 4xxxx is written', () => {
    const list = addressList([1, 2, 3], String).map((row) =>
      row.replace(
        /\t(read|write)\t(\d+)/,
        (_, area: string, at: string) => `\t${area}\t${Number(at) + (area === 'read' ? 30_001 : 40_001)}`,
      ),
    );
    const pasted = readMapText(list.filter((row) => !row.startsWith('status_read_data')).join('\n'), null);
    assert.deepEqual(texts(pasted), []);
    assert.deepEqual(
      [pasted.map?.['addressing'], pasted.map?.['read'], pasted.map?.['write']],
      ['4xxxxx', { function: 'input', base: 306_001, stride: 100 }, { function: 'holding', base: 407_001, stride: 100 }],
    );
    const { problems, sound } = checkMap(JSON.stringify(pasted.map), line);
    assert.deepEqual(problems, []);
    assert.deepEqual([sound?.read.base, sound?.write?.base], [6000, 7000]);
    assert.match(pasted.understood.join('; '), /36001 is taken for input register 6000.*47001 is taken for holding register 7000/);
  });

  it('takes plain words about 30000 for holding registers', () => {
    const { map, problems } = readMapText('name,type,slot 1,slot 2\nmo_id,ascii,29992,30092\nsilo_a,REAL,30000,30100', null);
    assert.deepEqual(problems, []);
    assert.deepEqual([map?.['addressing'], map?.['read']], ['zero-based', { function: 'holding', base: 29_992, stride: 100 }]);
  });

  it('refuses what could be read in two ways: kinds mixed in an area, areas counted differently, a write area of inputs', () => {
    const first = (rows: string[]): string => texts(readMapText(['name,slot,area,address', ...rows].join('\n'), null))[0] ?? '';
    const two = (area: string, from: number): string[] => [`mo_id,1,${area},${from}`, `mo_id,2,${area},${from + 100}`];
    assert.match(
      first([...two('read', 36_001), 'silo_a,1,read,46029']),
      /^read has input registers \(36001\) beside holding registers \(46029\)/,
    );
    assert.match(
      first([...two('read', 6000), ...two('write', 47_001)]),
      /^write is counted in another way \(47001\) than the read area \(6000\)/,
    );
    assert.match(first([...two('read', 36_001), ...two('write', 37_001)]), /^write has input registers \(37001\), which cannot be written/);
  });

  it('keeps the words of the whole line that it does not name, and says so', () => {
    const lineFields = [
      { field: 'heartbeat', at: 5990, type: 'uint16' },
      { field: 'our_heartbeat', at: 5991, type: 'uint16' },
    ];
    const present = { ...FEED_MILL_MAP, lineFields };
    const fields = readMapText('field,at,type\nbatch_no,0,uint16', present);
    assert.deepEqual(fields.map?.['lineFields'], lineFields);
    assert.match(fields.understood.join(), /those of the map stay: heartbeat, our_heartbeat/);
    const list = (shown: (address: number) => string): ReturnType<typeof readMapText> =>
      readMapText(addressList([1, 2, 3], shown, { write: false }).join('\n'), present);
    const holding = list((address) => String(40_001 + address));
    assert.deepEqual(
      checkMap(JSON.stringify(holding.map), line).sound?.lineFields?.map(({ at }) => at),
      [5990, 5991],
      'the same words in the numbering of the list',
    );
    const input = list((address) => String(30_001 + address));
    assert.deepEqual(input.map?.['lineFields'], [{ field: 'our_heartbeat', at: 405_992, type: 'uint16' }]);
    assert.match(input.understood.join(), /cannot stay in this area or numbering: heartbeat; add them again/);
  });

  it('counts the rows of a mistake as the spreadsheet does, whatever is made of the text', () => {
    const said = (text: string, present = ''): string[] => viewPaste(text, present, line).problems.map(({ text: one }) => one);
    const rows = formatTable(FEED_MILL_MAP, '\t').replace('silo_b\t31\tuint32', 'silo_b\t31\tuint23').split('\n');
    const place = rows.findIndex((row) => row.includes('silo_b')) + 1;
    const typo = (row: number): string[] => [
      `silo_b at 6031 (row ${row}) type is "uint23"; it must be one of bit, uint16, int16, uint32, int32, float32, float64, bcd16, bcd32, ascii`,
    ];
    assert.deepEqual(said(rows.join('\n')), typo(place));
    // An empty row above, one between, and a cell of two lines.
    const edited = ['', ...rows.slice(0, 3), '\t\t', ...rows.slice(3)].map((row) =>
      row.includes('mo_id') ? row.replace('ascii', '"asc\nii"') : row,
    );
    const [first, second] = said(edited.join('\r\n'));
    assert.match(first ?? '', /^mo_id at 6001 \(row 7\) type is/);
    assert.deepEqual([second], typo(place + 2));
    // An address list has many rows for a field: the first one is named.
    const list = addressList([1, 2], (address) => `D${address}`).map((row) => row.replace('uint32\t\t0.01', 'uint32\t\t0'));
    const weight = list.findIndex((row) => row.startsWith('actual_weight')) + 1;
    const scales = said(list.join('\n'));
    assert.match(scales[0] ?? '', new RegExp(`^quantity, .* \\(rows 6, .*: each scale is 0`));
    assert.ok(weight > 6);
    // Words of the line that were there before stand in no row of the text.
    const present = JSON.stringify({ ...FEED_MILL_MAP, lineFields: [{ field: 'heartbeat', at: 6000, type: 'bit', bit: 0 }] });
    assert.match(said('field,at,type\nbatch_no,0,uint16', present)[0] ?? '', /^heartbeat at 6000 is a bit/);
  });

  it('keeps a first column without a title', () => {
    const pasted = readMapText('\tfield\tat\ttype\n1\tbatch_no\t0\tuint16', FEED_MILL_MAP);
    assert.deepEqual([pasted.problems, pasted.map?.['fields']], [[], [{ field: 'batch_no', at: 0, type: 'uint16' }]]);
  });

  it('may have one column for each slot, or the slot in the name', () => {
    const wide = readMapText('name,type,slot 1,slot 4\nmo_id,ascii,D10,D70\nsilo a,REAL,D18,D78\nmode.,bit,D20.3,D80.3', null);
    const named = readMapText(
      'Symbol;Address;Type\nSlot 1 mo_id;D10;ascii\nslot_1.silo a;D18;REAL\nBATCH[2].mo_id;D30;\nS2_silo_a;D38;\nS1_mode.;D20.3;\nS2_mode.;D40.3;',
      null,
    );
    for (const { map, problems } of [wide, named]) {
      assert.deepEqual(problems, []);
      assert.deepEqual(map?.['read'], { function: 'holding', base: 10, stride: 20 });
      assert.deepEqual(map['fields'], [
        { field: 'mo_id', at: 0, type: 'ascii' },
        { material: 'silo_a', at: 8, type: 'float32' },
        { material: 'mode.', at: 10, type: 'bit', bit: 3 },
      ]);
      assert.equal('write' in map, false);
    }
    assert.match(wide.understood.join(), /no write area in the list, so no recipe can be written/);
  });

  it('names every address of a list that does not fit, and the one that would', () => {
    const list = addressList([1, 2, 3], (address) => `D${address}`);
    const change = (row: number, from: string, to: string): void => void (list[row - 1] = (list[row - 1] ?? '').replace(from, to));
    const rowOf = (name: string, slot: number, area: string): number =>
      list.findIndex((text) => text.startsWith(`${name}\t${slot}\t${area}`)) + 1;
    const [moved, typed, write] = [rowOf('silo_c', 2, 'read'), rowOf('silo_d', 3, 'read'), rowOf('silo_e', 1, 'write')];
    change(moved, 'D6134', 'D6135');
    change(typed, 'D6237', 'D62x7');
    change(write, 'D7040', 'D7041');
    assert.deepEqual(texts(readMapText(list.join('\n'), null)), [
      `silo_d (row ${typed}) in slot 3 has the address "D62x7"; write one address in the way of the others, such as D6000`,
      `silo_c at 6135 (row ${moved}) in slot 2 is D6135; with 100 words from slot to slot it must be D6134: correct one of the two`,
      `silo_e at 7041 (row ${write}) in slot 1 is D7041; with 100 words from slot to slot it must be D7040: correct one of the two`,
    ]);
  });

  it('tells both mistakes of a row, the address and the type, and does not call the field missing', () => {
    const said = (text: string): string[] => viewPaste(text, '', line).problems.map(({ text: one }) => one);
    const list = addressList([1, 2], (address) => `D${address}`);
    const rows = list.flatMap((row, index) => (/^silo_a\t/.test(row) ? [index] : []));
    for (const index of rows)
      list[index] = (list[index] ?? '').replace(/\tD6/, '\tDx6').replace(/\tD7/, '\tDx7').replace('uint32', 'uint23');
    const found = said(list.join('\n'));
    assert.equal(found.filter((text) => /^silo_a \(row \d+\) in slot \d has the address "Dx/.test(text)).length, rows.length);
    assert.equal(found.filter((text) => /^silo_a \(row \d+\) type is "uint23"/.test(text)).length, 1);
    assert.equal(found.length, rows.length + 1, found.join('\n'));
    // A list that does not tell the distance of the slots is checked as far as it can be.
    const short = said('name,slot 1,type\nsilo_a,Dxx,uint23\nsilo_b,D31,ascii\nsilo_c,,uint16\nrest,Dyy,bit');
    for (const expected of [
      /^silo_a \(row 2\) in slot 1 has the address "Dxx"; write one address in the way of the others, such as D31$/,
      /^silo_a \(row 2\) type is "uint23"/,
      /^silo_b \(row 3\) is a number, so its type cannot be ascii/,
      /^silo_c \(row 4\) in slot 1 has the address ""/,
      /^read shows no field in two slots/,
    ])
      assert.equal(short.filter((text) => expected.test(text)).length, 1, `${String(expected)}\n${short.join('\n')}`);
    assert.ok(!short.some((text) => /has no "(at|base|stride)"|^silo_[abc]\b.*has no entry|belong together/.test(text)), short.join('\n'));
  });

  it('names what overlaps in a list of one slot, though the distance of the slots is not known', () => {
    const list = 'name,slot,address,type\nsilo_a,3,D6028,uint32\nsilo_b,3,D6029,uint32\nsilo_c,3,D6032,uint16';
    const found = viewPaste(list, '', line).problems.map(({ text }) => text);
    assert.match(found[0] ?? '', /^read shows no field in two slots/);
    assert.deepEqual(
      found.filter((text) => text.includes('overlap')),
      ['silo_a (row 2) takes words 0-1 of the slot and overlaps silo_b (words 1-2); move one of them'],
    );
    assert.ok(!found.some((text) => /silo_c|stride/.test(text)), found.join('\n'));
  });

  it('does not say that there is no write area when it cannot tell the distance of its slots', () => {
    const list = addressList([1, 2], (address) => `D${address}`).filter((row) => !/\t2\twrite\t/.test(row));
    const { understood, problems } = readMapText(list.join('\n'), null);
    assert.match(texts({ problems })[0] ?? '', /^write shows no field in two slots/);
    assert.doesNotMatch(understood.join(), /no write area/);
  });

  it('names rows of a list that say different things about one field', () => {
    const { problems, map } = readMapText(
      'name,slot,address,type\nsilo_a,1,10,uint32\nsilo_a,2,30,real\nsilo_b,1,12,\nsilo_b,2,32,real',
      null,
    );
    assert.deepEqual(
      problems.map(({ text }) => text),
      ['silo_a (row 3) has type float32 here and uint32 in a row above; make them the same'],
    );
    assert.deepEqual(map?.['fields'], [
      { material: 'silo_a', at: 0, type: 'uint32' },
      { material: 'silo_b', at: 2, type: 'float32' },
    ]);
  });

  it('names the entries of pasted JSON by list and index', () => {
    const map = structuredClone(FEED_MILL_MAP) as unknown as { fields: Record<string, unknown>[]; lineFields?: unknown[] };
    Object.assign(map.fields[5] ?? {}, { type: 'uint23' });
    for (const field of map.fields.slice(8, 12)) field['scale'] = 0;
    map.fields.push(3 as unknown as Record<string, unknown>);
    map.lineFields = [{ field: 'heartbeat', at: 'q', type: 'uint16' }];
    assert.deepEqual(
      viewPaste(JSON.stringify(map), '', line).problems.map(({ text }) => text.replace(/;.*/, '')),
      [
        'heartbeat (lineFields[0]) at is "q"',
        'silo_a at 6028 (fields[5]) type is "uint23"',
        'silo_d to silo_g at 6037 to 6046 (fields[8] to fields[11]): each scale is 0',
        'fields[24] is 3',
      ],
    );
  });

  it('says what is missing instead of guessing', () => {
    const first = (text: string): string => texts(readMapText(text, null))[0] ?? '';
    assert.match(first(addressList([1], String).join('\n')), /^read shows no field in two slots.*list at least slot 1 and slot 2$/);
    assert.match(first('address,slot\n1,1'), /has no column that names the field/);
    assert.match(first('name,address\nmo_id,D1'), /^mo_id \(row 2\) has no slot/);
    assert.match(first('hello\nworld'), /the first row must name the columns/);
    assert.match(first(''), /the first row must name the columns/);
    assert.match(first('{"version": 1,'), /^the pasted text is not JSON: .*paste it again$/);
    assert.match(first('field,at,colour\nmo_id,1,red'), /unknown column "colour"/);
    const untyped = readMapText('name,slot 1,slot 2\nmo_id,1,21\nsilo_a,9,29', null);
    assert.match(
      checkMap(JSON.stringify(untyped.map), line)
        .problems.map(({ text }) => text)
        .join('; '),
      /silo_a at 9 \(row 2\) has no "type"; fill it in/,
    );
  });

  it('never throws, whatever is pasted', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.array(fc.constantFrom('field', 'slot', 'at', 'address', 'D1', '"', '46001', 'silo_a', '1')))
            .map((rows) => rows.map((cells) => cells.join(',')).join('\n')),
        ),
        (text) => {
          const { map, problems } = readMapText(text, FEED_MILL_MAP);
          assert.ok(map !== null || problems.length > 0);
          if (map) checkMap(JSON.stringify(map), line);
        },
      ),
    );
  });
});
