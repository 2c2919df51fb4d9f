import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { change, example, together } from '../support/example';
import { type Flows, type NodeRed, startNodeRed } from '../support/node-red';
import { checkout, temporaryFolder } from '../support/tarball';

/** What an operator may ask of a process. */
export type Wish = 'cancel' | 'park';

/** One of the processes that share the database. It ends with this process, however that ends. */
export interface Member {
  readonly name: string;
  readonly pid: number;
  /** Resolves when its tasks run. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** In order. */
  stop(): Promise<void>;
  /** Node-RED only. */
  redeploy?(): Promise<void>;
  /** The answer counts for nothing: the tables tell what became of it. */
  ask(wish: Wish, moId: string): Promise<void>;
  /** The end of what it printed. */
  lastWords(): string;
}

const LAST_WORDS = 4000;
const TOKEN = 'of the operator';
/** Seconds between two runs, by the name of the timer. */
const TIMERS: Record<string, string> = {
  'every 60 minutes': '1.7',
  'every 5 minutes': '1.3',
  'every 3 minutes': '0.9',
  'every 10 minutes': '5',
};
/** Seconds. Short, so that a hanging Odoo and a lease left behind end within the run. */
export const ODOO_TIMES = { timeout: 1, retryMin: 0.2, retryMax: 1 };

/** The shipped pipeline and its HTTP API, in a hurry. */
function hastyFlows(): Flows {
  const all = together(example('01 - Smart MO Sync'), example('04 - Operator HTTP API'));
  const times = Object.fromEntries(Object.entries(ODOO_TIMES).map(([key, value]) => [key, String(value)]));
  const hasty = change(change(change(all, 'plc-batch-reader', { settle: '0.1' }), 'mo-odoo', times), 'mo-plc', { timeout: '1' });
  return change(hasty, 'debug', { active: false }).map((node) => {
    const repeat = node['type'] === 'inject' ? TIMERS[String(node['name'])] : undefined;
    return repeat === undefined ? node : { ...node, repeat, onceDelay: '0.1' };
  });
}

/** A Node-RED with the packed package. A restart begins a new log, so that a long run does not fill the memory. */
export async function createNodeRed(name: string, env: Record<string, string>): Promise<Member> {
  const userDir = await temporaryFolder('soak');
  const options = { userDir, env: { ...env, SMART_MO_API_TOKEN: TOKEN } };
  const flows = hastyFlows();
  let nodeRed: NodeRed | undefined;
  let deploys = 0;

  function running(): NodeRed {
    if (!nodeRed) throw new Error(`${name} was never started`);
    return nodeRed;
  }

  return {
    name,
    get pid() {
      return running().pid;
    },
    async start() {
      // From the second time on the flows are in its user directory.
      nodeRed = await startNodeRed(nodeRed ? options : { ...options, flows });
    },
    kill: () => running().kill('SIGKILL'),
    stop: async () => nodeRed?.stop(),
    async redeploy() {
      deploys += 1;
      const types = ['full', 'flows', 'nodes'] as const;
      const renamed = flows.map((node) =>
        /^(mo-|odoo-|plc-|batch-)/.test(String(node['type'])) ? { ...node, name: `take ${deploys}` } : node,
      );
      await running().deploy(renamed, types[deploys % types.length]);
    },
    async ask(wish, moId) {
      const where = `admin/manual/${wish}-batch`;
      const headers = { authorization: `Bearer ${TOKEN}` };
      await running().admin(where, { method: 'POST', body: { mo_id: moId, notes: 'asked by the soak' }, headers });
    },
    lastWords: () => nodeRed?.log().slice(-LAST_WORDS) ?? '',
  };
}

/** A process that runs the tasks of src without Node-RED: a fraction of the memory, the same tables. */
export function createWorker(name: string, env: Record<string, string>): Member {
  let child: ChildProcess | undefined;
  let printed = '';

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  return {
    name,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const started = spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'worker.ts')], {
        cwd: checkout,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      child = started;
      for (const stream of [started.stdout, started.stderr]) {
        stream?.on('data', (text: Buffer) => (printed = (printed + text.toString()).slice(-LAST_WORDS)));
      }
      const ended = once(started, 'exit').then(() => 'ended');
      const [first] = await Promise.race([once(started, 'message'), ended]);
      if (first !== 'ready') throw new Error(`${name} did not start:\n${printed}`);
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async ask(wish, moId) {
      if (child?.connected) child.send({ wish, moId });
    },
    lastWords: () => printed,
  };
}
