import assert from 'node:assert/strict';
import { shown, startTraps, statesOf, type Trap, type TrapServer } from '../support/odoo-traps';
import { type Plant, startPlant } from '../support/plant';

interface Case {
  name: string;
  trap: Trap;
  /** "cancelled", or the code that the operator is told. */
  answer: string;
  /** Where the batch is then. */
  end: string;
  sent?: string[];
}

/** What real Odoo answered to a cancellation, to what end. */
function casesOf(version: string, { cancelsDone = 'A9-cancel-done-MO' } = {}): Case[] {
  const { seen, refuses, fresh, written, in: as } = statesOf(version);
  const cancelled = shown(
    String(seen('F1-after')['state']),
    fresh.moves.map((move) => ({ ...move, quantity: 0, state: 'cancel' })),
  );
  const isRefused = refuses(cancelsDone);
  return [
    {
      name: 'F1: an open MO',
      trap: { look: fresh, answers: { action_cancel: 'F1-action_cancel' }, after: cancelled },
      answer: 'cancelled',
      end: 'cancelled',
    },
    {
      name: 'F2: cancelled in Odoo already',
      trap: { look: cancelled, answers: {}, after: cancelled },
      answer: 'cancelled',
      end: 'cancelled',
      sent: [],
    },
    {
      name: 'F6: an MO whose consumption is written',
      trap: {
        look: written,
        answers: { action_cancel: 'F6-cancel-in-progress' },
        after: { ...cancelled, state: String(seen('F6-after')['state']) },
      },
      answer: 'cancelled',
      end: 'cancelled',
    },
    {
      name: `A9: marked done by a person in this moment, answered with ${isRefused ? 'an error' : 'true'}`,
      trap: { look: fresh, answers: { action_cancel: cancelsDone }, after: as(seen('A9-after')['state']) },
      answer: isRefused ? 'ODOO_REFUSED' : 'ODOO_DIFFERS',
      end: 'failed',
    },
    { name: 'done by a person', trap: { look: as('done'), answers: {}, after: null }, answer: 'ODOO_DIFFERS', end: 'failed', sent: [] },
    // Looked for once more a while later.
    { name: 'F7: deleted by a person', trap: { look: null, answers: {}, after: null }, answer: 'ODOO_GONE', end: 'cancelling', sent: [] },
  ];
}

const SERVERS = [
  ...['15', '16', '17', '18', '19'].map((version) => ({ version, protocol: 'jsonrpc' as const, cases: casesOf(version) })),
  { version: '19', protocol: 'json2' as const, cases: casesOf('19', { cancelsDone: 'J14-cancel-done' }) },
];

for (const { version, protocol, cases } of SERVERS) {
  describe(`a cancellation, as Odoo ${version} was recorded to answer over ${protocol}`, () => {
    let plant: Plant;
    let server: TrapServer;
    let set: string[];
    before(async function () {
      plant = await startPlant(this);
      server = await startTraps(version, { protocol });
      await plant.fetch();
      set = await plant.queued();
    });
    after(async () => {
      await server?.close();
      await plant?.close();
    });

    for (const [index, { name, trap, answer, end, sent = ['action_cancel'] }] of cases.entries()) {
      it(`${name}: ${answer}, the batch is ${end}`, async () => {
        const mo_id = set[index]!;
        server.play(trap);
        const { payload } = await plant.on({ ...plant.line, odoo: server.odoo }).cancel({ mo_id });
        assert.equal(payload['code'] ?? payload['status'], answer);
        assert.deepEqual(server.sent, sent);
        const row = (await plant.rows()).find((candidate) => candidate.mo_id === mo_id);
        const record = (await plant.history()).find((candidate) => candidate.mo_id === mo_id);
        assert.equal(row?.state ?? record?.status, end);
      });
    }
  });
}
