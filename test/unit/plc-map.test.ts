import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { lintMap } from '../../src/plc/lint';
import { checkMap as check, parseMap } from '../../src/plc/map';
import { english } from '../support/english';
import type { MapField, RegisterMap } from '../../src/plc/map';
import { compileMapping } from '../../src/plc/mapping';

const line = { slots: 10, materials: FEED_MILL_MATERIALS };

const checkMap = english(check);

/** The bundled map with a change, as the text of the dialog. */
function textWith(change: (map: RegisterMap, field: (name: string) => MapField) => void): string {
  const map = structuredClone(FEED_MILL_MAP);
  change(map, (name) => map.fields.find((field) => field.field === name || field.material === name) ?? assert.fail(name));
  return JSON.stringify(map);
}

function refused(json: string, expected: RegExp, shape = line): void {
  assert.throws(
    () => parseMap(json, shape),
    (error: unknown) => {
      assert.ok(error instanceof SmartMoError);
      assert.equal(error.code, 'MAP_INVALID');
      // Which row it is has a test of its own.
      assert.match(error.message.replaceAll(/ \(row \d+\)/g, ''), expected);
      return true;
    },
  );
}

const drop = (map: RegisterMap, name: string): void => {
  map.fields = map.fields.filter((field) => field.field !== name && field.material !== name);
};

describe('register map', () => {
  it('the bundled feed mill has no problem, and is what an empty text means', () => {
    assert.deepEqual(lintMap(FEED_MILL_MAP, line), []);
    assert.equal(parseMap('  ', line), FEED_MILL_MAP);
    assert.deepEqual(parseMap(JSON.stringify(FEED_MILL_MAP), line), FEED_MILL_MAP);
    assert.equal(FEED_MILL_MAP.fields.filter((field) => field.material).length, 15);
    assert.deepEqual(
      FEED_MILL_MAP.fields.find((field) => field.material === 'silo_m'),
      {
        ...{ material: 'silo_m', at: 64, type: 'uint32', order: 'ABCD', scale: 0.01, unit: 'kg', idAt: 63, id: 113 },
      },
    );
    assert.equal(FEED_MILL_MAP.fields.find((field) => field.material === 'lq_tetes')?.idAt, 66);
    assert.deepEqual(FEED_MILL_MATERIALS.at(-1), { tag: 'lq_fml', code: 'lq115', product: 'LQ115', manual: false, share: 0, max: 0 });
  });

  it('three notations of an address mean the same words', () => {
    const bases = { 'zero-based': [6000, 7000, 5990], 'one-based': [6001, 7001, 5991], '4xxxxx': [46001, 407001, 405991] } as const;
    const hashes = Object.entries(bases).map(([addressing, [read, write, heartbeat]]) => {
      const map = parseMap(
        textWith((text) => {
          text.addressing = addressing as RegisterMap['addressing'];
          text.read.base = read;
          if (text.write) text.write.base = write;
          text.lineFields = [{ field: 'heartbeat', at: heartbeat, type: 'uint16' }];
        }),
        line,
      );
      assert.deepEqual([map.addressing, map.read.base, map.write?.base, map.lineFields?.[0]?.at], ['zero-based', 6000, 7000, 5990]);
      return compileMapping({ map, ...line }).hash;
    });
    assert.equal(new Set(hashes).size, 1);
    const input = textWith((map) => {
      map.addressing = '4xxxxx';
      map.read = { function: 'input', base: 36001, stride: 100 };
      if (map.write) map.write.base = 47001;
      drop(map, 'status_read_data');
    });
    assert.equal(parseMap(input, line).read.base, 6000);
    refused(
      textWith((map) => (map.addressing = '4xxxxx')),
      /read base is 6000, which is not a 4xxxx/,
    );
    refused(
      textWith((map) => Object.assign(map, { addressing: 'one-based', read: { ...map.read, base: 0 } })),
      /read base is 0, which is not an address that counts from 1/,
    );
  });

  it('what is not the shape of a map is refused with the name of the field', () => {
    refused('{', /not JSON/);
    refused('[]', /the map is \[\]; it must be an object/);
    refused('{}', /the map has no "version"; fill it in/);
    refused(
      textWith((_, field) => Object.assign(field('silo_a'), { scle: 1 })),
      /silo_a at 6028 has the unknown key "scle"; perhaps "scale" is meant/,
    );
    refused(
      textWith((_, field) => Object.assign(field('silo_b'), { type: 'uint64' })),
      /silo_b at 6031 type is "uint64"; it must be one of bit, uint16/,
    );
    refused(
      textWith((_, field) => Object.assign(field('silo_b'), { scale: 0 })),
      /silo_b at 6031 scale is 0; it must be a number from 0.000000001 to 1000000000/,
    );
    refused(
      textWith((map) => Object.assign(map.fields[0] ?? {}, { field: 'batchno' })),
      /batchno at 6000 field is "batchno"; perhaps batch_no is meant/,
    );
    refused(
      textWith((map) => Object.assign(map, { writes: {} })),
      /the map has the unknown key "writes"/,
    );
    for (const [entry, sentence] of [
      [{ at: -1 }, 'at is -1; it must be a whole number from 0 to 999999'],
      [{ bit: 16 }, 'bit is 16; it must be a whole number from 0 to 15'],
      [{ words: 126 }, 'words is 126; it must be a whole number from 1 to 125'],
      [{ id: 70_000 }, 'id is 70000; it must be a whole number from 0 to 65535'],
      [{ unit: 3 }, 'unit is 3; it must be a text'],
      [{ byteSwap: 'yes' }, 'byteSwap is "yes"; it must be true or false'],
      [{ material: '' }, 'material is ""; it must be a text that is not empty'],
      [{ values: { x: 'idle' } }, 'values has the code "x"; a code is a whole number, such as "3"'],
      [{ values: { 1: 2 } }, 'values 1 is 2; it must be a text'],
    ] as const) {
      const { problems } = checkMap(
        textWith((_, field) => Object.assign(field('silo_a'), entry)),
        line,
      );
      assert.equal(problems.filter(({ text }) => text.endsWith(` ${sentence}`)).length, 1, problems.map(({ text }) => text).join('\n'));
    }
    for (const [more, sentence] of [
      [{ fields: [] }, /fields is \[\]; it must be a list with an entry or more/],
      [{ version: 2 }, /version is 2; it must be 1\./],
      [
        { lineFields: [{ field: 'heartbeat', at: 5990, type: 'uint16', heartbeatSeconds: 0 }] },
        /heartbeat at 5990 heartbeatSeconds is 0; it must be a number above 0/,
      ],
    ] as const) {
      refused(
        textWith((map) => Object.assign(map, more)),
        sentence,
      );
    }
    refused('{"__proto__": {"version": 1}}', /the map has no "version"; fill it in/);
  });

  it('a misspelt key of a name is told once, and the name is not said to be missing', () => {
    for (const [name, key, misspelt] of [
      ['mo_id', 'field', 'feild'],
      ['silo_a', 'material', 'materail'],
    ] as const) {
      const map = structuredClone(FEED_MILL_MAP) as unknown as { fields: Record<string, unknown>[] };
      const entry = map.fields.find((each) => each[key] === name) ?? assert.fail(name);
      Object.assign(entry, { [key]: undefined, [misspelt]: name });
      const told = checkMap(JSON.stringify(map), line).problems.map(({ text }) => text);
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0] ?? '', new RegExp(`has the unknown key "${misspelt}"; perhaps "${key}" is meant`));
    }
  });

  const lints: [string, RegExp, (map: RegisterMap, field: (name: string) => MapField) => void][] = [
    ['a missing field', /mo_id is missing/, (map) => drop(map, 'mo_id')],
    ['a missing status', /status_operation is missing; add a row for it, or one for status/, (map) => drop(map, 'status_operation')],
    [
      'two kinds of status',
      /status stands beside/,
      (map) => map.fields.push({ field: 'status', at: 77, type: 'uint16', values: { 3: 'finished' } }),
    ],
    ['status without values', /status at 6077 needs "values"/, (map) => map.fields.push({ field: 'status', at: 77, type: 'uint16' })],
    [
      'an unknown status name',
      /unknown status "done"/,
      (map) => map.fields.push({ field: 'status', at: 77, type: 'uint16', values: { 3: 'done' } }),
    ],
    ['a field twice', /silo_a is in the map twice/, (map, field) => map.fields.push({ ...field('silo_a'), at: 80, idAt: 82 })],
    [
      'field and material at once',
      /quantity at 6028 has both "field" and "material"; take the one out/,
      (_, field) => Object.assign(field('silo_a'), { field: 'quantity' }),
    ],
    ['an id without its place', /"idAt" and "id"/, (_, field) => delete field('silo_a').idAt],
    [
      'a text that is a number',
      /finished_goods at 6017 is a text/,
      (_, field) => Object.assign(field('finished_goods'), { type: 'uint16', words: 1 }),
    ],
    ['a text without length', /mo_id at 6001 needs "words"/, (_, field) => delete field('mo_id').words],
    ['a bit without its number', /"bit" \(0-15\)/, (_, field) => Object.assign(field('status_operation'), { type: 'bit' })],
    [
      'a scaled status',
      /status_operation at 6073 cannot have a scale/,
      (_, field) => Object.assign(field('status_operation'), { scale: 0.1 }),
    ],
    [
      'overlapping fields',
      /silo_b at 6030 takes words 30-31 of the slot and overlaps silo_b id|silo_b id at 6030 .*overlaps silo_b/,
      (_, field) => Object.assign(field('silo_b'), { at: 30 }),
    ],
    [
      'an overlap by one word',
      /silo_a at 6028 takes words 28-31 of the slot and overlaps silo_b id \(word 30\)/,
      (_, field) => Object.assign(field('silo_a'), { type: 'float64' }),
    ],
    ['a field past the stride', /status_read_data at 6076 ends at word 76, past the read stride of 76/, (map) => (map.read.stride = 76)],
    [
      'areas that collide',
      /read slot 10 at 6900 \(6900-6976\) runs into write slot 1/,
      (map) => Object.assign(map.write ?? {}, { base: 6950 }),
    ],
    ['slots past the last address', /past the last address 65535/, (map) => Object.assign(map.write ?? {}, { base: 65000 })],
    ['a line field inside a slot', /runs into heartbeat/, (map) => (map.lineFields = [{ field: 'heartbeat', at: 6105, type: 'uint16' }])],
    [
      'map_version without a version',
      /map_version at 5991 needs "expect"/,
      (map) => (map.lineFields = [{ field: 'map_version', at: 5991, type: 'uint16' }]),
    ],
    [
      'a flag in the middle of the recipe',
      /quantity to lq_fml at 6025 to 6070 \(rows 5 to 20\): each is part of the recipe, but stands behind/,
      (_, field) => (Object.assign(field('status_read_data'), { at: 24 }), Object.assign(field('finished_goods'), { words: 7 })),
    ],
    [
      'a flag with its bytes swapped',
      /status_read_data at 6076 cannot have the order BADC.*leave order out/,
      (_, field) => Object.assign(field('status_read_data'), { order: 'BADC' }),
    ],
    [
      'our heartbeat with its bytes swapped',
      /our_heartbeat at 5990 cannot have the order DCBA/,
      (map) => (map.lineFields = [{ field: 'our_heartbeat', at: 5990, type: 'uint16', order: 'DCBA' }]),
    ],
    [
      'a heartbeat that only blinks',
      /heartbeat at 5990 is a bit.*take a word that counts/,
      (map) => (map.lineFields = [{ field: 'heartbeat', at: 5990, type: 'bit', bit: 0 }]),
    ],
    [
      'a name too short for MOs',
      /mo_id at 6001 has words 2, a text too short for any MO name/,
      (_, field) => Object.assign(field('mo_id'), { words: 2 }),
    ],
    [
      'a flag that is a bit',
      /status_read_data at 6076 must be a whole word/,
      (_, field) => Object.assign(field('status_read_data'), { type: 'bit', bit: 0 }),
    ],
    ['a flag in input registers', /cannot be written in a read area of input registers/, (map) => (map.read.function = 'input')],
    [
      'a recipe too long for one request',
      /recipes of 130 words, but one request carries 123/,
      (map, field) => (
        Object.assign(field('status_read_data'), { at: 130 }),
        (map.read.stride = 200),
        Object.assign(map.write ?? {}, { base: 9000, stride: 200 })
      ),
    ],
  ];
  for (const [name, expected, change] of lints) it(`lint finds ${name}`, () => refused(textWith(change), expected));

  it('lint compares map and materials both ways', () => {
    const without = FEED_MILL_MATERIALS.filter((material) => material.tag !== 'silo_c');
    refused('', /silo_c at 6034 is in the map, but not a material/, { slots: 10, materials: without });
    const extra = { tag: 'silo_z', code: 'z', product: 'Z', manual: false, share: 0, max: 0 };
    refused('', /silo_z is a material of the line, but has no entry/, { slots: 10, materials: [...FEED_MILL_MATERIALS, extra] });
    assert.doesNotThrow(() => parseMap('', { slots: 10, materials: [...FEED_MILL_MATERIALS, { ...extra, manual: true }] }));
    refused('', /silo_a is weighed by hand, but has an entry/, {
      slots: 10,
      materials: FEED_MILL_MATERIALS.map((m) => (m.tag === 'silo_a' ? { ...m, manual: true } : m)),
    });
    refused('', /silo_a is twice in the materials/, { slots: 10, materials: [...FEED_MILL_MATERIALS, ...FEED_MILL_MATERIALS.slice(0, 1)] });
  });

  it('tells all mistakes at once, each with its row and its address', () => {
    const { problems, sound } = checkMap(
      textWith((map, field) => {
        Object.assign(field('silo_a'), { type: 'uint8' });
        Object.assign(field('silo_c'), { at: 32 });
        Object.assign(map, { colour: 'red' });
        map.lineFields = [{ field: 'heartbeat', at: 5990, type: 'ascii' }];
        drop(map, 'status_operation');
      }),
      line,
    );
    assert.deepEqual(
      problems.map(({ field, row, address }) => [field, row, address]),
      [
        ['the map', null, null],
        ['silo_a', 6, 6028],
        ['heartbeat', 1, 5990],
        ['heartbeat', 1, 5990],
        ['status_operation', null, null],
        ['silo_b', 7, 6031],
        ['silo_c', 8, 6032],
      ],
    );
    for (const { text } of problems) assert.match(text, /; \w+/, 'what to do');
    assert.equal(
      problems[5]?.text,
      'silo_b at 6031 (row 7) takes words 31-32 of the slot and overlaps silo_c (words 32-33); move one of them',
    );
    assert.equal(sound?.fields.length, 22, 'the rest can be used');
  });

  it('tells every mistake of an entry, and nothing that only follows from one of them', () => {
    const told = (change: Parameters<typeof textWith>[0]): string[] => checkMap(textWith(change), line).problems.map(({ text }) => text);
    // A wrong key keeps no other key from being judged.
    assert.deepEqual(
      told((_, field) => Object.assign(field('mo_id'), { at: 'x', words: 2 })),
      [
        'mo_id (row 2) at is "x"; it must be a whole number from 0 to 999999',
        'mo_id (row 2) has words 2, a text too short for any MO name; WH/MO/00123 takes 6',
      ],
    );
    assert.deepEqual(
      told((_, field) => Object.assign(field('silo_a'), { at: 'x', type: 'uint23', scale: 0, id: undefined })).map((text) =>
        text.slice(0, 30),
      ),
      [
        'silo_a (row 6) at is "x"; it m',
        'silo_a (row 6) type is "uint23',
        'silo_a (row 6) scale is 0; it ',
        'silo_a (row 6) "idAt" and "id"',
      ],
    );
    // Nor does a mistake of an area.
    assert.deepEqual(
      told((map, field) => {
        Object.assign(map.read, { base: 'D6000' });
        delete field('mo_id').words;
      }),
      [
        'read base is "D6000"; it must be a whole number from 0 to 999999',
        'mo_id (row 2) needs "words"; fill in the length of the text, two characters a word',
      ],
    );
    // What is there, but wrong, is neither missing nor without a material.
    assert.deepEqual(
      told((map, field) => {
        drop(map, 'status_operation');
        Object.assign(field('status_manufacturing'), { field: 'status', type: 'uint23', values: { 0: 'idle', 3: 'finished' } });
      }).map((text) => text.slice(0, 34)),
      ['status at 6072 (row 21) type is "u'],
    );
    assert.deepEqual(
      told((_, field) => {
        Object.assign(field('batch_no'), { field: 'batchno' });
        Object.assign(field('silo_b'), { field: 'silo_b', material: undefined });
        Object.assign(field('status_read_data'), { type: 'uint23' });
      }).map((text) => text.slice(0, 34)),
      ['batchno at 6000 (row 1) field is "', 'silo_b at 6031 (row 7) field is "s', 'status_read_data at 6076 (row 24) '],
    );
    // Two entries without a name are no double.
    assert.deepEqual(
      told((map) => map.fields.push({ at: 90, type: 'uint16' }, { at: 91, type: 'uint16' })),
      [25, 26].map((row) => `unnamed at ${6065 + row} (row ${row}) has neither "field" nor "material"; name what it is`),
    );
    // A misspelt name does not mean one that is there.
    assert.deepEqual(
      told((map) => map.fields.push({ ...map.fields[0], field: 'batchno' as 'batch_no', at: 90, type: 'uint16' })).map((text) =>
        text.slice(0, 34),
      ),
      ['batchno at 6090 (row 25) field is '],
    );
    // A double of which one is wrong is a double.
    assert.deepEqual(
      told((map, field) => map.fields.push({ ...field('batch_no'), at: 90, order: 'EFGH' as 'ABCD' })).map((text) => text.slice(0, 45)),
      ['batch_no at 6090 (row 25) order is "EFGH"; it', 'batch_no (row 25) is in the map twice; remove'],
    );
  });

  it('tells a word of the line without a name from a field without one', () => {
    const { problems } = checkMap(
      textWith((map) => Object.assign(map, { lineFields: [{ field: '', at: 5990, type: 'uint16' }] })),
      line,
    );
    assert.deepEqual(
      problems.map(({ list, row, text }) => [list, row, text.slice(0, 20)]),
      [['lineFields', 1, 'line word 1 at 5990 ']],
    );
  });

  it('names an entry that is no object, and never throws for one', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.array(fc.jsonValue()), (fields, lineFields) => {
        const text = JSON.stringify({ ...FEED_MILL_MAP, fields: [...FEED_MILL_MAP.fields, ...fields], lineFields });
        const { problems, sound } = checkMap(text, line);
        assert.deepEqual(sound?.fields, FEED_MILL_MAP.fields);
        fields.forEach((_, index) => {
          const place = FEED_MILL_MAP.fields.length + index + 1;
          assert.ok(
            problems.some(({ rows }) => rows.includes(place)),
            `row ${place}`,
          );
        });
      }),
    );
    refused(
      textWith((map) => Object.assign(map, { fields: [...map.fields, null] })),
      /^the register map cannot be used: entry 25 is null; it must be an object\./,
    );
  });

  it('says what it can of what is no map at all', () => {
    for (const text of [
      '',
      '{',
      'null',
      '[1]',
      '{"fields": 3}',
      '{"fields": [null, {"at": "x"}], "lineFields": 7}',
      '"${MAP}"',
      '{"version":1,"addressing":"one-based","read":{"function":"holding","base":0,"stride":1},"fields":[{}]}',
    ]) {
      const { problems, sound } = checkMap(text, line);
      assert.equal(problems.length === 0, text === '', text);
      assert.equal(sound === null, text !== '', text);
    }
  });

  it('names the first three problems and counts the rest', () => {
    const broken = textWith((map, field) => {
      Object.assign(field('silo_a'), { type: 'uint8' });
      Object.assign(field('silo_b'), { scale: 0 });
      Object.assign(field('silo_c'), { order: 'EFGH' });
      drop(map, 'mo_id');
      drop(map, 'actual_weight');
    });
    refused(broken, /^the register map cannot be used: silo_a .*; silo_b .*; silo_c .*; and 2 more\. Correct the map/);
  });

  it('tells one mistake of many entries in one sentence, with their range', () => {
    const [first, ...others] = checkMap(
      textWith((map) => map.fields.forEach((field) => field.material && Object.assign(field, { type: 'float' }))),
      line,
    ).problems;
    assert.deepEqual(others, []);
    assert.equal(first?.text, 'silo_a to lq_fml at 6028 to 6070 (rows 6 to 20): each type is "float"; perhaps float32 is meant');
    assert.deepEqual([first?.row, first?.rows.length], [6, 15]);
    const texts = (json: string, shape = line): string[] => checkMap(json, shape).problems.map(({ text }) => text);
    const apart = textWith((_, field) => ['silo_a', 'silo_c', 'silo_e', 'silo_g'].forEach((name) => delete field(name).idAt));
    assert.deepEqual(texts(apart), [
      'silo_a, silo_c, silo_e and 1 more at 6028 to 6046 (rows 6, 8, 10 and 1 more): each "idAt" and "id" belong together; give both or none',
    ]);
    const wide = textWith((map) => map.fields.forEach((field) => field.material && Object.assign(field, { type: 'float64' })));
    assert.deepEqual(texts(wide), [
      'silo_a to lq_fml at 6028 to 6070 (rows 6 to 20): each overlaps the entry behind it; give it a shorter type, or move one of the two',
    ]);
    const narrow = textWith((map) => (map.read.stride = 70));
    assert.deepEqual(texts(narrow), [
      'lq_fml to status_read_data at 6070 to 6076 (rows 20 to 24): each ends past the read stride of 70; raise it to 77',
    ]);
    const materials = ['x', 'y', 'z', 'w'].map((tag) => ({ tag, code: '', product: tag, manual: false, share: 0, max: 0 }));
    assert.deepEqual(texts('', { slots: 10, materials: [...FEED_MILL_MATERIALS, ...materials] }), [
      'x, y, z and 1 more: each is a material of the line, but has no entry in the map; add a row, or mark the material as weighed by hand',
    ]);
  });

  it('what is wrong with a material that is called "materials" is told as well', () => {
    const materials = [...FEED_MILL_MATERIALS, { tag: 'materials', code: '', product: 'x', manual: false, share: 0, max: 0 }];
    refused(JSON.stringify(FEED_MILL_MAP), /materials is a material of the line, but has no entry in the map/, { slots: 10, materials });
  });

  it('says what an empty map means to a line with materials of its own, also one that is fed by messages', () => {
    refused(
      '',
      /^the register map is empty, which means the bundled feed mill, and that cannot be used: silo_a to lq_fml .*Enter the map of this line in mo-line, also where its slots come in messages/,
      { slots: 10, materials: [] },
    );
  });

  const hints: [string, RegExp][] = [
    ['float', /perhaps float32 is meant$/],
    ['REAL', /perhaps float32 is meant$/],
    ['unit16', /perhaps uint16 is meant$/],
    ['Uint32', /perhaps uint32 is meant$/],
    ['string[16]', /a text of 16 characters is ascii with words 8$/],
    ['STRING(15)', /a text of 15 characters is ascii with words 8$/],
    ['flaot', /perhaps float32 is meant$/],
    ['REAL32', /perhaps float32 is meant$/],
    ['LREAL64', /perhaps float64 is meant$/],
    ['byte', /a byte that has a word to itself is uint16, .* let the PLC give each a word of its own$/],
    ['USINT', /a byte that has a word to itself is uint16, .* let the PLC give each a word of its own$/],
    ['uint8', /a byte that has a word to itself is uint16, .* let the PLC give each a word of its own$/],
    ['int8', /a byte that has a word to itself is int16, .* let the PLC give each a word of its own$/],
    ['SINT', /a byte that has a word to itself is int16, .* let the PLC give each a word of its own$/],
    ['LINT', /it must be one of bit, uint16, .*, ascii$/],
    ['uint64', /it must be one of bit, uint16, .*, ascii$/],
    ['constructor', /it must be one of bit, uint16, .*, ascii$/],
  ];
  for (const [type, expected] of hints) {
    it(`says what to write for the type ${type}`, () => {
      const [problem] = checkMap(
        textWith((_, field) => Object.assign(field('silo_a'), { type })),
        line,
      ).problems;
      assert.match(problem?.text ?? '', expected);
    });
  }

  it('bits of one word, areas in each other’s gaps and a read-only map are fine', () => {
    const map = textWith((text, field) => {
      Object.assign(field('status_manufacturing'), { at: 72, type: 'bit', bit: 0 });
      Object.assign(field('status_operation'), { at: 72, type: 'bit', bit: 1 });
      text.read = { function: 'holding', base: 6000, stride: 200 };
      text.write = { function: 'holding', base: 6100, stride: 200 };
    });
    assert.doesNotThrow(() => parseMap(map, line));
    refused(
      textWith(
        (_, field) => (
          Object.assign(field('status_manufacturing'), { type: 'bit', bit: 1 }),
          Object.assign(field('status_operation'), { at: 72, type: 'bit', bit: 1 })
        ),
      ),
      /overlaps/,
    );
    const readOnly = parseMap(
      textWith((text) => delete text.write),
      line,
    );
    const mapping = compileMapping({ map: readOnly, ...line });
    assert.throws(() => mapping.encodeRecipe({ batch_no: 1, mo_id: 'A', recipe: '', finished_goods: '', quantity: 1, materials: {} }), {
      code: 'MAP_INVALID',
    });
  });
});
