import { systemClock } from '../../src/clock';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { compileMapping } from '../../src/plc/mapping';
import { createModbusPlc } from '../../src/plc/modbus';
import type { Plc } from '../../src/plc/plc';
import { readSlots } from '../../src/plc/read-slots';
import { runningSlot } from './memory';
import { type ModbusServer, startModbusServer } from './server';

/** The bundled feed mill: ten slots of 77 registers. */
export const MAPPING = compileMapping({ map: FEED_MILL_MAP, materials: FEED_MILL_MATERIALS, slots: 10 });

const SETTINGS = {
  transport: 'tcp',
  host: '127.0.0.1',
  unit: 1,
  timeout: 5,
  device: '',
  baudRate: 19200,
  dataBits: 8,
  parity: 'even',
  stopBits: 1,
} as const;

/** The product's own connection to a PLC. */
export function connectPlc(port: number, planning: 'slot' | 'fewest' = 'slot', timeout = 5): Plc {
  return createModbusPlc({ ...SETTINGS, timeout, port, planning, maxWords: 125, maxGap: 50 }, { clock: systemClock });
}

/** One cycle of the reader: every slot read and decoded. */
export function readCycle(plc: Plc): ReturnType<typeof readSlots> {
  return readSlots(plc, MAPPING, { orderQuantity: () => 1000 });
}

/** A server whose ten slots show batches that run. */
export async function startFilledServer(): Promise<ModbusServer> {
  const server = await startModbusServer();
  for (let slot = 1; slot <= MAPPING.slots; slot += 1)
    server.write(runningSlot(MAPPING, slot, `WH/MO/${String(slot).padStart(5, '0')}`, slot));
  return server;
}
