import assert from 'node:assert/strict';
import { call, consumed, order, post, weighed, type Json } from '../support/odoo-simulator-client';
import { startReplay, type Replay } from '../support/odoo-simulator-replay';

const BEARER = { Authorization: 'bearer demo-key', 'X-Odoo-Database': 'demo' };

describe('Odoo simulator: JSON-2 as Odoo 19 answered it', () => {
  let r: Replay;
  before(async () => {
    r = await startReplay('19');
  });
  after(() => r.sim.close());

  const json2 = (path: string, body: Json) => post(r.sim, body, `/json/2/${path}`, BEARER);

  it('takes a key, with or without the name of the database', () => r.same('J4b-no-db-header', 'J15-context_get'));

  it('reads in the recorded shape', async () => {
    const { status, body, expected } = await r.repeat('J1-search_read');
    const keys = (records: unknown): string[][] => (records as Json[]).map((record) => Object.keys(record));
    assert.equal(status, expected.http_status);
    assert.deepEqual(keys(body), keys(expected.response));
  });

  it('refuses the password and a wrong key', () => r.same('J2-no-auth', 'J3-wrong-key', 'J17-password-as-bearer', 'J4-wrong-db'));

  it('answers mistakes with a real status', () =>
    r.same(
      ...['J5-wrong-model', 'J6-wrong-method', 'J6b-private-method', 'J7-missing-arg', 'J7b-unknown-arg', 'J8-wrong-field'],
      ...['J10-missing-record', 'J10b-missing-record-write', 'J16-malformed', 'J18-GET'],
    ));

  it('answers missing rights and a lost race with a real status', async () => {
    await r.sameUnder('rights', 'J9-access-denied');
    await r.sameUnder('serialization', 'Y2-json2-serialization-failure');
  });

  it('writes, asks, is done, and does not cancel what is done', async () => {
    await r.same('J11-write', 'J12-mark_done-plain', 'J13-mark_done-context');
    assert.deepEqual(await r.read('overJson2', 'state'), [r.seen('J13-after')['state']]);
    await r.same('J14-cancel-done');
  });

  it('answers null where a method returns nothing, and a list where it returns records', async () => {
    const id = r.id('few');
    assert.equal(await (await json2('mrp.production/action_generate_serial', { ids: [id] })).text(), 'null');
    assert.match(await (await json2('mrp.production/message_post', { ids: [id], body: 'x' })).text(), /^\[\d+\]$/);
  });

  it('shows a session that ended, and a refused login, as a key that is no longer valid', async () => {
    for (const fault of ['session', 'access-denied']) {
      await r.sim.command({ action: 'fault', fault });
      const answer = await json2('mrp.production/search_count', { domain: [] });
      assert.deepEqual([answer.status, ((await answer.json()) as Json)['message']], [401, 'Invalid apikey']);
    }
  });

  it('is one database with /jsonrpc', async () => {
    const view = order(r.sim, r.id('more'));
    const vals = { qty_producing: 1960, move_raw_ids: consumed(weighed(view), '19') };
    assert.equal(await (await json2('mrp.production/write', { ids: [view.odoo_id], vals })).text(), 'true');
    const [read] = (await call(r.sim, 'mrp.production', 'read', [[view.odoo_id]], { fields: ['qty_producing', 'state'] })) as Json[];
    assert.deepEqual(read, { id: view.odoo_id, qty_producing: 1960, state: 'progress' });
  });

  it('is not there before 19', async () => {
    await r.sim.command({ action: 'upgrade', version: '18' });
    assert.equal((await json2('mrp.production/search_count', { domain: [] })).status, 404);
    await r.sim.command({ action: 'upgrade', version: '19' });
  });
});
