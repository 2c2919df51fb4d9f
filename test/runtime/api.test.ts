import assert from 'node:assert/strict';
import { assertNothingLost } from '../support/evidence';
import { disableGroup, example, together, withoutTimers } from '../support/example';
import { type Answer, startNodeRed, type NodeRed } from '../support/node-red';
import { assertDocumented, assertRefusedByNodeRed } from '../support/openapi';
import { startOperator, type Operator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const TOKEN = 'canary-of-the-test';
const REPORTS = ['batch-status', 'monitor/real-time', 'history', 'failed-to-push', 'health'];
const TRIGGERS = ['trigger-sync', 'trigger-plc-sync', 'trigger-process-completed', 'cancel-batch', 'cancel-batch/1'];

/** The pipeline and the API beside it, as an operator has them; nothing runs by itself. */
const flows = together(
  disableGroup(withoutTimers(example('01 - Smart MO Sync')), 'Do not wait for the timers'),
  example('04 - Operator HTTP API'),
);

describe('the HTTP API of example 04', function () {
  this.timeout(120_000);
  let site: Site;
  let nodeRed: NodeRed;
  let operator: Operator;

  before(async function () {
    site = await startSite(this);
    nodeRed = await startNodeRed({ flows, env: { ...site.env, SMART_MO_API_TOKEN: TOKEN } });
    operator = startOperator(nodeRed, flows);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  const get = (path: string): Promise<Answer> => documented('GET', `/admin/${path}`, nodeRed.admin(`admin/${path}`));
  const post = (path: string, body: object = {}, authorization = `Bearer ${TOKEN}`): Promise<Answer> => {
    const headers: Record<string, string> = authorization === '' ? {} : { authorization };
    return documented('POST', `/admin/manual/${path}`, nodeRed.admin(`admin/manual/${path}`, { method: 'POST', body, headers }));
  };

  it('answers every report to anybody', async () => {
    for (const report of REPORTS) {
      const answer = await get(report);
      assert.equal(answer.status, 200, report);
      assert.equal(dataOf(answer)['line'], 'main', report);
    }
    assert.deepEqual(dataOf(await get('batch-status'))['batches'], []);
  });

  it('refuses a POST without the token with 401, and does nothing [fault: sec-api-without-token]', async () => {
    const wrong = ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN];
    for (const trigger of TRIGGERS) {
      for (const authorization of wrong) {
        const answer = await post(trigger, { mo_id: 'WH/MO/00001' }, authorization);
        assertAnswer(answer, 401, { status: 'error', code: 'INPUT_INVALID' }, `${trigger} with "${authorization}"`);
      }
    }
    assert.deepEqual(await site.queued(), []);
    assert.doesNotMatch(nodeRed.log(), /\[TASK [123]\]/);
  });

  it('answers a body that is no JSON with a sentence, and does nothing', async () => {
    for (const path of ['cancel-batch', 'trigger-sync', 'hold']) {
      const url = `/admin/manual/${path}`;
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
      const sent = await fetch(nodeRed.url + url, { method: 'POST', headers, body: '{"mo_id": ' });
      const answer = { status: sent.status, body: (await sent.json()) as unknown };
      assertDocumented('POST', url, answer);
      assert.equal(answer.status, 400, path);
      assert.match(JSON.stringify(answer.body), /INPUT_INVALID.*the body is no JSON .*send an object such as/);
    }
    assert.deepEqual(await site.queued(), []);
  });

  it('leaves a broken body at the address of a slot to Node-RED, which refuses it in HTML: nothing is done', async () => {
    const asked = nodeRed.log().length;
    await assertRefusedByNodeRed(nodeRed, TOKEN);
    assert.doesNotMatch(nodeRed.log().slice(asked), /\[TASK [123]\]|\[error\]/);
  });

  it('triggers a sync, and says what really happened', async () => {
    const first = dataOf(await post('trigger-sync'));
    assert.equal(first['reason'], 'queued');
    assert.equal(first['text'], '10 MOs queued');
    assert.deepEqual(
      (first['queued'] as { mo_id: string }[]).map(({ mo_id }) => mo_id),
      await site.queued(),
    );
    const second = dataOf(await post('trigger-sync'));
    assert.equal(second['reason'], 'busy');
    assert.equal(second['count'], 10);
    assert.equal((await site.queued()).length, 10);
  });

  it('refuses a history page that cannot be, with 400 and the value', async () => {
    for (const query of ['limit=0', 'limit=501', 'limit=ten', 'limit=1.5', 'limit=1&limit=2', 'offset=-1', 'status=lost', 'mo_id=']) {
      assertAnswer(await get(`history?${query}`), 400, { status: 'error', code: 'INPUT_INVALID' }, query);
    }
    assert.match(messageOf(await get('history?limit=501')), /limit.*500.*501/);
  });

  it('cancels by MO or by slot, as whoever the body names', async () => {
    const one = await post('cancel-batch', { mo_id: 'WH/MO/00001', notes: 'wrong recipe', actor: 'Maria' });
    assertAnswer(one, 200, { success: true, batch_no: 1, mo_id: 'WH/MO/00001', status: 'cancelled' });
    const two = await post('cancel-batch/2');
    assertAnswer(two, 200, { success: true, batch_no: 2, mo_id: 'WH/MO/00002' });

    assert.deepEqual(await site.query('SELECT mo_id, notes, actor FROM mo_histories ORDER BY id'), [
      { mo_id: 'WH/MO/00001', notes: 'wrong recipe', actor: 'Maria' },
      { mo_id: 'WH/MO/00002', notes: null, actor: 'api' },
    ]);
    const page = dataOf(await get('history?limit=1&status=cancelled'));
    assert.equal(page['total'], 2);
    assert.equal(page['limit'], 1);
    // A list of one stays a list.
    assert.deepEqual(
      (page['histories'] as { mo_id: string }[]).map(({ mo_id }) => mo_id),
      ['WH/MO/00002'],
    );
  });

  it('refuses a cancellation with the status that fits', async () => {
    const refusals: [path: string, body: object, status: number, code: string][] = [
      ['cancel-batch', {}, 400, 'INPUT_INVALID'],
      ['cancel-batch/three', {}, 400, 'INPUT_INVALID'],
      ['cancel-batch', { mo_id: { $ne: '' } }, 400, 'INPUT_INVALID'],
      ['cancel-batch', { mo_id: 'WH/MO/99999' }, 404, 'BATCH_UNKNOWN'],
      ['cancel-batch/11', {}, 404, 'BATCH_UNKNOWN'],
      ['cancel-batch', { batch_no: 11 }, 404, 'BATCH_UNKNOWN'],
      ['cancel-batch', { mo_id: 'WH/MO/00001' }, 409, 'BATCH_UNKNOWN'],
      ['cancel-batch/4', { mo_id: 'WH/MO/00003' }, 409, 'INPUT_INVALID'],
    ];
    const before = await site.queued();
    for (const [path, body, status, code] of refusals) {
      const answer = await post(path, body);
      assertAnswer(answer, status, { success: false, code }, `${path} ${JSON.stringify(body)}`);
      assert.ok((answer.body as { detail: string }).detail.length > 10);
    }
    assert.deepEqual(await site.queued(), before);
  });

  it('reads the PLC and completes what is finished; a batch that is being pushed cannot be cancelled', async () => {
    await operator.until('the set weighed', () => site.plc.weighed().length === 8, ['every 5 minutes']);
    await waitFor(
      async () => {
        assert.ok(['read', 'in-progress'].includes(String(dataOf(await post('trigger-plc-sync'))['reason'])));
        return (await site.query("SELECT 1 FROM mo_batch WHERE state = 'finished'")).length === 8;
      },
      { what: 'eight finished rows', deadlineMs: 20_000 },
    );

    const tripped = site.wires.odoo.trip('before', (bytes) => bytes.includes('"write"'));
    const completing = post('trigger-process-completed');
    await tripped;
    const [pushing] = await site.query<{ mo_id: string }>("SELECT mo_id FROM mo_batch WHERE state = 'pushing'");
    const refused = await post('cancel-batch', { mo_id: pushing?.mo_id });
    assertAnswer(refused, 409, { success: false, code: 'BATCH_BEING_PUSHED', mo_id: pushing?.mo_id });

    await site.wires.odoo.cut();
    await site.wires.odoo.heal();
    assert.equal(dataOf(await completing)['reason'], 'run');
    await waitFor(
      async () => {
        await site.timePasses();
        await post('trigger-process-completed');
        return (await site.archived()).length === 8;
      },
      { what: 'eight batches in the history', deadlineMs: 30_000, everyMs: 200 },
    );
    await assertNothingLost(site);
  });

  it('answers 502 while Odoo or the PLC is away, and goes on by itself', async () => {
    await post('trigger-sync');
    assert.equal((await site.queued()).length, 10);
    const [moId = ''] = await site.queued();

    await site.wires.plc.cut();
    const mute = await post('trigger-plc-sync');
    assertAnswer(mute, 502, { status: 'error', code: 'PLC_UNREACHABLE' });
    await site.wires.plc.heal();

    await site.wires.odoo.cut();
    const away = await post('cancel-batch', { mo_id: moId });
    assertAnswer(away, 502, { success: false, code: 'ODOO_UNREACHABLE', mo_id: moId });
    await site.wires.odoo.heal();
    await waitFor(
      async () => {
        await site.timePasses();
        await post('trigger-process-completed');
        return (await site.archived('cancelled')).includes(moId);
      },
      { what: 'the end of the cancellation', deadlineMs: 30_000, everyMs: 200 },
    );

    for (const left of await site.queued()) assert.equal((await post('cancel-batch', { mo_id: left })).status, 200);
    await site.wires.odoo.cut();
    const sync = await post('trigger-sync');
    assertAnswer(sync, 502, { status: 'error', code: 'ODOO_UNREACHABLE' });
    assert.deepEqual(await site.queued(), []);
    await site.wires.odoo.heal();
  });

  it('answers with the database down: health 503, real-time with what is known, the rest 500', async () => {
    await site.wires.database.cut();
    const health = await get('health');
    assert.equal(health.status, 503);
    const { status, issues } = dataOf(health) as { status: string; issues: { code: string; level: string }[] };
    assert.equal(status, 'critical');
    assert.deepEqual(
      issues.map(({ code, level }) => `${level} ${code}`),
      ['critical database-down'],
    );

    const realTime = await get('monitor/real-time');
    assert.equal(realTime.status, 200);
    const { word, batches, links } = dataOf(realTime) as { word: string; batches: unknown[]; links: Record<string, { state: string }> };
    assert.deepEqual({ word, batches, database: links['database']?.state }, { word: 'NO DATABASE', batches: [], database: 'down' });
    for (const report of ['batch-status', 'history', 'failed-to-push']) {
      assertAnswer(await get(report), 500, { status: 'error', code: 'DB_UNREACHABLE' }, report);
    }
    for (const trigger of TRIGGERS) {
      const answer = await post(trigger);
      // Which batch is asked before the database is.
      assert.equal(answer.status, trigger === 'cancel-batch' ? 400 : 500, trigger);
    }

    await site.wires.database.heal();
    await waitFor(
      async () => {
        for (const trigger of ['trigger-sync', 'trigger-plc-sync']) await post(trigger);
        return (await get('health')).status === 200;
      },
      { what: 'a good health', deadlineMs: 30_000, everyMs: 200 },
    );
  });

  it('tells nobody the token or a password [fault: sec-secret-in-answers]', () => {
    assert.ok(!nodeRed.log().includes(TOKEN));
    const password = /:\/\/[^:]+:([^@]+)@/.exec(site.env['DATABASE_URL'] ?? '')?.[1] ?? 'none';
    assert.ok(!nodeRed.log().includes(password));
  });

  it('refuses every POST with 403 where no token is configured, and names the way to set one', async () => {
    const open = await startNodeRed({ flows: example('04 - Operator HTTP API'), env: { ...site.env, SMART_MO_API_TOKEN: '' } });
    try {
      for (const trigger of TRIGGERS) {
        const headers = { authorization: 'Bearer ' };
        const answer = await open.admin(`admin/manual/${trigger}`, { method: 'POST', body: {}, headers });
        assertAnswer(answer, 403, { status: 'error', code: 'CONFIG_MISSING' }, trigger);
        assert.match(messageOf(answer), /set the environment variable SMART_MO_API_TOKEN/);
      }
      assert.equal((await open.admin('admin/batch-status')).status, 200);
    } finally {
      await open.stop();
    }
  });
});

/** Every answer of this file is one that docs/openapi.json describes. */
async function documented(method: string, url: string, asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  assertDocumented(method, url, answer);
  return answer;
}

/** The HTTP status, and these fields of the body. */
function assertAnswer({ status, body }: Answer, expected: number, fields: Record<string, unknown>, what = ''): void {
  const found = Object.entries(body as Record<string, unknown>).filter(([key]) => key in fields);
  assert.deepEqual([status, Object.fromEntries(found)], [expected, fields], what);
}

function dataOf({ status, body }: Answer): Record<string, unknown> {
  assert.equal((body as { status?: string }).status, 'success', `${status} ${JSON.stringify(body)}`);
  return (body as { data: Record<string, unknown> }).data;
}

function messageOf({ body }: Answer): string {
  return (body as { message: string }).message;
}
