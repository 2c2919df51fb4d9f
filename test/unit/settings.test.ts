import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { isEmpty, numberIn, rangeText, settingsReader } from '../../src/settings';

const read = (fields: Record<string, unknown>) => settingsReader(fields, 'mo-plc "Mixer"');

function refused(code: string, ...words: string[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof SmartMoError, String(error));
    assert.equal(error.code, code);
    for (const word of ['mo-plc "Mixer"', ...words]) assert.ok(error.message.includes(word), `"${word}" is missing in: ${error.message}`);
    return true;
  };
}

describe('settings of a node', () => {
  const EMPTY = [undefined, null, '', '  ', '${PLC_PORT}', '$(PLC_PORT)'];

  it('takes the default for everything that counts as empty', () => {
    for (const value of EMPTY) {
      assert.equal(isEmpty(value), true, String(value));
      assert.equal(read({ port: value }).number('port', { fallback: 502, min: 1 }), 502);
      assert.equal(read({ host: value }).text('host', { fallback: 'localhost' }), 'localhost');
      assert.equal(read({ on: value }).flag('on', true), true);
      assert.equal(read({ mode: value }).choice('mode', ['live', 'observe'], 'live'), 'live');
      assert.equal(read({ password: value }).secret('password'), '');
    }
  });

  it('names field, node and variable when a required field is empty', () => {
    assert.throws(() => read({ host: '${PLC_HOST}' }).text('host'), refused('CONFIG_MISSING', 'host', 'PLC_HOST'));
    assert.throws(() => read({ host: '' }).text('host'), refused('CONFIG_MISSING', 'host'));
    assert.throws(() => read({}).number('port'), refused('CONFIG_MISSING', 'port'));
    assert.throws(
      () => read({ password: '${PLC_KEY}' }).secret('password', { required: true }),
      refused('CONFIG_MISSING', 'password', 'PLC_KEY'),
    );
  });

  it('names the variable that a value came from', () => {
    const from = settingsReader({ on: 'maybe', port: 'ten' }, 'mo-plc "Mixer"', { variables: { on: 'ENABLE' } });
    assert.throws(() => from.flag('on', true), refused('CONFIG_INVALID', '"maybe"', 'environment variable ENABLE'));
    assert.throws(() => from.number('port'), refused('CONFIG_INVALID', '"ten"', 'open the node'));
  });

  it('keeps what is not empty: 0, false, a text around a variable', () => {
    assert.equal(read({ share: 0 }).number('share', { fallback: 5 }), 0);
    assert.equal(read({ on: false }).flag('on', true), false);
    assert.equal(read({ url: 'http://${HOST}:8069' }).text('url'), 'http://${HOST}:8069');
  });

  for (const [value, range, expected] of [
    ['502', { min: 1, max: 65_535, whole: true }, 502],
    [' 2.5 ', { min: 0 }, 2.5],
    [125, { max: 125 }, 125],
    [0, { min: 1 }, undefined],
    ['126', { max: 125 }, undefined],
    [1.5, { whole: true }, undefined],
    ['ten', {}, undefined],
    ['Infinity', {}, undefined],
    [NaN, {}, undefined],
    [true, {}, undefined],
    [[5], {}, undefined],
  ] as const) {
    it(`reads ${JSON.stringify(value)} as ${expected ?? 'no'} ${rangeText(range)}`, () => {
      assert.equal(numberIn(value, range), expected);
      if (expected === undefined)
        assert.throws(() => read({ port: value }).number('port', range), refused('CONFIG_INVALID', 'port', rangeText(range)));
      else assert.equal(read({ port: value }).number('port', range), expected);
    });
  }

  it('knows the switch words in any case and refuses others', () => {
    for (const word of ['true', '1', 'Yes', 'ON', true, 1, ' on '])
      assert.equal(read({ enabled: word }).flag('enabled', false), true, String(word));
    for (const word of ['false', '0', 'No', 'OFF', false, 0])
      assert.equal(read({ enabled: word }).flag('enabled', true), false, String(word));
    for (const word of ['maybe', '2', 'enabled', 2]) {
      assert.throws(() => read({ enabled: word }).flag('enabled', true), refused('CONFIG_INVALID', 'enabled', String(word), 'yes'));
    }
  });

  it('refuses a value that is not in the list and names the list', () => {
    assert.throws(
      () => read({ mode: 'Live' }).choice('mode', ['live', 'observe'], 'live'),
      refused('CONFIG_INVALID', '"Live"', 'live, observe'),
    );
  });

  it('checks texts against their pattern', () => {
    const options = { pattern: /^[a-z]+$/, allowed: 'small letters' };
    assert.equal(read({ schema: ' plant ' }).text('schema', options), 'plant');
    assert.throws(() => read({ schema: 'Plant 1' }).text('schema', options), refused('CONFIG_INVALID', '"Plant 1"', 'small letters'));
    assert.throws(() => read({ schema: { a: 1 } }).text('schema', options), refused('CONFIG_INVALID', 'schema'));
  });

  it('never trims a secret', () => {
    assert.equal(read({ password: ' pass word ' }).secret('password'), ' pass word ');
  });
});
