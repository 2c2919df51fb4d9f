import assert from 'node:assert/strict';
import { renderFilter } from '../../src/line/filter';

describe('filter of the fetch node', () => {
  const filtered = (filter: string, payload: unknown): unknown[] => renderFilter(filter, { payload });

  it('is a domain with places of the message inside its strings', () => {
    assert.deepEqual(filtered(' ', {}), []);
    assert.deepEqual(filtered('["|", ["origin", "=", "{{payload.origin}}"], ["priority", "=", "1"]]', { origin: 'S00"12' }), [
      '|',
      ['origin', '=', 'S00"12'],
      ['priority', '=', '1'],
    ]);
    assert.deepEqual(filtered('[["name", "like", "WH/{{payload.a}}/{{payload.b}}"]]', { a: 1, b: true }), [['name', 'like', 'WH/1/true']]);
  });

  it('a string that is one place only becomes the number or boolean of the message', () => {
    const domain = '[["id", "in", [7, "{{ payload.id }}"]], ["is_locked", "=", "{{payload.flag}}"], ["x", "=", "{{{payload.id}}}"]]';
    assert.deepEqual(filtered(domain, { id: 12, flag: false }), [
      ['id', 'in', [7, 12]],
      ['is_locked', '=', false],
      ['x', '=', '12'],
    ]);
    assert.deepEqual(filtered('[["id", "=", "{{payload.id}}"]]', { id: '12' }), [['id', '=', '12']], 'a text stays a text');
    assert.deepEqual(filtered('[["id", "=", "{{payload.id}}"]]', {}), [['id', '=', '']]);
  });

  it('no value of a message changes the structure [fault: sec-filter-injection]', () => {
    for (const id of ['1]],[[2', '1"]],[["2', '{{payload.other}}', [1, 2], '\\', '\n', '"']) {
      const domain = filtered('[["id", "in", ["{{payload.id}}"]]]', { id, other: 'x' });
      assert.deepEqual(domain, [['id', 'in', [String(id)]]]);
    }
  });

  it('refuses what is no domain, or would only become one with a value in it', () => {
    for (const filter of ['{}', '"x"', '[["a"', '[["id", "in", [{{payload.id}}]]]', '[["a", "=", "{{#payload}}"]]']) {
      assert.throws(() => filtered(filter, { id: '1]],[[2' }), { code: 'CONFIG_INVALID' });
    }
    assert.throws(() => filtered('[["id", "=", {{payload.id}}]]', { id: 1 }), { message: /inside quotes/ });
  });
});
