import { SmartMoError } from '../errors';

/** The settings of a mo-plc. */
export interface ModbusSettings {
  transport: 'tcp' | 'rtu-tcp' | 'serial';
  /** tcp and rtu-tcp */
  host: string;
  port: number;
  unit: number;
  /** Seconds, of one request and of connecting. */
  timeout: number;
  /** serial: "/dev/ttyUSB0" or "COM3" */
  device: string;
  baudRate: number;
  dataBits: number;
  parity: 'even' | 'odd' | 'none';
  stopBits: number;
  planning: 'slot' | 'fewest';
  /** Longest read, 1-125 words. */
  maxWords: number;
  /** Unused words that mode "fewest" may read over. */
  maxGap: number;
}

/** @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID naming the setting and its value */
export function checkSettings(settings: ModbusSettings): void {
  const key = settings.transport === 'serial' ? 'device' : 'host';
  if (settings[key].trim() === '')
    throw new SmartMoError('CONFIG_MISSING', `mo-plc has no ${key}; transport ${settings.transport} needs one`);
  const ranges = { port: [1, 65535], unit: [0, 255], maxWords: [1, 125], maxGap: [0, 125] } as const;
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = settings[name as keyof typeof ranges];
    if (!Number.isInteger(value) || value < least || value > most) throw invalid(name, value, `a whole number from ${least} to ${most}`);
  }
  if (!(settings.timeout > 0 && settings.timeout <= 600)) throw invalid('timeout', settings.timeout, 'seconds above 0, up to 600');
}

/** "10.0.0.5:502 unit 1", for error texts. */
export function placeOf({ transport, host, port, device, unit }: ModbusSettings): string {
  return transport === 'serial' ? `${device} unit ${unit}` : `${host}:${port} unit ${unit}`;
}

function invalid(name: string, value: unknown, allowed: string): SmartMoError {
  return new SmartMoError('CONFIG_INVALID', `${name} of mo-plc is ${String(value)}; allowed are ${allowed}`, { value });
}
