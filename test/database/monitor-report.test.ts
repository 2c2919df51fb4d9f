import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../src/clock';
import type { Database } from '../../src/database/database';
import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Outcome } from '../../src/line/outcome';
import { runReport } from '../../src/monitor/report';
import type { QueuedBatch } from '../../src/monitor/queued-batch';
import type { Odoo } from '../../src/odoo/odoo';
import { type Plant, startPlant } from '../support/plant';
import { waitFor } from '../support/wait';

const issues = ({ payload }: Outcome): string[] => (payload['issues'] as { code: string }[]).map(({ code }) => code).sort();
const alarms = ({ events }: Outcome): string[] =>
  events.map(({ payload }) => `${String(payload['code'])} ${String(payload['state'])}`).sort();

describe('reports of the line', () => {
  let plant: Plant;
  beforeEach(async function () {
    plant = await startPlant(this, { slots: 3, orders: 6 });
  });
  afterEach(() => plant.close());

  const later = (minutes: number): Clock => ({ ...systemClock, now: () => new Date(Date.now() + minutes * 60_000) });
  /** The line without its database. */
  function cutOff(): Line {
    const down = (): Promise<never> => Promise.reject(new SmartMoError('DB_UNREACHABLE', 'the cable is out', { class: 'transient' }));
    const database: Database = { ...plant.database, query: down, transaction: down };
    return { ...plant.otherProcess(), database };
  }

  it('health is well when everything is', async () => {
    await plant.fetch();
    await plant.load();
    await plant.read();
    const outcome = await plant.report('health');
    assert.deepEqual([outcome.payload['status'], outcome.payload['issues'], outcome.statusCode], ['ok', [], undefined]);
    assert.equal(outcome.status.fill, 'green');
    assert.equal(plant.log.at(-1), '[TASK 4] Health: ok, 0 issue(s)');
  });

  it('with the database down health and real-time are answered all the same, and the alarm is told once per process', async () => {
    await plant.fetch();
    const line = cutOff();
    const { report } = plant.on(line);
    const first = await report('health');
    assert.deepEqual(
      [first.statusCode, first.payload['status'], issues(first), alarms(first)],
      [503, 'critical', ['database-down'], ['database-down raised']],
    );
    assert.deepEqual(alarms(await report('health')), []);
    const picture = (await report('real-time')).payload;
    assert.deepEqual(
      [picture['word'], picture['is_empty'], picture['batches'], (picture['links'] as { database: { state: string } }).database.state],
      ['NO DATABASE', false, [], 'down'],
    );
    const back = { ...line, database: plant.database };
    assert.ok(alarms(await plant.on(back).report('health')).includes('database-down cleared'));
    assert.ok(!alarms(await plant.on(back).report('health')).includes('database-down cleared'));
    for (const name of ['batch-status', 'history', 'failed-to-push']) await assert.rejects(report(name), { name: 'DB_UNREACHABLE' });
  });

  it('an MO cancelled, changed or done by a person in Odoo is told at once, and cleared when the batch has left', async () => {
    await plant.fetch();
    await plant.read();
    const [first, second] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id: first });
    await plant.odoo.command({ action: 'done', mo_id: second });
    await plant.database.query('UPDATE {schema}.mo_batch SET quantity = quantity + 1 WHERE batch_no = 3');
    const outcome = await plant.report('health');
    assert.deepEqual(issues(outcome), ['mo-cancelled-in-odoo', 'mo-changed-in-odoo', 'mo-done-in-odoo']);
    for (const mo_id of await plant.queued()) await plant.cancel({ mo_id }, { cancelInOdoo: false });
    await plant.act('park', { mo_id: second });
    assert.deepEqual(issues(await plant.report('health')), []);
  });

  it('what our own push did while Odoo was asked is no alarm', async () => {
    await plant.fetch({ limit: 1 });
    await plant.finishAll();
    await plant.read();
    const other = plant.otherProcess();
    const odoo = other.odoo as Odoo;
    const slow: Odoo = {
      ...odoo,
      async readStates(...args) {
        await plant.complete();
        return odoo.readStates(...args);
      },
    };
    const outcome = await plant.on({ ...other, odoo: slow }).report('health');
    assert.deepEqual(issues(outcome), []);
    assert.deepEqual(await plant.queued(), []);
  });

  it('a queue whose PLC nobody reads is not well', async () => {
    await plant.fetch();
    await plant.read();
    assert.ok(!issues(await plant.report('health')).includes('plc-down'));
    await plant.age(60);
    assert.ok(issues(await plant.report('health')).includes('plc-down'));
  });

  it('a PLC that answers every read with a refusal is down, not well', async () => {
    await plant.fetch();
    await plant.load();
    await plant.read();
    plant.plc.command({ action: 'fault', fault: 'exception', exception: 4, seconds: 60 });
    await assert.rejects(plant.read(), { name: 'PLC_EXCEPTION' });
    assert.deepEqual(issues(await plant.report('health')), ['plc-down']);
    const picture = (await plant.report('real-time')).payload;
    assert.match((picture['alarms'] as { action: string }[])[0]?.action ?? '', /Compare the register map/);
    assert.deepEqual([picture['word'], (picture['links'] as { plc: { state: string } }).plc.state], ['NO PLC', 'down']);
    plant.plc.command({ action: 'clear' });
    await plant.read();
    assert.deepEqual(issues(await plant.report('health')), []);
    assert.equal((await plant.report('real-time')).payload['word'], 'RUNNING');
  });

  it('a batch that stands still is stuck, a line that stands still is blocked, and no light is green', async () => {
    await plant.fetch({ limit: 1 });
    await plant.finishAll();
    await plant.read();
    await plant.age(31);
    assert.deepEqual(issues(await plant.report('health')), ['gate-blocked', 'plc-down', 'stuck']);
    const picture = await plant.report('real-time');
    assert.deepEqual([picture.payload['word'], picture.status.fill], ['BLOCKED', 'red']);
  });

  it('a batch that the PLC gave up says so before the line counts as blocked and after it', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    await plant.plcHasTaken();
    plant.plc.command({ action: 'fail', slot: 1 });
    await plant.read();
    for (const minutes of [0, 31]) {
      await plant.age(minutes);
      await plant.database.query("UPDATE {schema}.mo_task SET ok_at = now() WHERE task = 'read'");
      const { word, why } = (await plant.report('real-time')).payload;
      assert.equal(word, 'BLOCKED');
      assert.match(String(why), /^slot 1 WH\/MO\/\d+: the PLC says the batch failed$/, `after ${minutes} min`);
    }
    // One instruction: that of the failed batch.
    assert.deepEqual(issues(await plant.report('health')), ['failed-bit', 'gate-blocked']);
  });

  it('a batch that Odoo keeps turning away is stuck since it was weighed, however often it is tried', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    const { database } = plant;
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.complete());
    await database.query('ALTER TABLE {schema}.mo_batch DISABLE TRIGGER mo_batch_guard');
    await database.query(
      `UPDATE {schema}.mo_batch SET finished_at = now() - interval '2 h', updated_at = CASE batch_no WHEN 1 THEN now() ELSE now() - interval '2 h' END`,
    );
    await database.query('ALTER TABLE {schema}.mo_batch ENABLE TRIGGER mo_batch_guard');
    assert.equal((await plant.rows())[0]?.state, 'pushing');
    // One cause, one alarm: the batches that wait for Odoo do not repeat it.
    assert.deepEqual(issues(await plant.report('health')), ['gate-blocked', 'odoo-down']);
    assert.equal((await plant.gate()).payload['reason'], 'blocked');
    assert.equal((await plant.report('real-time')).payload['word'], 'BLOCKED');
    await plant.odoo.command({ action: 'clear' });
    await waitFor(async () => issues(await plant.report('health')).includes('stuck'), { what: 'stuck, now that Odoo answers again' });
  });

  it('real-time says that finished batches wait for Odoo, and is not green over them', async () => {
    await plant.fetch({ limit: 2 });
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.complete());
    const { status, payload } = await plant.report('real-time');
    assert.deepEqual([payload['word'], payload['headline'], status.fill], ['RUNNING', 'WAITS FOR ODOO', 'yellow']);
    assert.match(payload.text, /^WAITS FOR ODOO: /);
    assert.match(String(payload['why']), /^finished batches wait for Odoo: ODOO_UNREACHABLE: /);
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'failed', last_error = 'x' WHERE state = 'finished'");
    assert.match(String((await plant.report('real-time')).payload['why']), /^finished batches wait for Odoo: /);
  });

  it('a batch that Odoo refuses is told at the first refusal, with what to do and when it is tried again', async () => {
    await plant.fetch({ limit: 2 });
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'refused', method: 'write', seconds: 60 });
    await plant.complete();
    await plant.database.query("UPDATE {schema}.mo_batch SET next_try_at = clock_timestamp() + interval '90 s' WHERE state = 'pushing'");
    const { status, payload } = await plant.report('real-time');
    assert.deepEqual([payload['word'], payload['level'], payload['refused_batches'], status.fill], ['RUNNING', 'warning', 2, 'yellow']);
    assert.equal(payload['headline'], 'WAITS FOR ODOO');
    assert.match(
      String(payload['why']),
      /^2 batches not completed yet: Odoo refused the quantities of the MO: .*; next try in (90|[78]\d) s at the earliest$/,
    );
    const [batch] = payload['batches'] as QueuedBatch[];
    assert.equal(batch?.trouble, 'Odoo refused the quantities of the MO: "The simulator was told to refuse this." (tried once)');
    assert.match(batch?.action ?? '', /^Call the ERP administrator, who puts right in Odoo what it says: it is tried again by itself/);
    await plant.letTimePass();
    assert.match(String((await plant.report('real-time')).payload['why']), /; next try when finished batches are next sent to Odoo$/);
  });

  it('says that the batch in work stands still long before it is stuck, once a read has seen it so', async function () {
    await plant.close();
    plant = await startPlant(this, { slots: 3, orders: 6, plc: { speed: 1 } });
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.plcHasTaken();
    await plant.read();
    const [first] = await plant.rows();
    const dosed = JSON.stringify({ silo_a: 12 });
    await plant.database.query(`UPDATE {schema}.mo_batch SET state = 'running', actual = $1 WHERE batch_no = 1`, [dosed]);
    const why = async (): Promise<string> => String((await plant.report('real-time')).payload['why']);
    assert.match(await why(), /^slot 1 WH\/MO\/\d+ .*is being made/);
    assert.equal((await plant.report('real-time')).payload['headline'], 'RUNNING');
    await plant.database.query("UPDATE {schema}.mo_task SET ok_at = now() + interval '6 min' WHERE task = 'read'");
    assert.match(await why(), new RegExp(`^slot 1 ${first?.mo_id} has not changed for 6 min`));
    const { status, payload } = await plant.report('real-time');
    assert.deepEqual([payload['word'], payload['headline'], status.fill], ['RUNNING', 'STANDS STILL', 'yellow']);
    // The other one waits its turn: it is not stuck as long as the PLC is at work.
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'running', actual = '{}' WHERE batch_no = 2");
    await plant.age(31);
    await plant.database.query("UPDATE {schema}.mo_task SET ok_at = now() WHERE task = 'read'");
    assert.deepEqual(
      ((await plant.report('health')).payload['issues'] as { code: string; text: string }[])
        .filter(({ code }) => code === 'stuck')
        .map(({ text }) => text.slice(0, 6)),
      ['slot 1'],
    );
  });

  it('is STARTING until the PLC has been read, whatever the tables remember', async () => {
    await plant.fetch({ limit: 2 });
    await plant.read();
    await plant.age(60);
    const started = plant.otherProcess();
    const picture = await plant.on(started).report('real-time');
    assert.deepEqual([picture.payload['word'], picture.payload['level'], picture.status.fill], ['STARTING', 'ok', 'blue']);
    assert.match(String(picture.payload['why']), /^2 batches are in the queue; the PLC has not been read since the start$/);
    assert.deepEqual(alarms(await plant.on(started).report('health')), [], 'and nothing of it is an alarm yet');
    await plant.on(started).read();
    assert.notEqual((await plant.on(started).report('real-time')).payload['word'], 'STARTING');
    // Nobody reads: that is a trouble of its own.
    await plant.finishAll();
    await plant.age(20);
    const nobodyReads = plant.on({ ...plant.otherProcess(), startedAt: later(-20).now() });
    assert.equal((await nobodyReads.report('real-time')).payload['word'], 'NO PLC');
  });

  it('band, lamp and alarm tell one moment, also after a restart', async () => {
    await plant.fetch({ limit: 1 });
    await plant.load();
    plant.plc.command({ action: 'fault', fault: 'down', seconds: 60 });
    await assert.rejects(plant.read());
    const since = async (of = plant.on(plant.line)): Promise<unknown[]> => {
      const { payload } = await of.report('real-time');
      const { plc } = payload['links'] as Record<string, { since: string }>;
      const alarm = (payload['alarms'] as { code: string; since: string }[]).find(({ code }) => code === 'plc-down');
      return [payload['word'], payload['since'], plc?.since, alarm?.since];
    };
    const [, before] = await since();
    await plant.report('health');
    assert.deepEqual(await since(), ['NO PLC', before, before, before]);
    const restarted = plant.on(plant.otherProcess());
    await assert.rejects(restarted.read());
    assert.deepEqual(await since(restarted), ['NO PLC', before, before, before]);
  });

  it('a trouble is told since the same moment before the health run writes it down and after it', async () => {
    await plant.fetch({ limit: 2 });
    await plant.read();
    await plant.finishAll();
    await plant.odoo.command({ action: 'fault', fault: 'refused', method: 'write', seconds: 60 });
    await plant.complete({ payload: { mo_id: (await plant.queued())[0] } });
    await plant.age(5);
    const keeps = async (word: string, codes: string[], on = plant.on(plant.line)): Promise<void> => {
      const told = async (): Promise<unknown[]> => {
        const { payload } = await on.report('real-time');
        const open = (payload['alarms'] as { code: string; since: string }[]).map(({ code, since }) => `${code} ${since}`).sort();
        return [payload['word'], payload['since'], open];
      };
      const first = await told();
      await on.report('health');
      assert.deepEqual(await told(), first);
      assert.deepEqual([first[0], (first[2] as string[]).map((alarm) => alarm.split(' ')[0])], [word, codes]);
    };
    await keeps('RUNNING', ['not-pushed']);
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'failed', last_error = 'x'");
    await plant.age(5);
    await keeps('BLOCKED', ['failed-batch', 'failed-batch', 'gate-blocked']);
    const mapProblem = new SmartMoError('MAP_INVALID', 'silo_a at 6028: no type');
    await keeps('BLOCKED', ['failed-batch', 'failed-batch', 'gate-blocked', 'map-invalid'], plant.on({ ...plant.line, mapProblem }));
  });

  it('a trouble that comes again is told since it came again', async () => {
    const told = async (code: string): Promise<unknown[]> => {
      await plant.report('health');
      const { payload } = await plant.report('real-time');
      const alarm = (payload['alarms'] as { code: string; since: string }[]).find((one) => one.code === code);
      return [payload['since'], alarm?.since];
    };
    await plant.act('hold', { reason: 'cleaning' });
    const first = await told('on-hold');
    await plant.act('release', { reason: 'clean' });
    await plant.act('hold', { reason: 'cleaning again' });
    const [band, alarm] = await told('on-hold');
    assert.equal(band, alarm);
    assert.ok(String(band) > String(first[0]), `${String(band)} after ${String(first[0])}`);
    await plant.act('release', { reason: 'clean' });

    await plant.fetch({ limit: 1 });
    const down = async (): Promise<unknown[]> => {
      plant.plc.command({ action: 'fault', fault: 'down', seconds: 60 });
      await assert.rejects(plant.read());
      return told('plc-down');
    };
    const [before] = await down();
    plant.plc.command({ action: 'clear' });
    await waitFor(() => plant.read(), { what: 'a good read' });
    const [again, ofAlarm] = await down();
    assert.equal(again, ofAlarm);
    assert.ok(String(again) > String(before), `${String(again)} after ${String(before)}`);
  });

  it('an Odoo that was down, up and down again between two health runs is down since the second time', async () => {
    const since = async (): Promise<string> =>
      (((await plant.report('real-time')).payload['links'] as Record<string, { since: string }>)['odoo'] as { since: string }).since;
    const away = (): Promise<unknown> => plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    await away();
    await assert.rejects(plant.fetch());
    await plant.report('health');
    const first = await since();
    await plant.odoo.command({ action: 'clear' });
    await waitFor(() => plant.line.odoo?.probe(), { what: 'an answer of Odoo' });
    await away();
    await assert.rejects(plant.fetch());
    const second = await since();
    assert.ok(second > first, `${second} after ${first}`);
    await plant.report('health');
    const { payload } = await plant.report('real-time');
    assert.deepEqual([await since(), (payload['alarms'] as { since: string }[])[0]?.since], [second, second]);
  });

  it('an Odoo that another process finds away is told by this one too, until it has asked for itself', async () => {
    const odoo = plant.otherProcess().odoo as Odoo;
    const away = new SmartMoError('ODOO_UNREACHABLE', 'the cable is out', { class: 'transient' });
    const since = (): Date => plant.line.odoo?.state().answeredAt ?? new Date();
    const other = plant.on({
      ...plant.otherProcess(),
      odoo: {
        ...odoo,
        probe: () => Promise.reject(away),
        readStates: () => Promise.reject(away),
        state: () => ({ state: 'down', since: new Date(since().getTime() + 1), error: `${away.code}: ${away.message}` }),
      },
    });
    const open = async (): Promise<string[]> => {
      const { payload } = await plant.report('real-time');
      const { odoo: lamp } = payload['links'] as Record<string, { state: string }>;
      return [...(payload['alarms'] as { code: string }[]).map(({ code }) => code), lamp?.state ?? ''];
    };
    for (const limit of [0, 1]) {
      if (limit > 0) await plant.fetch({ limit });
      else await plant.line.odoo?.probe();
      assert.deepEqual(await open(), ['ok']);
      assert.deepEqual(issues(await other.report('health')), ['odoo-down']);
      assert.deepEqual(await open(), ['odoo-down', 'down'], `${limit} in the queue`);
      assert.deepEqual(issues(await plant.report('health')), [], 'it answers this process');
    }
  });

  it('a trouble and its alarm come in the same refresh, and go in the same refresh', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.report('health');
    const codes = async (): Promise<string[]> =>
      ((await plant.report('real-time')).payload['alarms'] as { code: string }[]).map(({ code }) => code).sort();
    assert.deepEqual(await codes(), []);
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'failed', last_error = 'x' WHERE batch_no = 1");
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'running', status_operation = 1 WHERE batch_no = 2");
    assert.deepEqual(await codes(), ['failed-batch', 'failed-bit']);
    const [first, second] = await plant.queued();
    // Told by the table too: what a person clears is gone before the next task looks.
    await plant.report('health');
    await plant.odoo.command({ action: 'cancel', mo_id: second });
    await plant.report('health');
    assert.deepEqual(await codes(), ['failed-batch', 'failed-bit', 'mo-cancelled-in-odoo']);
    await plant.act('park', { mo_id: first });
    await plant.cancel({ mo_id: second });
    assert.deepEqual(await codes(), []);
  });

  it('a database clock that goes behind that of this machine makes no set look old', async () => {
    const behind = { ...plant.otherProcess(), startedAt: new Date(Date.now() + 300_000), clock: later(5.1) };
    await plant.fetch({ limit: 2 });
    assert.notEqual((await plant.on(behind).report('real-time')).payload['word'], 'STARTING');
  });

  it('a clock of this machine that is 40 min off makes nothing stuck or blocked, and hides nothing that is', async () => {
    await plant.fetch({ limit: 2 });
    await plant.finishAll();
    const seen = async (minutes: number): Promise<unknown[]> => {
      const off = plant.on({ ...plant.line, clock: later(minutes), startedAt: later(minutes - 60).now() });
      await off.read();
      const { payload } = await off.report('real-time');
      const open = (payload['alarms'] as { code: string }[]).map(({ code }) => code).sort();
      return [payload['word'], open, (await off.gate()).payload['reason'], issues(await off.report('health'))];
    };
    for (const minutes of [40, -40]) assert.deepEqual(await seen(minutes), ['RUNNING', [], 'busy', []], `${minutes} min`);
    await plant.age(35);
    const trouble = ['gate-blocked', 'stuck', 'stuck'];
    for (const minutes of [40, -40]) assert.deepEqual(await seen(minutes), ['BLOCKED', trouble, 'blocked', trouble], `${minutes} min`);
  });

  it('tells all ages by one clock, that of the database, on a machine whose clock is 5 min off', async () => {
    await plant.fetch({ limit: 1 });
    for (const minutes of [5, -5]) {
      const clock = later(minutes);
      const other = plant.otherProcess();
      const since = clock.now();
      const odoo: Odoo = {
        ...(other.odoo as Odoo),
        state: () => ({ state: 'down', since, error: 'ODOO_UNREACHABLE: no answer', answeredAt: null }),
      };
      const database: Database = { ...other.database, state: () => ({ state: 'ok', since, error: null }) };
      const { payload } = await plant.on({ ...other, clock, odoo, database }).report('real-time');
      const links = payload['links'] as Record<string, { since: string }>;
      const [alarm] = payload['alarms'] as { code: string; since: string }[];
      const [batch] = payload['batches'] as QueuedBatch[];
      assert.equal(alarm?.code, 'odoo-down');
      const told = [payload['at'], links['odoo']?.since, links['database']?.since, alarm.since, batch?.created_at];
      for (const moment of told) {
        const off = Math.abs(Date.parse(String(moment)) - Date.now());
        assert.ok(off < 60_000, `${minutes} min: one of ${told.join(', ')} is ${off} ms off`);
      }
    }
  });

  it('a map with a mistake is told as that, not as a reader that nobody triggers', async () => {
    await plant.fetch({ limit: 1 });
    await plant.read();
    const mapProblem = new SmartMoError('MAP_INVALID', 'silo_a at 6028: no type');
    await plant.age(40);
    const { report } = plant.on({ ...plant.line, mapProblem });
    assert.deepEqual(alarms(await report('health')), ['map-invalid raised']);
  });

  it('a line that stands still is blocked since its last change, in the band and in the alarm', async () => {
    await plant.fetch({ limit: 2 });
    await plant.finishAll();
    await plant.age(40);
    const { report } = plant.on({ ...plant.line, startedAt: later(-60).now() });
    await report('health');
    const { payload } = await report('real-time');
    const last = Math.max(...(await plant.rows()).map(({ updated_at }) => updated_at.getTime()));
    const alarm = (payload['alarms'] as { code: string; since: string }[]).find(({ code }) => code === 'gate-blocked');
    assert.deepEqual([payload['word'], Date.parse(String(payload['since'])), alarm?.since], ['BLOCKED', last, payload['since']]);
  });

  it('a batch that failed, here or in the PLC, is told since one moment by band and alarm, whatever happened to the others', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    const set = (slot: number, to: string): Promise<unknown> =>
      plant.database.query(`UPDATE {schema}.mo_batch SET ${to} WHERE batch_no = $1`, [slot]);
    const told = async (code: string): Promise<unknown[]> => {
      const { payload } = await plant.report('real-time');
      const alarm = (payload['alarms'] as { code: string; since: string }[]).find((one) => one.code === code);
      return [payload['word'], payload['since'], alarm?.since];
    };
    await set(1, "state = 'running', status_operation = 1");
    await plant.report('health');
    await set(2, "state = 'failed', last_error = 'x'");
    await plant.report('health');
    const [inPlc, sinceBand, sinceAlarm] = await told('failed-bit');
    assert.deepEqual([inPlc, sinceBand], ['BLOCKED', sinceAlarm]);
    await set(1, "state = 'failed', last_error = 'y'");
    await plant.report('health');
    const { payload } = await plant.report('real-time');
    const named = (payload['alarms'] as { code: string; batch_no: number; since: string }[]).find(
      ({ code, batch_no }) => code === 'failed-batch' && String(payload['why']).startsWith(`slot ${batch_no} `),
    );
    assert.deepEqual([payload['word'], payload['since']], ['BLOCKED', named?.since]);
    assert.match(JSON.stringify(payload['alarms']), /No new orders are fetched until slots 1 and 2 are cleared"/);
  });

  it('no report is green while a critical alarm is open', async () => {
    await plant.fetch({ limit: 2 });
    assert.equal((await plant.report('batch-status')).status.fill, 'green');
    const [first] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id: first });
    await plant.report('health');
    for (const name of ['real-time', 'batch-status', 'history', 'failed-to-push']) {
      const { status } = await plant.report(name);
      assert.deepEqual([name, status.fill], [name, 'yellow']);
      assert.match(status.text, /^mo-cancelled-in-odoo: /);
    }
  });

  it('the light of real-time and its level go by the alarms that it shows, not by what the last health run wrote', async () => {
    await plant.fetch({ limit: 2 });
    await plant.load();
    await plant.read();
    await plant.report('health');
    const seen = async (): Promise<unknown[]> => {
      const { status, payload } = await plant.report('real-time');
      const open = (payload['alarms'] as { code: string }[]).map(({ code }) => code);
      return [open, payload['word'], payload['level'], status.fill, status.text.startsWith('failed-batch: RUNNING: ')];
    };
    assert.deepEqual(await seen(), [[], 'RUNNING', 'ok', 'green', false]);
    await plant.database.query("UPDATE {schema}.mo_batch SET state = 'failed', last_error = 'x' WHERE batch_no = 1");
    assert.deepEqual(await seen(), [['failed-batch'], 'RUNNING', 'warning', 'yellow', true]);
    await plant.report('health');
    const [first] = await plant.queued();
    await plant.act('park', { mo_id: first });
    assert.deepEqual(await seen(), [[], 'RUNNING', 'ok', 'green', false]);
  });

  it('batch-status and real-time say the same of a batch, before a health run and after it', async () => {
    await plant.fetch({ limit: 3 });
    await plant.read();
    const [first, second] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id: first });
    await plant.report('health');
    const agree = async (place: string): Promise<void> => {
      const [status, picture] = await Promise.all(
        ['batch-status', 'real-time'].map(async (name) => (await plant.report(name)).payload['batches'] as QueuedBatch[]),
      );
      assert.deepEqual(status, picture);
      assert.equal(status?.find(({ mo_id }) => mo_id === second)?.place, place);
    };
    await agree('in_work');
    await plant.database.query('UPDATE {schema}.mo_batch SET missed_reads = 9 WHERE mo_id = $1', [second]);
    await agree('needs_you');
  });

  it('a report that a deploy ends after it claimed its alarms gives them back', async () => {
    await plant.fetch({ limit: 1 });
    const [first] = await plant.queued();
    await plant.odoo.command({ action: 'cancel', mo_id: first });
    const stop = new AbortController();
    const database: Database = {
      ...plant.database,
      query: async (sql, params) => {
        const rows = await plant.database.query<never>(sql, params);
        if (sql.includes('raised_sent_at IS NULL AS is_new')) stop.abort();
        return rows;
      },
    };
    const log: string[] = [];
    const run = { actor: 'test', signal: stop.signal, log: (_: string, text: string) => void log.push(text), progress: () => undefined };
    const options = { report: 'health', payload: null, stuckAfterMinutes: 30, remindAfterMinutes: 240 };
    await assert.rejects(runReport({ ...plant.line, database }, run, options), { name: 'CLOSED' });
    assert.ok(!log.some((text) => text.includes('Error in')));
    assert.deepEqual(alarms(await plant.report('health')), ['mo-cancelled-in-odoo raised']);
  });

  it('confirmed MOs of which none is new: all-in-history, until there is a new one', async () => {
    await plant.odoo.command({ action: 'orders', count: 6 });
    for (let round = 0; round < 4; round += 1) {
      await plant.fetch();
      for (const mo_id of await plant.queued()) await plant.cancel({ mo_id }, { cancelInOdoo: false });
    }
    const outcome = await plant.fetch();
    assert.deepEqual([outcome.port, outcome.payload['reason'], outcome.payload['orders_seen']], [2, 'all-in-history', 12]);
    assert.deepEqual(issues(await plant.report('health')), ['all-in-history']);
    await plant.odoo.command({ action: 'orders', count: 1 });
    const fetched = await plant.fetch({ limit: 1 });
    assert.deepEqual(
      [fetched.payload['reason'], fetched.payload['orders_seen']],
      ['queued', 13],
      'the new one lies behind twelve known ones',
    );
    assert.ok(!issues(await plant.report('health')).includes('all-in-history'));
  });

  it('batch-status counts as the gate does, and history is newest first and paged', async () => {
    await plant.fetch();
    await plant.finishAll();
    const [first] = await plant.queued();
    await plant.complete({ payload: { mo_id: first } });
    const status = (await plant.report('batch-status')).payload;
    const gate = (await plant.gate()).payload;
    assert.deepEqual(
      [status['total_batches'], status['active_batches'], status['completed_batches'], status['failed_batches'], status['is_empty']],
      [gate['count'], gate['active'], gate['completed'], gate['failed'], false],
    );
    await plant.complete();
    const page = (await plant.report('history', { limit: 2, offset: 1 })).payload;
    const histories = page['histories'] as { batch_no: number }[];
    assert.deepEqual([page['total'], page['limit'], page['offset'], histories.map(({ batch_no }) => batch_no)], [3, 2, 1, [2, 1]]);
    assert.deepEqual(((await plant.report('history', { mo_id: first })).payload['histories'] as unknown[]).length, 1);
    for (const wrong of [
      { limit: 501 },
      { limit: 0 },
      { offset: -1 },
      { status: 'lost' },
      { csv: 'tab' },
      { totals: true },
      { from: 'May' },
      { timezone: 'Mars' },
    ]) {
      await assert.rejects(plant.report('history', wrong), { name: 'INPUT_INVALID' });
    }
    await assert.rejects(plant.report('history', { status: 'done' }), {
      message: "payload.status must be one of completed, failed, cancelled; it is 'done'",
    });
    await assert.rejects(plant.report('toString'), { name: 'INPUT_INVALID', message: /choose one of/ });
  });

  it('real-time has every key of the contract, null where nothing is known', async () => {
    const { payload } = await plant.report('real-time');
    assert.deepEqual(Object.keys(payload).sort(), [
      'active_batches',
      'alarms',
      'at',
      'batches',
      'can',
      'causes',
      'completed',
      'completed_batches',
      'failed_batches',
      'headline',
      'hold',
      'in_progress',
      'is_empty',
      'level',
      'line',
      'links',
      'places',
      'refused_batches',
      'since',
      'slots',
      'tasks',
      'text',
      'total_batches',
      'weight_rule',
      'why',
      'word',
    ]);
    assert.deepEqual(
      payload['tasks'],
      Object.fromEntries(
        ['fetch', 'write', 'read', 'complete', 'health'].map((task) => [
          task,
          { started_at: null, ok_at: null, error_at: null, error: null, text: null, rejected: [] },
        ]),
      ),
    );
    assert.deepEqual([payload['word'], payload['hold']], ['WAITING FOR MO', null]);
  });

  it('a batch shows its progress and where each figure comes from', async () => {
    await plant.fetch({ limit: 1 });
    const view = async (): Promise<{ progress: number; materials: { source: string | null; actual: number | null }[] }> =>
      ((await plant.report('batch-status')).payload['batches'] as never[])[0] as never;
    const queued = await view();
    assert.deepEqual([queued.progress, queued.materials[0]?.source, queued.materials[0]?.actual], [0, null, null]);
    const [row] = await plant.rows();
    const half = Object.fromEntries((row?.materials ?? []).map(({ tag, planned }) => [tag, planned / 2]));
    await plant.database.query(`UPDATE {schema}.mo_batch SET state = 'running', actual = $1`, [JSON.stringify(half)]);
    const running = await view();
    assert.deepEqual([running.progress, running.materials[0]?.source], [0.5, 'plc']);
    await plant.finishAll();
    assert.equal((await view()).progress, 1);
  });

  it('a task that fails keeps since when, over all its failures and in its status', async () => {
    await plant.odoo.command({ action: 'fault', fault: 'down', seconds: 60 });
    const failures = [await plant.fetch().catch((error: unknown) => error), await plant.fetch().catch((error: unknown) => error)];
    const [first, second] = failures as { since: Date; name: string }[];
    assert.deepEqual([first?.name, second?.since], ['ODOO_UNREACHABLE', first?.since]);
    const tasks = (await plant.report('real-time')).payload['tasks'] as { fetch: { error_at: string; error: string; ok_at: null } };
    assert.deepEqual([tasks.fetch.error_at, tasks.fetch.ok_at], [first?.since.toISOString(), null]);
    assert.match(tasks.fetch.error, /^ODOO_UNREACHABLE: /);
  });
});
