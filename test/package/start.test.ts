import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { demoFlow, type FlowNode } from '../../scripts/demo-flow';
import { tryPort } from '../../scripts/ports';
import { checkout, temporaryFolder } from '../support/tarball';
import { waitFor } from '../support/wait';

describe('npm start', function () {
  this.timeout(180_000);
  let child: ChildProcess | undefined;
  let output = '';

  async function listen(wanted = 0): Promise<{ server: Server; port: number }> {
    const server = createServer().listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    return { server, port: (server.address() as AddressInfo).port };
  }

  function start(port: number | string, folder: string): ChildProcess {
    output = '';
    child = spawn(process.execPath, ['--import', 'tsx', 'scripts/start.ts', folder], {
      cwd: checkout,
      env: { ...process.env, PORT: String(port) },
    });
    child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
    return child;
  }

  afterEach(() => {
    child?.kill('SIGKILL');
  });

  it('says which port is taken and how to choose another', async () => {
    const { server, port } = await listen();
    const [code] = (await once(start(port, await temporaryFolder('start')), 'close')) as [number];
    server.close();
    assert.equal(code, 1);
    assert.match(output, new RegExp(`Port ${port} is taken .* PORT=${port + 1} npm start`));
  });

  it('refuses a port that is none', async () => {
    const [code] = (await once(start('http', await temporaryFolder('start')), 'close')) as [number];
    assert.equal(code, 1);
    assert.match(output, /PORT is "http", which is not a port/);
  });

  it('prints the address when it answers, keeps the flows, and ends with SIGTERM', async () => {
    const folder = await temporaryFolder('start');
    const port = await tryPort(0);
    // Whoever else has it, an Odoo of the newcomer for one: the demo stays away from it.
    const { server } = await listen(8069).catch(() => ({ server: null }));
    const running = start(port, folder);
    const up = /Smart MO Sync is up/;
    await waitFor(() => up.test(output) || running.exitCode !== null, { what: 'the addresses', deadlineMs: 90_000 });
    assert.match(output, up);
    assert.ok(output.includes(`http://127.0.0.1:${port}/`), output);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    const flows = (await (await fetch(`http://127.0.0.1:${port}/flows`)).json()) as FlowNode[];
    const of = (wanted: string): FlowNode | undefined => flows.find(({ type }) => type === wanted);
    assert.equal(of('mo-plc-simulator')?.['speed'], 10);
    assert.equal(of('mo-plc')?.['port'], of('mo-plc-simulator')?.['port']);
    const odoo = Number(of('mo-odoo-simulator')?.['port']);
    assert.notEqual(odoo, 8069);
    assert.equal(of('mo-odoo')?.['url'], `http://127.0.0.1:${odoo}`);
    assert.match(output, new RegExp(`Port 8069 is taken by another program: the simulated Odoo listens on ${odoo}`));
    server?.close();
    assert.ok(existsSync(path.join(folder, 'flows.json')));
    running.kill('SIGTERM');
    const [code] = (await once(running, 'close')) as [number];
    assert.equal(code, 0, output);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    assert.ok(!existsSync(path.join(folder, 'node-red.pid')));
  });

  it('says when Node-RED was killed from outside, where no line above holds a reason', async () => {
    const folder = await temporaryFolder('start');
    const running = start(await tryPort(0), folder);
    await waitFor(() => /Smart MO Sync is up/.test(output) || running.exitCode !== null, { what: 'the addresses', deadlineMs: 90_000 });
    process.kill(Number(readFileSync(path.join(folder, 'node-red.pid'), 'utf8')), 'SIGKILL');
    const [code] = (await once(running, 'close')) as [number];
    assert.equal(code, 1);
    assert.match(
      output,
      /Node-RED was ended from outside \(SIGKILL, by a person or by a system that ran out of memory\)\. Nothing is lost/,
    );
    assert.doesNotMatch(output, /lines above/);
  });
});

describe('the flow of the demo', () => {
  it('shortens the four timers and speeds the PLC simulator up, and leaves the rest alone', () => {
    const inject = (repeat: string): { id: string; type: string; repeat: string } => ({ id: 'a1', type: 'inject', repeat });
    const other = { id: 'b1', type: 'delay', repeat: '3600' };
    const before = [inject('3600'), inject('300'), inject('180'), inject('600'), inject(''), inject('30'), other];
    assert.deepEqual(
      demoFlow(before).map((node) => node['repeat']),
      ['60', '3', '6', '15', '', '30', '3600'],
    );
    assert.deepEqual(demoFlow([{ id: 'c1', type: 'mo-plc-simulator', port: 5020 }]), [
      { id: 'c1', type: 'mo-plc-simulator', port: 5020, speed: 10 },
    ]);
  });
});
