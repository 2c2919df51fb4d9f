import assert from 'node:assert/strict';
import { accessFrom } from '../../src/database/settings';
import { example, nodeId, together, withoutTimers } from '../support/example';
import { type NodeRed, startNodeRed } from '../support/node-red';
import { type Operator, startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const CANARY = 'canary-4c1f-must-not-sing';
const REPORTS = ['batch-status', 'monitor/real-time', 'history', 'failed-to-push', 'health'];
const TABLES = ['mo_batch', 'mo_histories', 'mo_events', 'mo_task', 'mo_alarm', 'mo_fetch', 'mo_line'];

/** Invariant I13. The Odoo refuses the password, the database goes away: whatever is said about it must not name a secret. */
describe('secrets of a running line', function () {
  this.timeout(120_000);
  const flows = together(withoutTimers(example('01 - Smart MO Sync')), example('04 - Operator HTTP API'));
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;

  before(async function () {
    site = await startSite(this);
    const env = { ...site.env, ODOO_PASSWORD: `${CANARY}-odoo`, SMART_MO_API_TOKEN: `${CANARY}-token` };
    nodeRed = await startNodeRed({ flows, env });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  it('are in no log line, status, debug message, flow, export, answer or row [fault: sec-secrets-searched]', async () => {
    const fetchStatus = (): string =>
      nodeRed.statuses().get(nodeId(flows, { type: 'odoo-fetch-mo', name: 'fetch MOs to queue' }))?.text ?? '';
    const said: Record<string, unknown> = {};
    const press = async (): Promise<void> => {
      for (const timer of ['fetch now', 'every 60 minutes', 'every 5 minutes', 'every 3 minutes', 'every 10 minutes'])
        await operator.press(timer);
    };
    const ask = async (when: string): Promise<void> => {
      for (const report of REPORTS) said[`${report} ${when}`] = (await nodeRed.admin(`admin/${report}`)).body;
      const headers = { authorization: `Bearer ${CANARY}-token` };
      said[`trigger ${when}`] = (await nodeRed.admin('admin/manual/trigger-sync', { method: 'POST', headers })).body;
      said[`wrong token ${when}`] = (await nodeRed.admin('admin/manual/trigger-sync', { method: 'POST' })).body;
    };

    await press();
    await waitFor(() => fetchStatus().startsWith('ODOO_AUTH'), { what: 'the refused password under the fetch node' });
    await ask('with Odoo refusing us');
    for (const table of TABLES) said[table] = await site.query(`SELECT to_jsonb(t) AS row FROM ${table} t`);
    await site.wires.database.cut();
    await press();
    await ask('with the database away');
    await waitFor(() => /DB_UNREACHABLE/.test(nodeRed.log()), { what: 'the missing database in the log' });
    await site.wires.database.heal();

    said['log'] = nodeRed.log();
    said['statuses'] = [...nodeRed.statuses().values()];
    said['debug'] = nodeRed.debug();
    said['flows'] = (await nodeRed.admin('flows')).body;
    assert.match(JSON.stringify(said['log']), /ODOO_AUTH/, 'the refusal was never told');

    const { password } = accessFrom({ url: site.env['DATABASE_URL'] });
    assert.ok(password.length > 8);
    for (const [where, what] of Object.entries(said)) {
      for (const secret of [CANARY, password, encodeURIComponent(password)]) {
        assert.ok(!JSON.stringify(what).includes(secret), `a secret is in ${where}`);
      }
    }
  });
});
