import assert from 'node:assert/strict';
import type { Line } from '../../src/line/line';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import type { Plc } from '../../src/plc/plc';
import type { MapField } from '../../src/plc/register-map';
import { type Plant, startPlant } from '../support/plant';

/** The bundled map with the status words in front of the name, where a request may end between them. */
const statusFirst = compileMapping({
  map: {
    ...FEED_MILL_MAP,
    fields: FEED_MILL_MAP.fields.map((field): MapField => {
      if (field.field === 'status_manufacturing') return { ...field, at: 0 };
      if (field.field === 'status_operation') return { ...field, at: 1 };
      return { ...field, at: field.at + 2, ...(field.idAt !== undefined && { idAt: field.idAt + 2 }) };
    }),
  },
  materials: FEED_MILL_MATERIALS,
  slots: 10,
});
const SLOT = 2;

describe('a slot that is read in two requests', function () {
  this.timeout(60_000);
  let plant: Plant;
  before(async function () {
    plant = await startPlant(this, { orders: 2 });
  });
  after(() => plant?.close());

  it('the failed bit of the batch before does not cancel the next one [fault: plc-torn-slot]', async () => {
    const words = new Array<number>(7000).fill(0);
    const show = (mo_id: string, failed: 0 | 1): void => {
      const recipe = { batch_no: SLOT, mo_id, recipe: '', finished_goods: '', quantity: 1000, materials: {} };
      const start = statusFirst.slotAddress('read', SLOT);
      statusFirst.encodeRecipe(recipe).body.words.forEach((word, at) => (words[start + at] = word));
      words[start + 1] = failed;
    };
    const sent: { from: number; words: number }[] = [];
    let onceRead: () => void = () => undefined;
    const plc: Plc = {
      // Slot 2 is cut behind its third word: its statuses are older than its name.
      planning: { mode: 'fewest', maxWords: 103, maxGap: 50 },
      read(_area, from, count) {
        sent.push({ from, words: count });
        const answer = words.slice(from, from + count);
        onceRead();
        return Promise.resolve(answer);
      },
      write: () => Promise.reject(new Error('nothing is written here')),
      state: () => ({ state: 'ok', since: null, error: null }),
      close: () => undefined,
    };
    const line: Line = { ...plant.line, plc, mapping: statusFirst, onFailedBit: 'cancel' };
    await plant.on(line).fetch();
    const [, mo_id = ''] = await plant.queued();

    show('WH/MO/BEFORE', 1);
    onceRead = () => {
      onceRead = () => undefined;
      show(mo_id, 0);
    };
    const { payload } = await plant.on(line).read();
    const row = (await plant.rows()).find(({ batch_no }) => batch_no === SLOT);
    assert.deepEqual([row?.mo_id, row?.state, row?.status_operation, row?.cancellation], [mo_id, 'running', 0, null]);
    assert.deepEqual(payload['bad'], []);
    const again = sent.length;
    assert.deepEqual(
      sent.at(-1),
      { from: statusFirst.slotAddress('read', SLOT), words: statusFirst.length },
      'the slot once more, in one request',
    );

    await plant.on(line).read();
    assert.equal(sent.length, again + again - 1, 'a slot that goes on costs no request more');
    // A bit that is really there counts.
    show(mo_id, 1);
    await plant.on(line).read();
    assert.equal((await plant.rows()).find(({ batch_no }) => batch_no === SLOT)?.state, 'cancelling');
  });
});
