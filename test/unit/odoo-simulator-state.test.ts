import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startOdooSimulator, type OdooSimulator } from '../../src/simulators/odoo/simulator';
import { openStateFile } from '../../src/simulators/state-file';
import { call, consumed, DONE_CONTEXT, order, weighed } from '../support/odoo-simulator-client';

const ROOT = path.join(__dirname, '..', '..');

describe('Odoo simulator: state', () => {
  let directory: string;
  let stateFile: string;

  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'odoo-simulator-'));
    stateFile = path.join(directory, 'deeper', 'state.json');
  });
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  const start = (file = stateFile) => startOdooSimulator({ port: 0, orders: 5, stateFile: file });
  const picture = (sim: OdooSimulator) => ({ orders: sim.orders(), effects: sim.effects() });

  async function push(sim: OdooSimulator): Promise<void> {
    await call(sim, 'mrp.production', 'write', [[1], { qty_producing: 980, move_raw_ids: consumed(weighed(order(sim, 1))) }]);
  }

  it('goes on after a restart where it stopped', async () => {
    const first = await start();
    await push(first);
    await call(first, 'mrp.production', 'button_mark_done', [[1]], { context: DONE_CONTEXT });
    await first.command({ action: 'cancel', mo_id: 'WH/MO/00002' });
    const before = picture(first);
    await first.close();

    const second = await start();
    assert.deepEqual(picture(second), before);
    await second.command({ action: 'orders', count: 1 });
    assert.equal(second.orders().at(-1)?.mo_id, 'WH/MO/00008', 'numbers go on');
    await second.close();
  });

  it('has on the disk whatever it has answered, so that a kill loses nothing', async () => {
    const sim = await start();
    const copies: [string, ReturnType<typeof picture>][] = [];
    const copy = () => {
      const file = path.join(directory, `copy-${copies.length}.json`);
      fs.copyFileSync(stateFile, file);
      copies.push([file, structuredClone(picture(sim))]);
    };
    copy();
    await push(sim);
    copy();
    await call(sim, 'mrp.production', 'button_mark_done', [[1]], { context: DONE_CONTEXT });
    copy();
    await sim.command({ action: 'delete', mo_id: 'WH/MO/00003' });
    copy();
    await sim.close();
    for (const [file, expected] of copies) {
      const restarted = await start(file);
      assert.deepEqual(picture(restarted), expected);
      await restarted.close();
    }
  });

  it('survives kill -9 in the middle of a stream of writes', async () => {
    const script = `require('./src/simulators/odoo/simulator').startOdooSimulator({ port: 0, orders: 5, stateFile: process.argv[1] }).then((sim) => console.log(sim.url));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--eval', script, stateFile], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const stream = async (): Promise<never> => {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const url = line.toString().trim();
      for (let quantity = 1; ; quantity++) {
        await call({ url }, 'mrp.production', 'write', [[1], { qty_producing: quantity }]);
        answered = quantity;
        // Not awaited: the signal falls anywhere into the writes that follow.
        if (quantity === 20) setImmediate(() => child.kill('SIGKILL'));
      }
    };
    let answered = 0;
    await Promise.race([stream().catch(() => undefined), ended]);
    child.kill('SIGKILL');
    await ended;
    assert.ok(answered >= 20, `answered ${answered}`);
    const sim = await start();
    const stored = order(sim, 1).qty_producing;
    assert.ok(stored === answered || stored === answered + 1, `answered ${answered}, stored ${stored}`);
    await sim.close();
  });

  it('tells what is wrong with a state file that is not its own', async () => {
    fs.mkdirSync(path.dirname(stateFile));
    fs.writeFileSync(stateFile, '{');
    await assert.rejects(start(), /is not JSON; delete it/);
    fs.writeFileSync(stateFile, '{"slots": []}');
    await assert.rejects(start(), /is not one of the Odoo simulator; delete it/);
  });

  it('answers 500 and reports when the state cannot be written, and goes on when it can again', async () => {
    const problems: string[] = [];
    const sim = await startOdooSimulator(
      { port: 0, orders: 5, stateFile },
      { onEvent: ({ event, text }) => event === 'problem' && problems.push(text) },
    );
    fs.mkdirSync(`${stateFile}.tmp`);
    await assert.rejects(call(sim, 'mrp.production', 'write', [[1], { qty_producing: 5 }]));
    assert.match(problems.join(), /write failed in the simulator: .*(EISDIR|directory)/);
    fs.rmdirSync(`${stateFile}.tmp`);
    assert.equal(await call(sim, 'mrp.production', 'write', [[1], { qty_producing: 6 }]), true);
    await sim.close();
  });

  describe('state file', () => {
    it('has the last value on the disk when save resolves, however many saves run at once', async () => {
      const file = openStateFile(stateFile, { count: 0 });
      const seen = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          file.value = { count: index + 1 };
          await file.save();
          return [index + 1, (JSON.parse(fs.readFileSync(stateFile, 'utf8')) as { count: number }).count] as const;
        }),
      );
      for (const [saved, onDisk] of seen) assert.ok(onDisk >= saved, `saved ${saved}, on disk ${onDisk}`);
      assert.deepEqual(openStateFile(stateFile, { count: 0 }).value, { count: 50 });
      assert.deepEqual(fs.readdirSync(path.dirname(stateFile)), ['state.json'], 'no temporary file is left');
    });

    it('writes nothing without a path', async () => {
      const file = openStateFile(null, { count: 0 });
      file.value = { count: 1 };
      await file.save();
      assert.deepEqual(fs.readdirSync(directory), []);
    });
  });
});
