import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createNodeRed } from '../test/soak/member';
import { soak } from '../test/soak/soak';
import { runOutsideTests } from '../test/support/outside-mocha';
import { startPair } from '../test/support/pair';
import { startSite } from '../test/support/site';

/**
 * `npm run soak -- --minutes N --seed S --processes 8`: Node-RED processes on one PostgreSQL that are stopped, killed,
 * restarted and deployed while Odoo, PLC, network and PostgreSQL itself fail; now and then its synchronous standby takes over, and
 * gets a standby of its own. See test/soak/soak.ts. Ends with `soak passed` or `soak FAILED` and the exit code to it.
 */
const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' }, processes: { type: 'string' } } });
const minutes = numberOf('minutes', values.minutes ?? '3');
const seed = numberOf('seed', values.seed ?? String(randomInt(1_000_000)));
const processes = numberOf('processes', values.processes ?? '8');

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && (name === 'minutes' || Number.isInteger(number))) return number;
  console.error(`--${name} is "${text}"; enter a ${name === 'minutes' ? 'number' : 'whole number'} above 0`);
  process.exit(2);
}

console.log(`seed ${seed}: ${processes} Node-RED processes, ${minutes} minutes of faults`);
void runOutsideTests('soak', async (context) => {
  const pair = await startPair(context);
  await pair.renew({ synchronous: true });
  const site = await startSite(context, { orders: 0, speed: 300, latency: 20, pair });
  const servers = {
    primary: pair.primary,
    standby: {
      async takeOver() {
        await pair.standbyHasAll();
        await pair.primary().stop('kill');
        await pair.promote();
      },
      renew: () => pair.renew({ synchronous: true }),
    },
  };
  try {
    const members = await Promise.all(Array.from({ length: processes }, (_, index) => createNodeRed(`Node-RED ${index + 1}`, site.env)));
    const options = { seed, servers, seconds: minutes * 60, progress: (line: string) => console.log(line) };
    const { violation, seconds, summary, journal } = await soak(site, members, options);
    console.log(`${seconds.toFixed(1)} s: ${summary}`);
    if (violation) {
      console.log(`What happened last:\n${journal.join('\n')}`);
      throw violation;
    }
  } finally {
    await site.close();
    await pair.close();
  }
}).then((passed) => {
  console.log(passed ? `soak passed, seed ${seed}: nothing lost, nothing doubled` : `soak FAILED, seed ${seed}`);
  process.exitCode = passed ? 0 : 1;
});
