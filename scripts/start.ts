import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demoFlow, type FlowNode, mergeFlows, onPorts } from './demo-flow';
import { tryPort } from './ports';

/**
 * `npm start [-- folder]`: Node-RED with this checkout's nodes and the simulated plant, on 127.0.0.1:PORT (1880).
 * Flows, database and secrets are kept in `.data` or in the folder named; the example is copied only when there are no flows yet.
 */
const root = path.resolve(__dirname, '..');
const data = path.resolve(root, process.argv[2] ?? '.data');
/** What is deployed when there are no flows yet; the simulated plant first, because its configuration nodes count. */
const EXAMPLES = ['05 - Simulated plant', '03 - Line dashboard', '07 - Break the simulated plant', '04 - Operator HTTP API'];
const flowsFile = path.join(data, 'flows.json');
const pidFile = path.join(data, 'node-red.pid');
const port = Number(process.env['PORT'] ?? 1880);
const url = `http://127.0.0.1:${port}`;
/** Of the simulators, in the example. */
const ODOO_PORT = 8069;
const PLC_PORT = 5020;
const START_MS = 60_000;
const STOP_MS = 20_000;

/** A sentence for the person at the terminal; no stack. */
class Refusal extends Error {}

async function main(): Promise<void> {
  await checkPort();
  mkdirSync(data, { recursive: true, mode: 0o700 });
  checkFolder();
  buildWhenNeeded();
  writeSettings();

  const token = process.env['SMART_MO_API_TOKEN'] ?? kept('api-token');

  // A process group of its own: Ctrl-C reaches this process alone, which then ends Node-RED in order.
  const child = spawn(process.execPath, [require.resolve('node-red/red.js'), '--userDir', data], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
    // Without it the web server answers a request that it cannot read with a stack trace.
    env: { NODE_ENV: 'production', ...process.env, SMART_MO_API_TOKEN: token },
  });
  writeFileSync(pidFile, String(child.pid));
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const run = { stopping: false };
  const stop = (): void => {
    // One Ctrl-C may arrive twice, from the terminal and from npm: a repeated one forces nothing.
    if (run.stopping) return;
    run.stopping = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // npm passes SIGTERM to the shell between it and this process, and the shell just dies: notice that.
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500);

  let failure: Error | undefined;
  try {
    await untilUp(child);
    if (!existsSync(flowsFile)) await deployDemo();
    announce(token);
  } catch (error) {
    if (!run.stopping) failure = error as Error;
    if (failure) stop();
  }
  const [code, signal] = await ended;
  clearInterval(orphaned);
  rmSync(pidFile, { force: true });
  if (failure) throw failure;
  if (!run.stopping) throw new Refusal(`Node-RED ${endOf(code, signal)}`);
}

/** A process that was killed has said nothing about it. */
function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `ended by itself (code ${code ?? 1}); the reason is in the lines above.`;
  const memory = signal === 'SIGKILL' ? ', by a person or by a system that ran out of memory' : '';
  return `was ended from outside (${signal}${memory}). Nothing is lost: npm start goes on where it stopped.`;
}

async function checkPort(): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Refusal(
      `PORT is "${process.env['PORT'] ?? ''}", which is not a port: choose a number from 1 to 65535, as in PORT=1881 npm start`,
    );
  }
  try {
    await tryPort(port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const other = `choose another one, as in PORT=${port + 1} npm start`;
    throw new Refusal(
      code === 'EADDRINUSE'
        ? `Port ${port} is taken by another program, perhaps by a Node-RED that already runs: ${other}`
        : `Port ${port} cannot be opened (${message}): ${other}`,
      { cause: error },
    );
  }
}

/** Two Node-REDs on one folder would overwrite each other's flows and share one database. */
function checkFolder(): void {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  if (pid > 0 && isNodeRed(pid)) {
    throw new Refusal(
      `Node-RED already runs on ${data} (process ${pid}): stop it, or name another folder, as in npm start -- .data/second`,
    );
  }
}

function isNodeRed(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // After a power cut the number may belong to another program; Linux says to which.
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').includes('node-red');
}

function buildWhenNeeded(): void {
  const built = path.join(root, 'dist');
  const newest = Math.max(...['nodes', 'src', 'icons', 'tsconfig.json'].map((name) => newestChange(path.join(root, name))));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  console.log('Building...');
  const build = spawnSync(process.execPath, ['--import', 'tsx', path.join(__dirname, 'build.ts')], { cwd: root, stdio: 'inherit' });
  if (build.status !== 0) throw new Refusal('The build failed; the reason is in the lines above.');
}

function newestChange(file: string): number {
  const entries = statSync(file).isDirectory() ? readdirSync(file) : [];
  return Math.max(statSync(file).mtimeMs, ...entries.map((entry) => newestChange(path.join(file, entry))));
}

/** A random secret that survives restarts. */
function kept(name: string): string {
  const file = path.join(data, name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

function writeSettings(): void {
  const settings = {
    flowFile: 'flows.json',
    flowFilePretty: true,
    uiHost: '127.0.0.1',
    uiPort: port,
    // The checkout is a package with nodes, examples, locales and icons; Node-RED loads it from where it is.
    nodesDir: [root],
    credentialSecret: kept('credential-secret'),
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, projects: { enabled: false } },
  };
  // When the process that started Node-RED is gone, so is the channel between them, and Node-RED stops.
  const text = `// Written by npm start at every start.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
module.exports = ${JSON.stringify(settings, null, 2)};
`;
  writeFileSync(path.join(data, 'settings.js'), text, { mode: 0o600 });
}

async function untilUp(child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await answers())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Refusal(`While it was starting, Node-RED ${endOf(child.exitCode, child.signalCode)}`);
    if (Date.now() > deadline) throw new Refusal(`Node-RED did not answer on ${url} within ${START_MS / 1000} s.`);
    await delay(200);
  }
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`${url}/settings`)).ok;
  } catch {
    return false;
  }
}

/** Through the admin API, which moves credentials out of the nodes into their encrypted file. */
async function deployDemo(): Promise<void> {
  const files = EXAMPLES.map((name) => JSON.parse(readFileSync(path.join(root, 'examples', `${name}.json`), 'utf8')) as FlowNode[]);
  const ports = { odoo: await portFor('Odoo', ODOO_PORT), plc: await portFor('PLC', PLC_PORT) };
  const flows = onPorts(demoFlow(mergeFlows(files)), ports);
  const answer = await fetch(`${url}/flows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(flows),
  });
  if (!answer.ok) throw new Refusal(`Node-RED did not take the example flow (${answer.status}): ${await answer.text()}`);
}

/** Where an Odoo of one's own listens, say, the demo must neither fail nor talk to it. */
async function portFor(what: string, wanted: number): Promise<number> {
  return tryPort(wanted).catch(async () => {
    const port = await tryPort(0);
    console.log(`Port ${wanted} is taken by another program: the simulated ${what} listens on ${port}.`);
    return port;
  });
}

/** Names only what the flows really hold. */
function announce(token: string): void {
  const text = readFileSync(flowsFile, 'utf8');
  const dashboard = (JSON.parse(text) as FlowNode[]).find((node) => node.type === 'ui-base');
  const lines = [`Editor     ${url}/`];
  if (dashboard) lines.push(`Dashboard  ${url}${String(dashboard['path'])}`);
  if (text.includes('SMART_MO_API_TOKEN')) lines.push(`HTTP API   ${url}/admin/monitor/real-time`, `API token  ${token}`);
  console.log(`\nSmart MO Sync is up. Stop it with Ctrl-C.\n\n  ${lines.join('\n  ')}\n`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Refusal ? `\n${error.message}` : error);
  process.exitCode = 1;
});
