import assert from 'node:assert/strict';
import { disableGroup, example, nodeId, withoutTimers } from '../support/example';
import { startNodeRed, type NodeRed } from '../support/node-red';
import { startOperator } from '../support/operator';
import { type Site, startSite } from '../support/site';
import { waitFor } from '../support/wait';

const ROUNDS = 20;

describe('two Node-RED processes on one database', function () {
  this.timeout(180_000);
  const flows = disableGroup(withoutTimers(example('01 - Smart MO Sync')), 'Do not wait for the timers');
  const ends = ['fetched', 'waiting', 'errors'].map((name) => nodeId(flows, { type: 'debug', name }));
  let site: Site;
  let both: NodeRed[] = [];

  before(async function () {
    // Slow enough that both have asked Odoo before either has queued.
    site = await startSite(this, { latency: 40 });
    both = await Promise.all([1, 2].map(() => startNodeRed({ flows, env: site.env })));
  });
  after(async () => {
    await Promise.all(both.map((nodeRed) => nodeRed.stop()));
    await site?.close();
  });

  const answers = (nodeRed: NodeRed): string[] => nodeRed.debug().flatMap(({ id, value }) => (ends.includes(id) ? String(value) : []));

  it(`queue one set each time, whoever is first, ${ROUNDS} times [fault: gate-two-processes]`, async () => {
    let raced = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.all(both.map((nodeRed) => startOperator(nodeRed, flows).press('fetch now')));
      await waitFor(() => both.every((nodeRed) => answers(nodeRed).length === round), { what: `both answers of round ${round}` });
      const told = both.map((nodeRed) => answers(nodeRed)[round - 1] ?? '');
      assert.equal(told.filter((text) => text === '10 MOs queued').length, 1, `round ${round}: ${told.join(' | ')}`);
      if (told.some((text) => text.includes('another run queued its set first'))) raced += 1;
      assert.deepEqual(await site.query('SELECT count(*)::int AS rows, count(DISTINCT fetch_seq)::int AS sets FROM mo_batch'), [
        { rows: 10, sets: 1 },
      ]);
      await site.query('DELETE FROM mo_batch');
    }
    assert.ok(raced > 0, 'the two never met: this test has shown nothing');
  });
});
