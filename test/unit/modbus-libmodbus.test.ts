import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { acknowledge, clearSlot, loadRecipe } from '../../src/plc/handshake';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc, type ModbusSettings } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { readSlots } from '../../src/plc/read-slots';
import { type ForeignDevice, startForeignDevice, startForeignSerialDevice } from '../support/libmodbus';
import { modbusSettings } from '../support/modbus';

const mapping = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });
const FLAG = mapping.flagAt ?? 0;
const recipe = (batch_no: number): Parameters<typeof loadRecipe>[2] => ({
  batch_no,
  mo_id: `WH/MO/${String(batch_no).padStart(5, '0')}`,
  recipe: 'Feed A',
  finished_goods: 'Feed A, 25 kg',
  quantity: 1000,
  materials: { silo_a: 599.99, silo_m: 400.01 },
});

const devices: [string, (context: Mocha.Context) => Promise<ForeignDevice>, (device: ForeignDevice) => ModbusSettings][] = [
  ['over TCP', startForeignDevice, ({ port }) => modbusSettings(port)],
  ['on a serial line', startForeignSerialDevice, ({ device }) => modbusSettings(502, { transport: 'serial', host: '', device })],
];

for (const [how, start, settingsOf] of devices) {
  describe(`Modbus against libmodbus ${how}`, function () {
    this.timeout(60_000);
    let device: ForeignDevice | undefined;
    let plc: Plc;
    /** The program of the PLC, as this test plays it. */
    let program: Plc;

    before(async function () {
      device = await start(this);
      const settings = settingsOf(device);
      plc = createModbusPlc(settings, { clock: systemClock });
      // A serial line has one master.
      program = settings.transport === 'serial' ? plc : createModbusPlc(settings, { clock: systemClock });
    });
    after(async () => {
      plc?.close();
      program?.close();
      await device?.stop();
    });

    /** The PLC takes a recipe: it shows in the read area, the write slot is free. */
    async function take(slot: number): Promise<void> {
      const words = await program.read('holding', mapping.slotAddress('write', slot), FLAG);
      await program.write(mapping.slotAddress('read', slot), [...words, 0]);
      await program.write(mapping.slotAddress('write', slot) + FLAG, [1]);
    }

    it('reads and writes: the longest requests, the last addresses, both kinds of registers', async () => {
      const longest = Array.from({ length: 123 }, (_, index) => (index * 533) & 0xffff);
      await plc.write(65_413, longest);
      assert.deepEqual(await plc.read('holding', 65_411, 125), [0, 0, ...longest]);
      assert.deepEqual(await plc.read('input', 9998, 2), [9998, 9999]);
      assert.equal(plc.state().state, 'ok');
    });

    it('an address that the device has not is its exception, and the connection stays', async () => {
      for (let at = 0; at < 40; at += 1) {
        await assert.rejects(plc.read('input', 9999, 2), { code: 'PLC_EXCEPTION', value: 2 });
        assert.deepEqual(await plc.read('input', at * 31, 3), [at * 31, at * 31 + 1, at * 31 + 2]);
      }
    });

    it('loads ten recipes, reads them back from ten slots and acknowledges them', async () => {
      const slots = Array.from({ length: 10 }, (_, index) => index + 1);
      for (const slot of slots) {
        assert.equal(await loadRecipe(plc, mapping, recipe(slot)), 'loaded');
        assert.equal(await loadRecipe(plc, mapping, recipe(slot)), 'already');
        await take(slot);
        assert.equal(await loadRecipe(plc, mapping, recipe(slot)), 'already');
      }
      const { readings, requests } = await readSlots(plc, mapping, { orderQuantity: () => 1000 });
      assert.equal(requests, 10);
      for (const { slot, mo_id, materials, bad, finished } of readings) {
        assert.deepEqual([mo_id, materials.silo_a, materials.silo_m, bad, finished], [recipe(slot).mo_id, 599.99, 400.01, [], false]);
      }
      for (const slot of slots) await program.write(mapping.slotAddress('read', slot) + 72, [1, 0, 1, 0x86a0, 0]);
      for (const slot of slots) assert.equal(await acknowledge(plc, mapping, { slot, mo_id: recipe(slot).mo_id }), true);
      const after = await readSlots(plc, mapping, { orderQuantity: () => 1000 });
      assert.ok(after.readings.every(({ finished, acknowledged, actual_weight }) => finished && acknowledged && actual_weight === 1000));
    });

    it('another recipe in a slot is left alone, a free one is cleared', async () => {
      await loadRecipe(plc, mapping, { ...recipe(4), mo_id: 'WH/MO/00104' });
      await assert.rejects(loadRecipe(plc, mapping, { ...recipe(4), mo_id: 'WH/MO/00204' }), { code: 'PLC_SLOT_BUSY' });
      assert.equal(await clearSlot(plc, mapping, 4), false);
      assert.equal(await clearSlot(plc, mapping, 4, { evenIfNotTaken: true }), true);
    });

    it('the device goes away: an error, and no more than that', async () => {
      await device?.stop();
      device = undefined;
      for (let time = 0; time < 2; time += 1) await assert.rejects(plc.read('input', 1, 1), { name: /^PLC_(UNREACHABLE|TIMEOUT)$/ });
      assert.equal(plc.state().state, 'down');
    });
  });
}
