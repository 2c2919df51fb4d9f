/** A Modbus device as the tasks see it: words at zero-based addresses. One connection, one request in flight. */
export interface Plc {
  /** Reads `count` (1-125) words. @throws SmartMoError PLC_UNREACHABLE, PLC_TIMEOUT, PLC_ANSWER, PLC_EXCEPTION */
  read(area: PlcArea, address: number, count: number, signal?: AbortSignal): Promise<number[]>;
  /** Writes up to 123 words with FC16 and checks the echo. */
  write(address: number, words: readonly number[], signal?: AbortSignal): Promise<void>;
  /** Largest gap and request the planner may use, from the settings. */
  readonly planning: { mode: 'slot' | 'fewest'; maxWords: number; maxGap: number };
  state(): { state: 'ok' | 'down' | 'unknown'; since: Date | null; error: string | null };
  close(): void;
}

export type PlcArea = 'holding' | 'input';
