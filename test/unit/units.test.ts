import assert from 'node:assert/strict';
import fc from 'fast-check';
import { round, unitFactor } from '../../src/units';

describe('units', () => {
  it('convert within mass and within volume, and nowhere else', () => {
    assert.equal(unitFactor('t', 'kg'), 1000);
    assert.equal(unitFactor('g', 't'), 0.000001);
    assert.equal(unitFactor('L', 'mL'), 1000);
    assert.equal(unitFactor('kg', 'L'), null);
    assert.equal(unitFactor('Units', 'kg'), null);
    assert.equal(unitFactor('Bag', 'Bag'), 1);
  });

  it('are known in the spellings that people use', () => {
    for (const spelling of ['KG', ' kg ', 'Kgs']) assert.equal(unitFactor(spelling, 'kg'), 1, spelling);
    for (const spelling of ['l', 'Liter', 'LITRE']) assert.equal(unitFactor(spelling, 'L'), 1, spelling);
    assert.equal(unitFactor('Tonne', 'kg'), 1000);
  });

  it('a name that every JavaScript object has is no unit [fault: sec-prototype-names]', () => {
    for (const name of ['constructor', '__proto__', 'toString']) assert.equal(unitFactor(name, 'valueOf'), null, name);
  });
});

describe('round', () => {
  it('rounds half away from zero, without the noise of binary fractions', () => {
    assert.equal(round(1.005, 2), 1.01);
    assert.equal(round(-1.005, 2), -1.01);
    assert.equal(round(29.400000000000002, 2), 29.4);
    assert.equal(round(825.25, 0), 825);
    assert.ok(Object.is(round(-0.0001, 2), 0), 'minus zero is no quantity');
  });

  it('is never further away than half of the last digit, and rounds once', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.integer({ min: 0, max: 4 }), (value, digits) => {
        const rounded = round(value, digits);
        assert.ok(Math.abs(rounded - value) <= 0.5 * 10 ** -digits + 1e-6);
        assert.equal(round(rounded, digits), rounded);
      }),
    );
  });

  it('is what moving the decimal point of the printed number gives, also around a half', () => {
    const printed = (value: number, digits: number): number => Number(`${Math.round(Number(`${value}e${digits}`))}e-${digits}`);
    const around = fc.tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 7 }), fc.constantFrom(0, 1e-9, -1e-9, 1e-7));
    fc.assert(
      fc.property(around, fc.integer({ min: 0, max: 6 }), ([whole, places, noise], digits) => {
        const value = Math.max(whole / 10 ** places + noise, 1e-6);
        assert.equal(round(value, digits), printed(value, digits));
      }),
      { numRuns: 5000 },
    );
  });
});
