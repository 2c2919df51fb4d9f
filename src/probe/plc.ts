import { systemClock } from '../clock';
import { SmartMoError } from '../errors';
import { createModbusPlc, type ModbusSettings } from '../plc/modbus';
import { placeOf } from '../plc/modbus-settings';
import type { Plc, PlcArea } from '../plc/plc';
import { notations } from '../plc/notations';
import { say, type Text } from '../sentence';
import { type ProbeResult, runProbe } from './probe';

/** Where to look: a PLC alone has no map. */
export interface FirstWords {
  area: PlcArea;
  /** Zero-based. */
  address: number;
}

const WORDS = 10;
/** Seconds, of connecting and of one request. */
const LONGEST_REQUEST = 3;

/** Whether the mo-plc of a dialog answers, how fast, and the first words of an area. Over a connection of its own. */
export function probePlc(settings: ModbusSettings, { area, address }: FirstWords): Promise<ProbeResult> {
  return runProbe(async ({ found, signal }) => {
    const plc = createModbusPlc({ ...settings, timeout: Math.min(settings.timeout, LONGEST_REQUEST) }, { clock: systemClock });
    const first = (): Promise<Answer> => readWords(plc, area, address, signal);
    try {
      const connected = await timed(first);
      const { answer, ms } = await timed(first);
      // With the port: that of a variable that is not set is the default.
      found(say`connected`, say`to ${placeOf(settings)} within ${connected.ms} ms`);
      found(say`answer`, say`within ${ms} ms`);
      const place = `${area} ${notations(area, address)}`;
      if ('refused' in answer) {
        found(place, answer.refused);
        return say`the PLC answers within ${ms} ms; what it has at other addresses shows the test of mo-line`;
      }
      found(say`first ${WORDS} words from ${place}`, answer.words.join(', '));
      return say`the PLC answers within ${ms} ms`;
    } finally {
      plc.close();
    }
  });
}

type Answer = { words: number[] } | { refused: Text };

/** A device that refuses an address is there all the same; a gateway that finds no device is not. */
async function readWords(plc: Plc, area: PlcArea, address: number, signal: AbortSignal): Promise<Answer> {
  try {
    return { words: await plc.read(area, address, WORDS, signal) };
  } catch (error) {
    if (error instanceof SmartMoError && error.code === 'PLC_EXCEPTION' && error.class === 'permanent') return { refused: error.sentence };
    throw error;
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const started = performance.now();
  const answer = await work();
  return { answer, ms: Math.ceil(performance.now() - started) };
}
