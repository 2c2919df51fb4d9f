import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { systemClock } from '../../src/clock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc, type ModbusSettings } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { type FieldPreview, previewSlot as preview, type SlotPreview } from '../../src/probe/preview';
import type { Told } from '../../src/sentence';
import { englishLater } from '../support/english';
import { type Asked, createModbusDevice, frame } from '../support/misbehaving-plc';
import { modbusSettings } from '../support/modbus';
import { bareLine } from '../support/bare';

const previewSlot = englishLater(preview);

const BASE = 6000;
const mill = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });

describe('the preview of a slot on a device that refuses some words', () => {
  /** Addresses that are not there: a request with one of them gets exception 2. */
  let missing: (address: number) => boolean;
  let requests: Asked[];
  const words = new Map<number, number>();
  let device: Server;
  let plc: Plc | undefined;

  before(async () => {
    const recipe = { batch_no: 1, mo_id: 'WH/MO/00123', recipe: 'A', finished_goods: 'B', quantity: 1000, materials: { silo_b: 400 } };
    mill.encodeRecipe(recipe).body.words.forEach((word, at) => words.set(BASE + at, word));
    device = createModbusDevice((socket, asked) => {
      requests.push(asked);
      const wanted = Array.from({ length: asked.count }, (_, index) => asked.address + index);
      if (wanted.some((address) => missing(address)))
        return void socket.write(frame(asked.transaction, Buffer.from([0x80 | asked.code, 2])));
      const answer = Buffer.alloc(2 + 2 * asked.count);
      answer.writeUInt8(asked.code, 0);
      answer.writeUInt8(2 * asked.count, 1);
      wanted.forEach((address, index) => answer.writeUInt16BE(words.get(address) ?? 0, 2 + 2 * index));
      socket.write(frame(asked.transaction, answer));
    });
    device.listen(0, '127.0.0.1');
    await once(device, 'listening');
  });
  beforeEach(() => {
    requests = [];
    missing = () => false;
  });
  afterEach(() => plc?.close());
  after(() => device.close());

  function preview(changes: Partial<ModbusSettings> = {}, map = FEED_MILL_MAP): Promise<Told<SlotPreview>> {
    plc?.close();
    plc = createModbusPlc(modbusSettings((device.address() as AddressInfo).port, changes), { clock: systemClock });
    return previewSlot({ settings: bareLine(), map: JSON.stringify(map), plc: () => plc ?? null }, 1);
  }
  const of = ({ fields }: Told<SlotPreview>, name: string): Told<FieldPreview> =>
    fields.find(({ field }) => field === name) ?? assert.fail(name);

  it('asks once where the device refuses nothing', async () => {
    const shown = await preview();
    assert.deepEqual([shown.text, requests.length], ['slot 1 shows WH/MO/00123: all good', 1]);
  });

  it('a refused word empties its own field and no other', async () => {
    missing = (address) => address === BASE + 29;
    const shown = await preview();
    assert.deepEqual(
      shown.fields.filter(({ words: read }) => read === null).map(({ field, quality, value }) => [field, quality, value]),
      [['silo_a', 'bad', '']],
    );
    assert.match(of(shown, 'silo_a').reason ?? '', /refused the read of 2 words at 6028 with exception 2: illegal data address/);
    assert.deepEqual([of(shown, 'silo_b').value, of(shown, 'mo_id').value], ['400 kg', '"WH/MO/00123"']);
    assert.match(
      shown.text,
      /^slot 1 is shown as the PLC has it; it refuses some of the words, so nothing is judged; a run would end with PLC_EXCEPTION: .* refused the read of 77 words at 6000 with exception 2/,
    );
    assert.ok(requests.length <= 1 + 2 * 6, `${requests.length} requests`);
  });

  it('a refused word between the fields keeps none from being judged, and it is told that a run would fail', async () => {
    const gap = { ...FEED_MILL_MAP, fields: FEED_MILL_MAP.fields.filter(({ field }) => field !== 'recipe') };
    missing = (address) => address === BASE + 12;
    const shown = await preview({}, gap);
    assert.match(shown.text, /^slot 1 shows WH\/MO\/00123: all good; a run would end with PLC_EXCEPTION: .*77 words at 6000/);
    assert.equal(
      (await preview({ planning: 'fewest', maxGap: 7 }, gap)).text,
      'slot 1 shows WH/MO/00123: all good',
      'as a run with these settings',
    );
  });

  it('asks a device that refuses everything no more than so often', async () => {
    missing = () => true;
    const shown = await preview();
    assert.deepEqual([...new Set(shown.fields.map(({ quality }) => quality))], ['bad']);
    assert.ok(shown.fields.every(({ reason }) => /exception 2/.test(reason ?? '')));
    assert.ok(requests.length <= 41, `${requests.length} requests`);
  });
});
