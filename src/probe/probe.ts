import { describe } from '../errors';

/** What a Test button shows: one sentence, and under it what was found on the way. Never a secret. */
export interface ProbeResult {
  ok: boolean;
  text: string;
  details: ProbeDetail[];
}

export interface ProbeDetail {
  label: string;
  value: string;
}

export interface Probe {
  /** Adds a row to what is shown. */
  found(label: string, value: string | number): void;
  /** Aborts when the time is over; what the probe opened must then close. */
  signal: AbortSignal;
}

/** A person waits at the dialog. */
const PROBE_MS = 8_000;

/**
 * Runs one test of what a dialog holds. It ends with a result whatever happens: an error becomes the one thing that is
 * wrong, below it what was found until then.
 * @param work answers with the good news
 */
export async function runProbe(work: (probe: Probe) => Promise<string>, limitMs = PROBE_MS): Promise<ProbeResult> {
  const details: ProbeDetail[] = [];
  const over = new AbortController();
  const found = (label: string, value: string | number): void => void details.push({ label, value: String(value) });
  const result = (ok: boolean, text: string): ProbeResult => ({ ok, text, details: [...details] });

  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => {
      resolve(result(false, `no complete answer within ${limitMs / 1000} s; check the address, and that no firewall swallows the packets`));
      over.abort();
    }, limitMs);
  });
  const answer = work({ found, signal: over.signal }).then(
    (text) => result(true, text),
    (error: unknown) => result(false, describe(error)),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
