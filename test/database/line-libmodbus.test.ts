import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock';
import type { Line } from '../../src/line/line';
import { createModbusPlc } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { type ForeignDevice, startForeignDevice } from '../support/libmodbus';
import { modbusSettings } from '../support/modbus';
import { type Plant, startPlant } from '../support/plant';

/** The tasks of a line on a Modbus device that nobody of this project wrote; the test plays the program of the PLC. */
describe('a set of batches on a device made with libmodbus', function () {
  this.timeout(60_000);
  let device: ForeignDevice | undefined;
  let plant: Plant;
  let line: Line;
  let program: Plc;

  before(async function () {
    device = await startForeignDevice(this);
    plant = await startPlant(this);
    const connect = (): Plc => createModbusPlc(modbusSettings(Number(device?.port)), { clock: systemClock });
    line = { ...plant.line, plc: connect() };
    program = connect();
  });
  after(async () => {
    line?.plc?.close();
    program?.close();
    await plant?.close();
    await device?.stop();
  });

  it('goes from loaded to archived', async () => {
    const { mapping } = line;
    const flagAt = mapping.flagAt ?? 0;
    const tasks = plant.on(line);
    await plant.fetch({ limit: 10 });
    const set = await plant.rows();
    const { payload } = await tasks.load();
    assert.equal((payload['loaded'] as unknown[]).length, 10);
    for (const { batch_no } of set) {
      const words = await program.read('holding', mapping.slotAddress('write', batch_no), flagAt);
      await program.write(mapping.slotAddress('read', batch_no), [...words, 0]);
      await program.write(mapping.slotAddress('write', batch_no) + flagAt, [1]);
    }
    await tasks.read();
    assert.ok((await plant.rows()).every(({ state }) => state === 'running'));

    for (const row of set) {
      const cents = Math.round(row.materials.reduce((sum, { planned }) => sum + planned, 0) * 100);
      await program.write(mapping.slotAddress('read', row.batch_no) + 72, [1, 0, cents >>> 16, cents & 0xffff, 0]);
    }
    const read = await tasks.read();
    assert.deepEqual([(read.payload['finished'] as unknown[]).length, read.payload['bad']], [10, []]);
    for (const { batch_no } of set) {
      assert.deepEqual(await program.read('holding', mapping.slotAddress('read', batch_no) + flagAt, 1), [1], 'acknowledged');
    }
    await tasks.complete();
    assert.deepEqual(
      (await plant.history()).map(({ mo_id, status }) => [mo_id, status]),
      set.map(({ mo_id }) => [mo_id, 'completed']),
    );
  });
});
