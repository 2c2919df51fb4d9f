import type { ModbusSettings } from '../../src/plc/modbus';

/** Modbus TCP to a device of a test, with the defaults of mo-plc. */
export function modbusSettings(port: number, changes: Partial<ModbusSettings> = {}): ModbusSettings {
  return {
    transport: 'tcp',
    host: '127.0.0.1',
    port,
    unit: 1,
    timeout: 2,
    device: '',
    baudRate: 19200,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
    planning: 'slot',
    maxWords: 125,
    maxGap: 50,
    ...changes,
  };
}
