import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { waitFor } from '../support/wait';
import { type FlowNode, lineOnDatabase, load } from './flow';

const FLOOD = 10_000;

const WORKING: FlowNode[] = [
  { id: 'gate1', type: 'mo-queue-gate', line: 'line1', enabled: 'true', enabledType: 'bool' },
  { id: 'fetch1', type: 'odoo-fetch-mo', line: 'line1', limit: '3', limitType: 'num', filter: '[["name", "=", "{{payload.name}}"]]' },
  { id: 'writer1', type: 'plc-batch-writer', line: 'line1' },
  { id: 'reader1', type: 'plc-batch-reader', line: 'line1' },
  { id: 'completer1', type: 'batch-completer', line: 'line1' },
  { id: 'cancel1', type: 'batch-cancel', line: 'line1' },
  { id: 'monitor1', type: 'batch-monitor', line: 'line1', report: 'batch-status' },
];

/** A message that contains itself. */
function cyclic(): Record<string, unknown> {
  const message: Record<string, unknown> = { payload: {} };
  message['payload'] = { again: message };
  return message;
}

const POISON = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "mo_id": "__proto__"}';
const HOSTILE: [what: string, fault: string, message: () => unknown][] = [
  ['a message that contains itself', 'nr-message-cyclic', cyclic],
  ['null', 'nr-message-of-no-object', () => null],
  ['nulls in every field', 'nr-message-of-no-object', () => ({ payload: null, actor: null, line: null })],
  ['__proto__ in the payload', 'sec-prototype-keys', () => ({ payload: JSON.parse(POISON) as unknown })],
  [
    '__proto__ in the message',
    'sec-prototype-keys',
    () => ({ ...(JSON.parse(POISON) as object), payload: { mo_id: 'constructor', action: '__proto__' } }),
  ],
  ['other types', 'nr-message-of-odd-types', () => ({ payload: { mo_id: ['x'], batch_no: NaN, notes: () => 1 }, report: {}, limit: [] })],
  ['megabytes', 'nr-message-huge', () => ({ payload: { mo_id: 'x'.repeat(1_000_000), notes: 'y'.repeat(1_000_000) } })],
];

describe('working nodes and what a flow may send them', function () {
  this.timeout(60_000);
  before((done) => {
    helper.startServer(done);
  });
  afterEach(() => helper.unload());
  after((done) => {
    helper.stopServer(done);
  });

  for (const [what, fault, message] of HOSTILE) {
    it(`${what}: each node ends the input once, and nothing of it sticks [fault: ${fault}]`, async function () {
      // Neither Odoo nor PLC: what needs them ends in CONFIG_MISSING.
      const { flow, credentials } = await lineOnDatabase(this);
      const { send, endings, received } = await load([...flow, ...WORKING], credentials);
      for (const { id } of WORKING) {
        send(id, message());
        await waitFor(() => endings(id).length > 0, { what: `the end of the input of ${id}` });
      }
      await new Promise(setImmediate);
      for (const { id } of WORKING) {
        const outcomes = received(id, 1).length + (/^(gate|fetch|cancel)/.test(id) ? received(id, 2).length : 0);
        const [ending] = endings(id);
        assert.deepEqual([endings(id).length, outcomes], [1, ending === null ? 1 : 0], `${id} ended with ${ending}`);
      }
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    });
  }

  it(`${FLOOD} inputs at once end ${FLOOD} times [fault: nr-flood]`, async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const { send, endings, received } = await load([...flow, ...WORKING], credentials);
    // A report is real work each time; a second run of the gate ends at once.
    for (const [id, inputs] of [
      ['gate1', FLOOD],
      ['monitor1', FLOOD / 50],
    ] as const) {
      for (let input = 0; input < inputs; input += 1) send(id);
      await waitFor(() => endings(id).length >= inputs, { what: `the end of ${inputs} inputs of ${id}`, deadlineMs: 30_000, everyMs: 100 });
      // What a pool of three connections cannot serve in time is an error of that input.
      const served = endings(id).filter((ending) => ending !== 'DB_UNREACHABLE');
      assert.deepEqual([endings(id).length, [...new Set(served)]], [inputs, [null]]);
      assert.equal(received(id, 1).length + (id === 'gate1' ? received(id, 2).length : 0), served.length);
    }
  });
});
