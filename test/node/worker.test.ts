import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import type { Node, NodeAPI } from 'node-red';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import { logTask, type Run, runTask } from '../../src/line/run';
import { SmartMoError } from '../../src/errors';
import type { Config } from '../../nodes/support/types';
import { startWorker } from '../../nodes/support/worker';
import { waitFor } from '../support/wait';
import { type FlowNode, lineOnDatabase, load } from './flow';

type Task = (line: Line, run: Run, message: Record<string, unknown>) => Promise<Outcome>;

/** A node type that does what the test says; everything else of it is the real thing. */
function probe(task: Task, oneAtATime = false) {
  return (RED: NodeAPI): void => {
    RED.nodes.registerType('probe', function (this: Node, config: Config) {
      RED.nodes.createNode(this, config);
      startWorker(RED, this, config, {
        outputs: 2,
        staleFactor: 1,
        oneAtATime,
        settings: (read) => ({ settle: read.number('settle', { fallback: 2, min: 0, max: 60 }) }),
        task: (line, run, _settings, message) => task(line, run, message),
      });
    });
  };
}

function outcome(line: Line, more: Partial<Outcome> = {}): Outcome {
  return {
    port: 1,
    payload: { line: line.line, at: line.clock.now().toISOString(), text: 'done' },
    events: [],
    status: { fill: 'green', shape: 'dot', text: 'done 14:00' },
    ...more,
  };
}

const PROBE: FlowNode = { id: 'probe1', type: 'probe', line: 'line1' };

describe('working nodes', () => {
  before((done) => {
    helper.startServer(done);
  });
  afterEach(() => helper.unload());
  after((done) => {
    helper.stopServer(done);
  });

  it('answer an input with the input itself, and send events as new messages', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const task: Task = async (line) =>
      outcome(line, {
        statusCode: 409,
        events: [{ port: 2, event: 'bad-slot', code: 'bad-value', payload: { line: 'main', at: '', text: 'slot 3' } }],
      });
    const { send, wait, received, endings } = await load([...flow, PROBE], credentials, [probe(task)]);

    send('probe1', { topic: 'mine', payload: { mo_id: 'x' }, req: { url: '/' }, res: { end: 1 } });
    const answer = await wait('probe1', 1);
    assert.equal(answer.topic, 'mine');
    assert.deepEqual(answer['req'], { url: '/' });
    assert.deepEqual([answer['line'], answer['statusCode']], ['main', 409]);
    assert.deepEqual(Object.keys(answer.payload as object), ['line', 'at', 'text']);

    const event = await wait('probe1', 2);
    assert.equal(event.topic, 'main/bad-slot/bad-value');
    assert.deepEqual(Object.keys(event).sort(), ['_msgid', 'line', 'payload', 'topic']);
    assert.equal(received('probe1', 1).length, 1);
    await waitFor(() => endings('probe1').length === 1, { what: 'the end of the input' });
    assert.deepEqual(endings('probe1'), [null]);
  });

  it('tell the task who asked, at most 64 characters, "flow" by default', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const actors: string[] = [];
    const task: Task = async (line, run) => (actors.push(run.actor), outcome(line));
    const { send, wait } = await load([...flow, PROBE], credentials, [probe(task)]);
    for (const actor of [undefined, 'Ana', 7, '', 'x'.repeat(70)]) send('probe1', { actor });
    await wait('probe1', 1, 5);
    assert.deepEqual(actors, ['flow', 'Ana', 'flow', 'flow', 'x'.repeat(64)]);
  });

  it('survive messages that are no objects and payloads that are null [fault: nr-message-of-no-object]', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const payloads: unknown[] = [];
    const task: Task = async (line, _run, message) => (payloads.push(message['payload']), outcome(line));
    const { send, received } = await load([...flow, PROBE], credentials, [probe(task)]);
    for (const message of [{ payload: null }, 'text', 5, ['list'], {}]) send('probe1', message);
    await waitFor(() => received('probe1', 1).length === 5, { what: 'five answers' });
    // Node-RED puts a _msgid on the array.
    assert.deepEqual(payloads.map(String), ['null', 'text', '5', 'list', 'undefined']);
  });

  it('refuse a message of another line [fault: nr-flow-of-another-line]', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    let ran = 0;
    const task: Task = async (line) => (ran++, outcome(line));
    const { send, wait, endings, log, status } = await load([...flow, PROBE], credentials, [probe(task)]);
    send('probe1', { line: 'line2' });
    await waitFor(() => endings('probe1').length === 1, { what: 'the refusal' });
    assert.deepEqual(endings('probe1'), ['LINE_MISMATCH']);
    assert.match(status('probe1')?.text ?? '', /^LINE_MISMATCH since \d\d:\d\d$/);
    assert.match(log('probe1')[0] ?? '', /^LINE_MISMATCH: .*line2.*main/);
    assert.equal(ran, 0);
    send('probe1', { line: 'main' });
    assert.equal((await wait('probe1', 1))['line'], 'main');
  });

  it('say which setting is wrong, at deploy and at every input', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const nodes = [
      { ...PROBE, id: 'settle', name: 'Fast', settle: '61' },
      { ...PROBE, id: 'none', line: '' },
      { ...PROBE, id: 'gone', line: 'nowhere' },
    ];
    const { send, endings, status, log } = await load([...flow, ...nodes], credentials, [probe(async (line) => outcome(line))]);
    const wanted = {
      settle: ['CONFIG_INVALID', /settle of probe "Fast" is "61"/],
      none: ['CONFIG_MISSING', /line of probe none is empty/],
      gone: ['CONFIG_MISSING', /line of probe gone/],
    } as const;
    for (const [id, [code, text]] of Object.entries(wanted)) {
      assert.deepEqual({ ...status(id), text: '' }, { fill: 'red', shape: 'ring', text: '' });
      assert.ok(status(id)?.text.startsWith(code), status(id)?.text);
      send(id);
      send(id);
      await waitFor(() => endings(id).length === 2, { what: `the errors of ${id}` });
      assert.deepEqual(endings(id), [code, code]);
      assert.match(log(id).at(-1) ?? '', text);
    }
  });

  it('end in one error when the task throws, and log it once before', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const task: Task = (line, run) =>
      runTask(
        line,
        'read',
        run,
        () => outcome(line),
        async () => {
          run.progress('reading slot 4 of 10');
          logTask(line, 'read', run, 'PLC read sync task running...');
          throw new SmartMoError('PLC_TIMEOUT', 'the PLC at 10.0.0.5 did not answer within 2 s', { class: 'transient' });
        },
      );
    const { send, endings, status, log, received } = await load(
      [...flow, PROBE, { id: 'catch1', type: 'catch', z: 'tab', x: 0, y: 0, wires: [[]] }],
      credentials,
      [probe(task)],
    );
    send('probe1');
    await waitFor(() => endings('probe1').length === 1, { what: 'the error' });
    assert.deepEqual(endings('probe1'), ['PLC_TIMEOUT']);
    assert.match(status('probe1')?.text ?? '', /^PLC_TIMEOUT since \d\d:\d\d$/);
    assert.deepEqual(log('probe1'), [
      '[TASK 2] PLC read sync task running...',
      '[TASK 2] Error in PLC read task: PLC_TIMEOUT: the PLC at 10.0.0.5 did not answer within 2 s',
    ]);
    assert.deepEqual([...received('probe1', 1), ...received('probe1', 2)], []);
  });

  it('turn green into grey when it is older than the line allows', async function () {
    const { flow, credentials } = await lineOnDatabase(this, { staleAfterMinutes: 0.001 });
    const { send, status } = await load([...flow, PROBE], credentials, [probe(async (line) => outcome(line))]);
    send('probe1');
    await waitFor(() => status('probe1')?.fill === 'green', { what: 'green', everyMs: 1 });
    await waitFor(() => status('probe1')?.fill === 'grey', { what: 'grey' });
    assert.deepEqual(status('probe1'), { fill: 'grey', shape: 'dot', text: 'done 14:00' });
  });

  it('take their inputs one after another where that is asked for', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    const gates: (() => void)[] = [];
    const task: Task = (line) => new Promise((resolve) => gates.push(() => resolve(outcome(line))));
    const { send, wait } = await load([...flow, PROBE], credentials, [probe(task, true)]);
    for (let input = 1; input <= 3; input++) send('probe1');
    for (let input = 1; input <= 3; input++) {
      await waitFor(() => gates.length === input, { what: `run ${input}` });
      gates[input - 1]?.();
      await wait('probe1', 1, input);
    }
    assert.equal(gates.length, 3);
  });

  it('close in the middle of a run: the run is told, the input ends once, nothing is sent', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    let runs = 0;
    const task: Task = async (line, run) => {
      runs++;
      await line.clock.sleep(60_000, run.signal).catch(() => undefined);
      return outcome(line);
    };
    const { send, endings, received } = await load([...flow, PROBE], credentials, [probe(task)]);
    send('probe1');
    await waitFor(() => runs === 1, { what: 'the start' });
    const started = Date.now();
    await helper.clearFlows();
    assert.ok(Date.now() - started < 2000, `closed after ${Date.now() - started} ms`);
    assert.deepEqual(endings('probe1'), ['CLOSED']);
    assert.deepEqual(received('probe1', 1), []);
  });

  it('close within 2 s although a run and the inputs behind it never end [fault: nr-close-in-a-run]', async function () {
    const { flow, credentials } = await lineOnDatabase(this);
    let runs = 0;
    let late = (): void => undefined;
    const task: Task = (line) => (runs++, new Promise((resolve) => (late = () => resolve(outcome(line)))));
    const { send, endings, received } = await load([...flow, PROBE], credentials, [probe(task, true)]);
    send('probe1');
    send('probe1');
    await waitFor(() => runs === 1, { what: 'the first run' });
    const started = Date.now();
    await helper.clearFlows();
    assert.ok(Date.now() - started < 2000, `closed after ${Date.now() - started} ms`);
    assert.deepEqual(endings('probe1'), ['CLOSED', 'CLOSED']);
    late();
    await new Promise(setImmediate);
    assert.deepEqual([runs, endings('probe1').length, received('probe1', 1).length], [1, 2, 0]);
  });
});
