import { systemClock } from '../src/clock';
import { FEED_MILL_MAP } from '../src/plc/feed-mill';
import type { ModbusSettings } from '../src/plc/modbus';
import type { FirstWords } from '../src/probe/plc';
import { placeholder } from '../src/settings';
import { offer, readerOf } from './support/config-nodes';
import { offerTest } from './support/editor-routes';
import { library } from './support/library';
import type { Config, PlcNode, Red } from './support/types';

/** One Modbus device with one connection, shared by the lines that name it. It connects at the first request. */
export default function (RED: Red): void {
  function PlcConfig(this: PlcNode, config: Config): void {
    RED.nodes.createNode(this, config);
    this.address = config.id;
    this.plc = offer(this, () => {
      const settings = settingsOf(config);
      const variable = settings.transport === 'serial' ? undefined : placeholder(config.port);
      if (variable !== undefined) this.log(`the environment variable ${variable} is not set: port ${settings.port} is used`);
      this.address = addressOf(settings);
      const plc = library().createModbusPlc(settings, { clock: systemClock });
      this.on('close', () => plc.close());
      return plc;
    });
  }

  RED.nodes.registerType('mo-plc', PlcConfig);
  offerTest(RED, 'mo-plc', { test: ({ config }) => library().probePlc(settingsOf(config), FIRST_WORDS) });
}

function addressOf({ transport, host, port, unit, device }: ModbusSettings): string {
  return `${transport === 'serial' ? device : `${host.toLowerCase().replace(/^localhost$/, '127.0.0.1')}:${port}`} unit ${unit}`;
}

/** The map belongs to the line, whose test reads with it; here the read area of the bundled one will do. */
const FIRST_WORDS: FirstWords = { area: FEED_MILL_MAP.read.function, address: FEED_MILL_MAP.read.base };

/** @throws CONFIG_MISSING, CONFIG_INVALID naming field, value and node */
function settingsOf(config: Config): ModbusSettings {
  const read = readerOf(config);
  const transport = read.choice('transport', ['tcp', 'rtu-tcp', 'serial'], 'tcp');
  const onSerial = transport === 'serial';
  return {
    transport,
    host: onSerial ? '' : read.text('host'),
    port: read.number('port', { fallback: 502, min: 1, max: 65_535, whole: true }),
    unit: read.number('unit', { fallback: 1, min: 0, max: 255, whole: true }),
    timeout: read.number('timeout', { fallback: 2, min: 0.05, max: 60 }),
    device: onSerial ? read.text('device') : '',
    baudRate: read.number('baudRate', { fallback: 19_200, min: 300, max: 4_000_000, whole: true }),
    dataBits: read.number('dataBits', { fallback: 8, min: 5, max: 8, whole: true }),
    parity: read.choice('parity', ['even', 'odd', 'none'], 'even'),
    stopBits: read.number('stopBits', { fallback: 1, min: 1, max: 2, whole: true }),
    planning: read.choice('planning', ['slot', 'fewest'], 'slot'),
    maxWords: read.number('maxWords', { fallback: 125, min: 2, max: 125, whole: true }),
    maxGap: read.number('maxGap', { fallback: 50, min: 0, max: 125, whole: true }),
  };
}
