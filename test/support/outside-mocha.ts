import Mocha from 'mocha';

/**
 * Runs `body` as the only test of a mocha of its own, for programs that use what the tests use: mocha lends its hooks, so the
 * PostgreSQL of the tests is stopped whatever happens. An error is printed.
 * @returns whether it ended well
 */
export function runOutsideTests(name: string, body: (context: Mocha.Context) => Promise<void>): Promise<boolean> {
  const mocha = new Mocha({ reporter: Quiet, timeout: 0 });
  Mocha.Suite.create(mocha.suite, name).addTest(
    new Mocha.Test(name, async function (this: Mocha.Context) {
      await body(this);
    }),
  );
  return new Promise((resolve) => void mocha.run((failures) => resolve(failures === 0)));
}

class Quiet extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on('fail', (_test, error: Error) => console.error(error.stack ?? error.message));
  }
}
