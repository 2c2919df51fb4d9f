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

/** Whole numbers: what the dialog calls them, the least and the most. */
const RANGES = {
  port: ['Port', 1, 65535],
  unit: ['Unit', 0, 255],
  maxWords: ['Longest request', 1, 125],
  maxGap: ['Longest gap bridged', 0, 125],
} as const;

/** @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID naming the setting as the dialog does, and its value */
export function checkSettings(settings: ModbusSettings): void {
  const [label, address] = settings.transport === 'serial' ? ['Device', settings.device] : ['Host', settings.host];
  if (address.trim() === '') throw new SmartMoError('CONFIG_MISSING', `${label} of the PLC is empty; fill it in`);
  for (const [key, [name, least, most]] of Object.entries(RANGES)) {
    const value = settings[key as keyof typeof RANGES];
    if (!Number.isInteger(value) || value < least || value > most) throw invalid(name, value, `a whole number from ${least} to ${most}`);
  }
  if (!(settings.timeout > 0 && settings.timeout <= 600))
    throw invalid('Time for a request', settings.timeout, 'seconds above 0, up to 600');
}

/** "10.0.0.5:502 unit 1", for error texts. */
export function placeOf({ transport, host, port, device, unit }: ModbusSettings): string {
  return transport === 'serial' ? `${device} unit ${unit}` : `${host}:${port} unit ${unit}`;
}

function invalid(name: string, value: unknown, allowed: string): SmartMoError {
  return new SmartMoError('CONFIG_INVALID', `${name} of the PLC is ${String(value)}; it must be ${allowed}: open the node and change it`, {
    value,
  });
}
