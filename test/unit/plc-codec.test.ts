import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeNumber, decodeText, encodeNumber, encodeText, NUMBER_TYPES, WORD_ORDERS, wordsOf } from '../../src/plc/codec';
import type { Coding, ValueType } from '../../src/plc/codec';

function coding(type: ValueType, changes: Partial<Coding> = {}): Coding {
  return { type, words: wordsOf(type, 8), order: 'ABCD', scale: 1, byteSwap: false, bit: 0, ...changes };
}

function valueOf(decoded: ReturnType<typeof decodeNumber>): number {
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason);
  return decoded.value;
}

const cents = { scale: 0.01 };

describe('codec', () => {
  describe('words of a real plant', () => {
    it('[1, 16989] as uint32 ABCD x 0.01 is 825.25', () => {
      assert.equal(valueOf(decodeNumber(coding('uint32', cents), [1, 16989])), 825.25);
    });
    it('[32768, 17422] is 570 as float32 CDAB and 21475010.7 as uint32 ABCD x 0.01', () => {
      assert.equal(valueOf(decodeNumber(coding('float32', { order: 'CDAB' }), [32768, 17422])), 570);
      assert.equal(valueOf(decodeNumber(coding('uint32', cents), [32768, 17422])), 21475010.7);
    });
    it('[110, 0] is 72089.6: an id in the high word is not read as 1.10', () => {
      assert.equal(valueOf(decodeNumber(coding('uint32', cents), [110, 0])), 72089.6);
    });
    it('38125 is 38125 as uint16 and negative as int16', () => {
      assert.equal(valueOf(decodeNumber(coding('uint16'), [38125])), 38125);
      assert.equal(valueOf(decodeNumber(coding('int16'), [38125])), -27411);
    });
    it('text bytes 0x5020 look like 205.12 to a weight: only ids and limits can tell', () => {
      assert.equal(valueOf(decodeNumber(coding('uint16', cents), [0x5020])), 205.12);
      assert.equal(valueOf(decodeNumber(coding('uint32', cents), [0x5020, 0x5020])), 13442949.44);
    });
  });

  it('scaling rounds: every two-decimal value survives, none loses a cent', () => {
    const asCents = coding('uint32', cents);
    for (let raw = 0; raw < 200_000; raw += 1) {
      const value = Number(`${Math.floor(raw / 100)}.${String(raw % 100).padStart(2, '0')}`);
      assert.deepEqual(encodeNumber(asCents, value), { ok: true, words: [raw >>> 16, raw & 0xffff] });
      assert.equal(valueOf(decodeNumber(asCents, [raw >>> 16, raw & 0xffff])), value);
    }
  });

  it('word orders', () => {
    const words = { ABCD: [0x1122, 0x3344], CDAB: [0x3344, 0x1122], BADC: [0x2211, 0x4433], DCBA: [0x4433, 0x2211] };
    for (const order of WORD_ORDERS) {
      assert.equal(valueOf(decodeNumber(coding('uint32', { order }), words[order])), 0x11223344);
      assert.deepEqual(encodeNumber(coding('uint32', { order }), 0x11223344), { ok: true, words: words[order] });
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(1234.5678);
    const double = [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at));
    assert.equal(valueOf(decodeNumber(coding('float64', { order: 'CDAB' }), [...double].reverse())), 1234.5678);
    assert.equal(valueOf(decodeNumber(coding('uint16', { order: 'BADC' }), [0x3412])), 0x1234);
  });

  const scales = fc.constantFrom(1, 0.1, 0.01, 0.001, 10, 100, 0.5, 0.25, 0.125, 0.2);
  const orders = fc.constantFrom(...WORD_ORDERS);
  const raws: Record<string, fc.Arbitrary<number>> = {
    bit: fc.integer({ min: 0, max: 1 }),
    uint16: fc.integer({ min: 0, max: 0xffff }),
    int16: fc.integer({ min: -0x8000, max: 0x7fff }),
    uint32: fc.integer({ min: 0, max: 0xffffffff }),
    int32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
    bcd16: fc.integer({ min: 0, max: 9999 }),
    bcd32: fc.integer({ min: 0, max: 99999999 }),
    float32: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    float64: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  };

  for (const type of NUMBER_TYPES) {
    it(`${type}: what is encoded decodes to the same, in every order${type.startsWith('float') ? '' : ' and scale'}`, () => {
      const raw = raws[type] ?? fc.constant(0);
      const isFloat = type.startsWith('float');
      fc.assert(
        fc.property(
          raw,
          orders,
          isFloat || type === 'bit' ? fc.constant(1) : scales,
          fc.integer({ min: 0, max: 15 }),
          fc.nat(3),
          (number, order, scale, bit, at) => {
            const spec = coding(type, { order, scale, bit });
            // The decimal that a person would write for that many steps.
            const value = isFloat ? number : Number((number * scale).toPrecision(15));
            const encoded = encodeNumber(spec, value);
            assert.ok(encoded.ok, `${value}`);
            assert.equal(encoded.words.length, spec.words);
            assert.ok(encoded.words.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffff));
            const decoded = valueOf(decodeNumber(spec, [...new Array<number>(at).fill(0xffff), ...encoded.words], at));
            if (type === 'float32') assert.equal(Math.fround(decoded), Math.fround(value));
            else assert.equal(decoded, value + 0);
          },
        ),
        { numRuns: 500 },
      );
    });
  }

  for (const [type, digits] of [
    ['float32', 6],
    ['float64', 13],
  ] as const) {
    it(`${type}: what is encoded decodes to the same ${digits} digits, in every order and scale`, () => {
      fc.assert(
        fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), orders, scales, (value, order, scale) => {
          const spec = coding(type, { order, scale });
          const encoded = encodeNumber(spec, value);
          assert.ok(encoded.ok);
          const decoded = valueOf(decodeNumber(spec, encoded.words));
          // Below what a float32 holds with all its digits a weight is nobody's.
          assert.ok(Math.abs(decoded - value) <= Math.max(Math.abs(value) * 10 ** -digits, 1e-30), `${value} became ${decoded}`);
        }),
        { numRuns: 1000 },
      );
    });
  }

  it('a value between two steps goes to the nearer one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(0.01, 0.1, 0.5, 1, 10), (value, scale) => {
        const encoded = encodeNumber(coding('uint32', { scale }), value);
        assert.ok(encoded.ok);
        assert.ok(Math.abs(valueOf(decodeNumber(coding('uint32', { scale }), encoded.words)) - value) <= scale / 2 + 1e-9);
      }),
    );
    assert.deepEqual(encodeNumber(coding('uint16', cents), 1.005), { ok: true, words: [101] });
  });

  it('refuses what does not fit, and says what would', () => {
    const refused: [Coding, number][] = [
      [coding('uint16'), 65536],
      [coding('uint16'), -1],
      [coding('uint16', cents), 655.36],
      [coding('int16'), 32768],
      [coding('uint32', cents), 42949672.96],
      [coding('bcd16'), 10000],
      [coding('bcd32'), -1],
      [coding('bit'), 2],
      [coding('float32'), 1e39],
      [coding('float64'), Infinity],
      [coding('uint32'), NaN],
    ];
    for (const [spec, value] of refused) assert.equal(encodeNumber(spec, value).ok, false, `${spec.type} ${value}`);
    const encoded = encodeNumber(coding('uint16', cents), 700);
    assert.match(encoded.ok ? '' : encoded.reason, /700 does not fit into uint16 x 0.01 \(0 to 655.35\)/);
  });

  it('NaN, infinity, broken BCD and missing words are bad', () => {
    for (const words of [
      [0x7fc0, 0],
      [0x7f80, 0],
      [0xff80, 0],
    ]) {
      assert.equal(decodeNumber(coding('float32'), words).ok, false);
    }
    assert.equal(decodeNumber(coding('float64'), [0x7ff8, 0, 0, 0]).ok, false);
    assert.equal(decodeNumber(coding('bcd16'), [0x12a4]).ok, false);
    assert.equal(decodeNumber(coding('uint32'), [1]).ok, false);
    assert.equal(decodeText(coding('ascii'), [1, 2]).ok, false);
  });

  it('a float32 reads as the decimal it was written as', () => {
    for (const value of [570.1, 0.1, 1234.56, 0, 99999.9]) {
      const encoded = encodeNumber(coding('float32'), value);
      assert.equal(valueOf(decodeNumber(coding('float32'), encoded.ok ? encoded.words : [])), value);
    }
  });

  it('texts: padding goes, everything else stays or is bad', () => {
    const printable = fc.string({ unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)), maxLength: 16 });
    fc.assert(
      fc.property(printable, fc.boolean(), (text, byteSwap) => {
        const spec = coding('ascii', { byteSwap });
        const encoded = encodeText(spec, text);
        assert.ok(encoded.ok);
        assert.deepEqual(decodeText(spec, encoded.words), { ok: true, value: text });
      }),
    );
    const spec = coding('ascii', { words: 3 });
    assert.deepEqual(decodeText(spec, [0x4142, 0x2020, 0]), { ok: true, value: 'AB' });
    assert.deepEqual(decodeText(spec, [0x2041, 0x2042, 0]), { ok: true, value: 'A B' });
    assert.deepEqual(decodeText(spec, [0, 0, 0]), { ok: true, value: '' });
    assert.deepEqual(decodeText(coding('ascii', { words: 1, byteSwap: true }), [0x4142]), { ok: true, value: 'BA' });
    for (const words of [
      [0x0041, 0, 0],
      [0x4100, 0x4200, 0],
      [0x41e9, 0, 0],
      [0x410a, 0, 0],
      [0x417f, 0, 0],
    ]) {
      assert.equal(decodeText(spec, words).ok, false, words.join());
    }
    assert.equal(encodeText(spec, 'SEVEN77').ok, false);
    assert.equal(encodeText(spec, 'é').ok, false);
    assert.equal(encodeText(spec, 'A\n').ok, false);
  });
});
