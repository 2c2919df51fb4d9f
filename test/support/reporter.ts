import { reporters, type MochaOptions, type Runner, type Test } from 'mocha';
import { createFaultTable } from './fault-table';

/** How long after the last test something may keep the process alive. */
const EXIT_GRACE_MS = 20_000;

/**
 * The spec reporter, then the faults that were injected, the skipped tests with the reasons in their titles, and
 * `N passed, N failed, N skipped` alone on the last line.
 * Tests that leave a handle open would hang for ever: after a grace period that is reported and counted as a failure.
 */
export default class ClosingLineReporter extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const skipped: Test[] = [];
    const faults = createFaultTable();
    runner.on('pending', (test) => skipped.push(test));
    runner.on('test end', (test) => faults.ended(test));
    runner.once('end', () => {
      for (const line of faults.lines()) console.log(line);
      for (const test of skipped) console.log(`skipped: ${test.fullTitle()}`);
      this.closingLine(0);
      setTimeout(() => {
        console.log(`The tests are over, but these keep the process alive: ${process.getActiveResourcesInfo().join(', ')}`);
        this.closingLine(1);
        process.exit(1);
      }, EXIT_GRACE_MS).unref();
    });
  }

  private closingLine(more: number): void {
    const { passes, failures, pending } = this.stats;
    console.log(`\n${passes} passed, ${failures + more} failed, ${pending} skipped`);
  }
}
