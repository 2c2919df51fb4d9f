import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { disableGroup, example, together, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { assertDocumented } from '../support/openapi';
import { startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { skip } from '../support/skip';
import { checkout } from '../support/tarball';
import { waitFor } from '../support/wait';

const run = promisify(execFile);

/** A line of the page that begins with curl, and the answer shown below it. */
interface Shown {
  command: string;
  answer: unknown;
}

/** Endpoints of example 04 as "POST /admin/manual/cancel-batch". */
const endpoints = example('04 - Operator HTTP API').flatMap(({ type, method, url }) =>
  type === 'http in' ? [`${String(method).toUpperCase()} ${String(url)}`] : [],
);

describe('the curl lines of docs/http-api.md', function () {
  this.timeout(120_000);
  const shown = curlLines(readFileSync(path.join(checkout, 'docs', 'http-api.md'), 'utf8'));
  const flows = together(
    disableGroup(withoutTimers(example('01 - Smart MO Sync')), 'Do not wait for the timers'),
    example('04 - Operator HTTP API'),
  );
  const token = 'token with $, " and a space';
  let site: Site;
  let nodeRed: NodeRed;

  before(async function () {
    if (spawnSync('curl', ['--version']).error) skip(this, 'curl is not installed');
    site = await startSite(this);
    nodeRed = await startNodeRed({ flows, env: { ...site.env, SMART_MO_API_TOKEN: token } });
    // One set is in the history; its slots were filled long ago.
    const operator = startOperator(nodeRed, flows);
    await operator.press('fetch now');
    await waitFor(async () => (await site.queued()).length === 10, { what: 'the first set' });
    await operator.until('the first set in the history', async () => (await site.archived()).length === 10, [
      'every 5 minutes',
      'every 3 minutes',
    ]);
  });
  after(async () => {
    await nodeRed?.stop();
    await site?.close();
  });

  it('hold those that the README shows', () => {
    const commands = shown.map(({ command }) => command);
    for (const line of readFileSync(path.join(checkout, 'README.md'), 'utf8').split('\n')) {
      assert.ok(!line.startsWith('curl ') || commands.includes(line), line);
    }
  });

  it('name every endpoint of the example', () => {
    const named = shown.map(({ command }) => {
      const { method, url } = requestOf(command);
      return `${method} ${url.replace(/\/\d+$/, '/:batch_no')}`;
    });
    assert.deepEqual([...named].sort(), [...endpoints].sort());
  });

  for (const { command, answer } of shown) {
    it(command.replace(/http:\S*?1880|-H "[^"]*"/g, '').replace(/\s+/g, ' '), async () => {
      const [, mo_id = ''] = /"mo_id": "([^"]+)"/.exec(command) ?? [];
      // These two are for a batch that was weighed and given up.
      if (/retry-push-odoo|park-batch/.test(command)) await giveUp(mo_id);
      if (command.includes('mark-booked')) await weighLate(mo_id);
      const { status, body } = await typed(command);
      assert.equal(status, 200, JSON.stringify(body));
      assertShape(body, answer, 'the answer');
      const { method, url } = requestOf(command);
      assertDocumented(method, url, { status, body });
      if (command.includes('trigger-sync')) {
        await waitFor(async () => (await site.queued()).length === 10, { what: 'the set that the line has queued' });
        await site.query("UPDATE mo_batch SET created_at = created_at - interval '3 minutes'");
      }
      const { success, mo_id: cancelled, status: word } = body as { success?: boolean; mo_id?: string; status?: string };
      if (success && word === 'cancelled') assert.ok((await site.archived('cancelled')).includes(cancelled ?? ''));
    });
  }

  it('are refused with another token', async () => {
    for (const { command } of shown.filter(({ command }) => command.includes('-X POST'))) {
      assert.equal((await typed(command, 'another')).status, 401, command);
    }
  });

  async function giveUp(mo_id: string): Promise<void> {
    const given = "state = 'failed', last_error = 'ODOO_REFUSED: test', status_manufacturing = 1, actual = '{}', actual_weight = 1";
    await site.query(`UPDATE mo_batch SET ${given} WHERE mo_id = '${mo_id}'`);
  }

  /** As the PLC does that finishes a batch which was cancelled meanwhile. */
  async function weighLate(mo_id: string): Promise<void> {
    const detail = { what: 'weighed after the batch left the queue', run: 1, slot: 3, actual: {}, actual_weight: 998.06 };
    const insert = "INSERT INTO mo_events (line, mo_id, event, actor, detail) VALUES ('main', $1, 'refused', 'plc', $2)";
    await site.query(insert, [mo_id, JSON.stringify(detail)]);
  }

  /** Types the line into a shell, with the address and the token of this test. */
  async function typed(command: string, as = token): Promise<{ status: number; body: unknown }> {
    const line = command.replace('http://127.0.0.1:1880', nodeRed.url).replace(/^curl /, "curl -sS --noproxy '*' -w '\\n%{http_code}' ");
    const { stdout } = await run('sh', ['-c', line], { env: { ...process.env, TOKEN: as } });
    const [, body = '', status = ''] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    return { status: Number(status), body: JSON.parse(body) as unknown };
  }
});

function requestOf(command: string): { method: string; url: string } {
  const [, url = ''] = /http:\/\/127\.0\.0\.1:1880([^\s"?]+)/.exec(command) ?? [];
  return { method: /-X (\w+)/.exec(command)?.[1] ?? 'GET', url };
}

function curlLines(page: string): Shown[] {
  const lines = page.split('\n');
  return lines.flatMap((command, index) => {
    if (!command.startsWith('curl ')) return [];
    const below = lines[index + 1] ?? '';
    assert.ok(below.startsWith('#> '), `the page shows no answer to: ${command}`);
    return [{ command, answer: JSON.parse(below.slice(3)) as unknown }];
  });
}

/** Every field that is shown is there and of the same kind; null and an empty list stand for any value. Words are compared too. */
function assertShape(real: unknown, shown: unknown, where: string): void {
  if (shown === null) {
    assert.notEqual(real, undefined, `${where} is missing`);
  } else if (Array.isArray(shown)) {
    assert.ok(Array.isArray(real), `${where} is no list`);
    if (shown.length > 0) assertShape(real[0], shown[0], `${where}[0]`);
  } else if (typeof shown === 'object') {
    assert.ok(typeof real === 'object' && real !== null, `${where} is no object`);
    for (const [key, value] of Object.entries(shown)) assertShape((real as Record<string, unknown>)[key], value, `${where}.${key}`);
  } else {
    assert.equal(typeof real, typeof shown, where);
    if (/\.(status|reason|success|mo_id|message)$/.test(where) && !where.includes('[')) assert.equal(real, shown, where);
  }
}
