import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connectComms, type Comms, type DebugMessage, type NodeStatus } from './comms';
import { checkout, installedModules, removeFolder, temporaryFolder } from './tarball';

export type Flows = Record<string, unknown>[];

export interface NodeRedOptions {
  /** Deployed when Node-RED is up; credentials may stand in the nodes. */
  flows?: Flows;
  env?: Record<string, string>;
  version?: '4' | '5';
  /** Kept when given; a temporary one is removed by stop(). */
  userDir?: string;
  /** Whether the packed package is installed in the userDir. Default true. */
  install?: boolean;
  /** Further settings of settings.js, as far as JSON goes: adminAuth, smartMoSync. */
  settings?: Record<string, unknown>;
}

export interface NodeRed {
  /** Without a slash at the end; the same after a restart. */
  readonly url: string;
  readonly pid: number;
  readonly userDir: string;
  /** Everything printed so far, over all restarts. */
  log(): string;
  /** The line that holds the text. `from`: only what was printed after that many characters of log(). */
  waitForLog(what: string | RegExp, deadlineMs?: number, from?: number): Promise<string>;
  /** A request to the admin API or an endpoint; body as JSON, the answer parsed when it is JSON. */
  admin(path: string, options?: { method?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
  /** Resolves when the flows run. */
  deploy(flows: Flows, type?: 'full' | 'nodes' | 'flows' | 'reload'): Promise<void>;
  /** Presses the button of an inject node, with its own message or with this payload. */
  inject(nodeId: string, payload?: unknown): Promise<void>;
  statuses(): ReadonlyMap<string, NodeStatus>;
  debug(): readonly DebugMessage[];
  /** Sends the signal and waits for the end of the process. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and for good: throws when Node-RED does not end by itself. */
  stop(): Promise<void>;
  /** Ends it when it runs, then starts it again on the same userDir and port. */
  restart(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

const START_MS = 60_000;
const STOP_MS = 20_000;

/** Why this major of Node-RED cannot run here; null when it can. Node-RED 5 takes the Node.js named by NODE_RED_5_NODE. */
export function nodeRedMissing(version: '4' | '5'): string | null {
  return nodeFor(version) === null ? 'Node-RED 5 needs Node.js 22.9 or newer: set NODE_RED_5_NODE to one' : null;
}

function nodeFor(version: '4' | '5'): string | null {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (version === '4' || major > 22 || (major === 22 && minor >= 9)) return process.execPath;
  return process.env['NODE_RED_5_NODE'] ?? null;
}

/** A real Node-RED as a child process, on 127.0.0.1 and a free port. It ends with this process, however that ends. */
export async function startNodeRed(options: NodeRedOptions = {}): Promise<NodeRed> {
  const version = options.version ?? '4';
  const node = nodeFor(version);
  if (node === null) throw new Error(nodeRedMissing(version) ?? '');
  const userDir = options.userDir ?? (await temporaryFolder('userdir'));
  await prepare(userDir, options);

  let output = '';
  const printed = new EventEmitter();
  let child: ChildProcess;
  let ended: Promise<unknown> = Promise.resolve();
  let comms: Comms | undefined;
  let port = 0;

  async function launch(): Promise<void> {
    const red = path.join(checkout, 'node_modules', version === '5' ? 'node-red-5' : 'node-red', 'red.js');
    const from = output.length;
    child = spawn(node ?? process.execPath, [red, '--userDir', userDir], {
      env: { ...process.env, NODE_OPTIONS: '', ...options.env, TEST_UI_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    ended = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text.toString();
        printed.emit('text');
      });
    }
    // The port is logged when it is open, the flows start on their own time.
    const up = await waitForLog(/now running at|Uncaught Exception|Error loading settings/, START_MS, from);
    port = Number(/:(\d+)\/?$/.exec(up.trim())?.[1]);
    if (!port) throw new Error(`Node-RED did not start:\n${output}`);
    await waitForLog(RUNNING, START_MS, from);
    comms = await connectComms(url());
  }

  const url = (): string => `http://127.0.0.1:${port}`;

  async function waitForLog(what: string | RegExp, deadlineMs = 10_000, from = 0): Promise<string> {
    const found = (line: string): boolean => (typeof what === 'string' ? line.includes(what) : what.test(line));
    // As soon as it is printed: the bench times starts by it.
    const late = new AbortController();
    const deadline = setTimeout(() => late.abort(), deadlineMs);
    try {
      for (;;) {
        const line = output.slice(from).split('\n').find(found);
        if (line !== undefined) return line;
        if (late.signal.aborted) throw new Error(`Waited ${deadlineMs} ms for "${String(what)}" in the log; the log was:\n${output}`);
        await once(printed, 'text', { signal: late.signal }).catch(() => undefined);
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  async function admin(where: string, { method = 'GET', body, headers = {} }: Parameters<NodeRed['admin']>[1] = {}): Promise<Answer> {
    const response = await fetch(new URL(where, `${url()}/`), {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: json ? (JSON.parse(text) as unknown) : text };
  }

  function expect(answer: Answer, what: string): void {
    if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async function deploy(flows: Flows, type: 'full' | 'nodes' | 'flows' | 'reload' = 'full'): Promise<void> {
    const from = output.length;
    const headers = { 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': type };
    expect(await admin('flows', { method: 'POST', body: { flows }, headers }), 'deploy');
    await waitForLog(RUNNING, START_MS, from);
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    comms?.close();
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  }

  async function end(): Promise<void> {
    const started = Date.now();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await kill('SIGTERM');
    clearTimeout(timer);
    if (Date.now() - started >= STOP_MS) throw new Error(`Node-RED did not stop within ${STOP_MS} ms; the log was:\n${output}`);
  }

  await launch().catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const nodeRed: NodeRed = {
    get url() {
      return url();
    },
    get pid() {
      return child.pid ?? 0;
    },
    userDir,
    log: () => output,
    waitForLog,
    admin,
    deploy,
    async inject(nodeId, payload) {
      const props = [{ p: 'payload', v: JSON.stringify(payload), vt: 'json' }];
      const body = payload === undefined ? {} : { __user_inject_props__: props };
      expect(await admin(`inject/${nodeId}`, { method: 'POST', body }), `inject ${nodeId}`);
    },
    statuses: () => comms?.statuses ?? new Map<string, NodeStatus>(),
    debug: () => comms?.debug ?? [],
    kill,
    async stop() {
      await end();
      if (options.userDir === undefined) await removeFolder(userDir);
    },
    async restart() {
      if (child.exitCode === null && child.signalCode === null) await end();
      await launch();
    },
  };
  if (options.flows) {
    try {
      await deploy(options.flows);
    } catch (error) {
      await nodeRed.stop();
      throw error;
    }
  }
  return nodeRed;
}

/** What Node-RED logs when a start or a deploy is through. */
const RUNNING = /Started (modified )?(flows|nodes)|Waiting for missing types|Flows stopped/;

async function prepare(userDir: string, { install = true, settings = {} }: NodeRedOptions): Promise<void> {
  await mkdir(userDir, { recursive: true });
  if (install) {
    const modules = path.join(userDir, 'node_modules');
    if (!existsSync(modules)) await symlink(await installedModules(), modules, 'junction');
  }
  const all = {
    flowFile: 'flows.json',
    uiHost: '127.0.0.1',
    credentialSecret: 'only for tests',
    debugMaxLength: 1_000_000,
    telemetry: { enabled: false, updateNotification: false },
    // Without catalogues the editor asks nothing of the internet.
    editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
    lang: 'en-US',
    logging: { console: { level: 'info', metrics: false, audit: false } },
    ...settings,
  };
  const text = `process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
module.exports = { ...${JSON.stringify(all, null, 2)}, uiPort: Number(process.env.TEST_UI_PORT) };
`;
  await writeFile(path.join(userDir, 'settings.js'), text);
  // On a slow machine the first tip comes before the place where the editor shows it: an error of its page.
  const editor = { view: { 'view-show-tips': false } };
  await writeFile(path.join(userDir, '.config.users.json'), JSON.stringify({ _: { editor } }));
}
