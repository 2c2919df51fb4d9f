import { describe, SmartMoError } from '../errors';
import { listed, say, type Text } from '../sentence';

/** What a Test button shows: one sentence, and under it what was found on the way. Never a secret. */
export interface ProbeResult {
  ok: boolean;
  text: Text;
  details: ProbeDetail[];
}

export interface ProbeDetail {
  label: Text;
  value: Text;
}

export interface Probe {
  /** Adds a row to what is shown. */
  found(label: Text, value: Text | number): void;
  /** Aborts when the time is over; what the probe opened must then close. */
  signal: AbortSignal;
}

/** Something was found that is wrong, though nothing failed: it has no code. */
export class Trouble extends Error {
  constructor(readonly sentence: Text) {
    super(String(sentence));
  }
}

/** An error as a dialog shows it. */
export function explain(error: unknown): Text {
  if (error instanceof SmartMoError)
    return listed([error.code, listed([error.sentence, ...(error.remedy ? [error.remedy] : [])], '; ')], ': ');
  return error instanceof Trouble ? error.sentence : describe(error);
}

/** A person waits at the dialog. */
const PROBE_MS = 8_000;

/**
 * Runs one test of what a dialog holds. It ends with a result whatever happens: an error becomes the one thing that is
 * wrong, below it what was found until then.
 * @param work answers with the good news
 */
export async function runProbe(work: (probe: Probe) => Promise<Text>, limitMs = PROBE_MS): Promise<ProbeResult> {
  const details: ProbeDetail[] = [];
  const over = new AbortController();
  const found: Probe['found'] = (label, value) => void details.push({ label, value: typeof value === 'number' ? String(value) : value });
  const result = (ok: boolean, text: Text): ProbeResult => ({ ok, text, details: [...details] });

  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => {
      resolve(
        result(false, say`no complete answer within ${limitMs / 1000} s; check the address, and that no firewall swallows the packets`),
      );
      over.abort();
    }, limitMs);
  });
  const answer = work({ found, signal: over.signal }).then(
    (text) => result(true, text),
    (error: unknown) => result(false, explain(error)),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
