import { readFileSync } from 'node:fs';

/** Megabytes of a process in memory, as Linux counts them. */
export function resident({ pid }: { readonly pid: number }): number {
  const [, kilobytes = 'NaN'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
