import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { columnOf, labelOf } from '../../nodes/support/labels';

const NODES = path.resolve(__dirname, '../../nodes');
/** Fields that no person fills in: half of a TypedInput, or the name, which the error names anyway. */
const WITHOUT_LABEL = /^name$|Type$/;

describe('the names of fields in errors', () => {
  for (const file of readdirSync(NODES).filter((name) => name.endsWith('.html'))) {
    const type = path.basename(file, '.html');
    it(`${type}: every property has the label of its dialog`, () => {
      const [, defaults = '', credentials = ''] =
        /defaults: \{(.*?)\n {6}\},(?:\s*credentials: \{(.*?)\n {6}\},)?/s.exec(readFileSync(path.join(NODES, file), 'utf8')) ?? [];
      const fields = [...`${defaults}\n${credentials}`.matchAll(/^ {8}(\w+): \{/gm)].map(([, field = '']) => field);
      assert.ok(fields.includes('name'), 'found the properties');
      for (const field of fields.filter((one) => !WITHOUT_LABEL.test(one)))
        assert.notEqual(labelOf(type, field), field, `${field} has no label`);
    });
  }

  it('a column of the list of materials, and a field without any name', () => {
    assert.equal(columnOf('mo-line', 'code'), 'equipment code');
    assert.equal(labelOf('mo-line', 'unheard'), 'unheard');
    assert.equal(labelOf('unheard', 'port'), 'port');
  });
});
