import type { Test } from 'mocha';
import { FAULT_GROUPS, faultsIn } from './fault-list';

/** Counts the faults that the tests of this run have injected. */
export interface FaultTable {
  ended(test: Test): void;
  /** One line per group of which a fault was injected; empty when no test of the run names one. */
  lines(): string[];
}

export function createFaultTable(): FaultTable {
  const passed = new Set<string>();
  const failed = new Set<string>();

  return {
    ended(test) {
      if (test.state === undefined || test.state === 'pending') return;
      for (const name of faultsIn(test.fullTitle())) (test.state === 'passed' ? passed : failed).add(name);
    },
    lines() {
      const rows = Object.entries(FAULT_GROUPS).flatMap(([group, faults]) => {
        const injected = Object.keys(faults).filter((name) => passed.has(name) || failed.has(name));
        if (injected.length === 0) return [];
        const survived = injected.filter((name) => !failed.has(name));
        return [[group, Object.keys(faults).length, injected.length, survived.length] as const];
      });
      if (rows.length === 0) return [];
      const row = (group: string, ...columns: (string | number)[]): string =>
        group.padEnd(36) + columns.map((column) => String(column).padStart(10)).join('');
      return [row('faults', 'in all', 'injected', 'passed'), ...rows.map(([group, ...counts]) => row(group, ...counts))];
    },
  };
}
