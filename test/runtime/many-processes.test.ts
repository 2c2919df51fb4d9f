import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { createPostgres } from '../../src/database/postgres';
import { WITHOUT_FENCE } from '../soak/careless-gate';
import { createNodeRed, createWorker, type Member } from '../soak/member';
import { soak } from '../soak/soak';
import { createOwnServer, type OwnServer } from '../support/own-server';
import { type Site, startSite } from '../support/site';

const SEED = Number(process.env['SMART_MO_SEED'] ?? randomInt(1_000_000));

describe(`eight processes on one database, seed ${SEED}`, function () {
  this.timeout(600_000);
  let server: OwnServer | undefined;
  let site: Site;

  beforeEach(async function () {
    server = await createOwnServer(this);
    await server.start();
    // Odoo takes long enough for a fetch that all of them are between count and insert at once.
    site = await startSite(this, { orders: 0, speed: 300, latency: 60, server: server.settings });
  });
  afterEach(async () => {
    await site?.close();
    await server?.remove();
  });

  const workers = (count: number, env: Record<string, string> = {}): Member[] =>
    Array.from({ length: count }, (_, index) => createWorker(`worker ${index + 1}`, { ...site.env, ...env }));
  const withServer = () => (server ? { servers: { primary: () => server! } } : {});

  it('stopped, killed, restarted and deployed for half a minute, with everything around them failing: nothing is lost or doubled [fault: gate-eight-processes, gate-stalled]', async () => {
    const nodeReds = await Promise.all(['Node-RED 1', 'Node-RED 2'].map((name) => createNodeRed(name, site.env)));
    const { violation, journal, completed, summary } = await soak(site, [...nodeReds, ...workers(6)], {
      seed: SEED,
      seconds: 30,
      ...withServer(),
    });
    assert.equal(violation, null, `${violation?.stack ?? ''}\n${summary}\n${journal.join('\n')}`);
    assert.ok(completed >= 10, `${summary}: this has shown little`);
  });

  it('a gate that counts and inserts in one transaction is caught within ten seconds', async () => {
    const database = createPostgres({ url: site.env['DATABASE_URL'] });
    await database.ready();
    await database.close();
    await site.query(WITHOUT_FENCE);
    const { violation, seconds } = await soak(site, workers(8, { CARELESS_GATE: '1' }), { seed: SEED, seconds: 60, ...withServer() });
    assert.match(violation?.message ?? 'nothing was wrong', /^I[1-4]: |queued>queued/);
    assert.ok(seconds < 10, `caught after ${seconds} s`);
  });
});
