import assert from 'node:assert/strict';
import { change, example } from '../support/example';
import { startNodeRed } from '../support/node-red';
import { type Site, startSite } from '../support/site';
import { setTimeout as delay } from 'node:timers/promises';

const flows = change(example('02 - Settings from the environment'), 'inject', { onceDelay: 0.1 });
describe('x', function () {
  this.timeout(120_000);
  let site: Site;
  before(async function () { site = await startSite(this); });
  after(async () => { await site?.close(); });
  const settings = { logging: { console: { level: 'debug', metrics: false, audit: false } } };
  const cases: [string, Record<string, string>, string[]][] = [
    ['fractions', { SYNC_INTERVAL_MINUTES: '0.02', SYNC_BATCH_LIMIT: '3', PLC_READ_INTERVAL_MINUTES: '0.03', COMPLETE_INTERVAL_MINUTES: '0.05', HEALTH_INTERVAL_MINUTES: '0.1' }, []],
    ['unset', {}, []],
    ['zero+off', { SYNC_INTERVAL_MINUTES: '0', ENABLE_AUTO_SYNC: 'false' }, []],
    ['bad', { SYNC_INTERVAL_MINUTES: 'abc', HEALTH_INTERVAL_MINUTES: '-5', PLC_READ_INTERVAL_MINUTES: '1e9', ENABLE_AUTO_SYNC: 'maybe', SYNC_BATCH_LIMIT: 'ten' }, []],
    ['nothing', {}, ['DATABASE_URL', 'ODOO_URL', 'ODOO_DATABASE', 'ODOO_LOGIN', 'ODOO_PASSWORD', 'PLC_HOST', 'PLC_PORT']],
    ['no pw', {}, ['ODOO_PASSWORD', 'PLC_PORT']],
  ];
  for (const [name, env, without] of cases) {
    it(name, async () => {
      const base = Object.fromEntries(Object.entries(site.env).filter(([k]) => !without.includes(k)));
      const nodeRed = await startNodeRed({ flows, env: { ...base, ...env }, settings });
      await delay(4000);
      const names = new Map(flows.map((n) => [n['id'], `${String(n['type'])} ${String(n['name'])}`]));
      console.log(nodeRed.log().split('\n').filter((l) => /repeat|TASK|rror|CONFIG|warn/.test(l)).join('\n'));
      for (const [id, s] of nodeRed.statuses()) console.log(names.get(id), JSON.stringify(s));
      console.log(await site.query('SELECT count(*) FROM mo_batch').catch((e: unknown) => String(e)));
      await site.query('DELETE FROM mo_batch').catch(() => 0);
      await nodeRed.stop();
      void assert;
    });
  }
});
