import assert from 'node:assert/strict';
import { materialList } from '../../nodes/support/lists';

describe('materials of a line', () => {
  const list = (tag: string) => materialList([{ tag, product: 'SILO-101' }], [], 'mo-line "main"');

  it('a tag is no name that every object has [fault: sec-prototype-names]', () => {
    for (const tag of ['constructor', '__proto__', 'prototype', 'toString']) {
      assert.throws(() => list(tag), { name: 'CONFIG_INVALID', message: new RegExp(`material ${tag} of mo-line "main"`) }, tag);
    }
    assert.equal(list('silo_a')[0]?.tag, 'silo_a');
  });
});
