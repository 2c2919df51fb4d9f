import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database';
import { toAlarm, announcements } from '../../src/monitor/announce';
import { claimAnnouncements, giveBackAnnouncements, openAlarms, type OpenAlarm, settleAlarms } from '../../src/queue/alarms';
import { taskEnded, taskRecords } from '../../src/queue/tasks';
import { testDatabase, testWorker } from '../support/postgres';
import { waitFor } from '../support/wait';

const alarm = (given: Partial<OpenAlarm> = {}): OpenAlarm => ({
  code: 'stuck',
  mo_id: 'WH/MO/00001',
  batch_no: 1,
  severity: 'warning',
  text: 'nothing has changed for 30 min',
  value: null,
  ...given,
});

describe('alarms', () => {
  let database: Database;
  before(async function () {
    database = await testDatabase(this);
  });
  beforeEach(() => database.query('DELETE FROM {schema}.mo_alarm'));

  const settle = (...open: OpenAlarm[]): Promise<void> => settleAlarms(database, 'main', ['stuck', 'not-pushed'], open);
  /** The sentence begins with what happened: "RAISED: nothing has changed for 30 min". */
  const told = (text: string): string => text.slice(0, text.indexOf(':')).toLowerCase();
  const announced = async (): Promise<string[]> => {
    const due = await claimAnnouncements(database, 'main', 240);
    return due.flatMap((row) => announcements(row, new Date()).map(({ code, payload }) => `${code} ${told(payload.text)}`));
  };

  it('is told once when raised and once when cleared, however often it is seen', async () => {
    await settle(alarm());
    await settle(alarm({ text: 'nothing has changed for 35 min' }));
    assert.deepEqual(await announced(), ['stuck raised']);
    assert.deepEqual(await announced(), []);
    await settle();
    await settle();
    assert.deepEqual(await announced(), ['stuck cleared']);
    assert.deepEqual(await announced(), []);
  });

  it('that came and went between two reports is told twice', async () => {
    await settle(alarm());
    await settle();
    assert.deepEqual(await announced(), ['stuck raised', 'stuck cleared']);
  });

  it('is told again every remindAfterMinutes', async () => {
    await settle(alarm());
    await announced();
    await database.query(`UPDATE {schema}.mo_alarm SET reminded_at = now() - interval '241 minutes'`);
    assert.deepEqual(await announced(), ['stuck still open']);
    assert.deepEqual(await announced(), []);
  });

  it('what was claimed and could not be sent is told by the next report: a raise, a reminder, a clearing', async () => {
    const claimInVain = async (): Promise<void> => giveBackAnnouncements(database, await claimAnnouncements(database, 'main', 240));
    await settle(alarm());
    await claimInVain();
    assert.deepEqual(await announced(), ['stuck raised']);
    await database.query(
      `UPDATE {schema}.mo_alarm SET raised_sent_at = now() - interval '500 min', reminded_at = now() - interval '241 min'`,
    );
    await claimInVain();
    assert.deepEqual(await announced(), ['stuck still open']);
    await settle();
    await claimInVain();
    assert.deepEqual(await announced(), ['stuck cleared']);
    await settle(alarm());
    await settle();
    await claimInVain();
    assert.deepEqual(await announced(), ['stuck raised', 'stuck cleared']);
    assert.deepEqual(await announced(), []);
  });

  it('two processes raise one, and announce it once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => settle(alarm())));
    assert.equal((await openAlarms(database, 'main')).length, 1);
    const told = await Promise.all(Array.from({ length: 8 }, announced));
    assert.deepEqual(told.flat(), ['stuck raised']);
  });

  it('a monitor that comes while another one claims announces nothing', async () => {
    await settle(alarm());
    let second: Promise<unknown[]> | undefined;
    await database.transaction(async (tx) => {
      assert.equal((await claimAnnouncements(tx, 'main', 240)).length, 1);
      second = claimAnnouncements(database, 'main', 240);
      const waits = async (): Promise<boolean> => (await database.query('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0;
      await waitFor(waits, { what: 'the second claim to wait for the first' });
    });
    assert.deepEqual(await second, []);
  });

  it('keeps since when it is raised, and shows the last text and severity', async () => {
    await settle(alarm());
    const [first] = await openAlarms(database, 'main');
    await settle(alarm({ text: 'worse', severity: 'critical' }));
    const [second] = await openAlarms(database, 'main');
    assert.deepEqual([second?.since, second?.text, second?.severity], [first?.since, 'worse', 'critical']);
  });

  it('of other codes, lines and batches stay as they are', async () => {
    await settleAlarms(database, 'line2', ['stuck'], [alarm()]);
    await settleAlarms(database, 'main', [], [alarm({ code: 'bad-value' })]);
    await settle(alarm(), alarm({ mo_id: 'WH/MO/00002', batch_no: 2 }));
    await settle(alarm());
    assert.deepEqual(
      (await openAlarms(database, 'main')).map(({ code, mo_id }) => [code, mo_id]),
      [
        ['bad-value', 'WH/MO/00001'],
        ['stuck', 'WH/MO/00001'],
      ],
    );
    assert.equal((await openAlarms(database, 'line2')).length, 1);
  });

  it('says what to press, and has every key of the contract', async () => {
    await settle(alarm({ mo_id: '', batch_no: null }));
    const [row] = await openAlarms(database, 'main');
    assert.ok(row);
    const { since, text, action, ...rest } = toAlarm(row);
    assert.deepEqual(rest, { line: 'main', code: 'stuck', state: 'raised', severity: 'warning', batch_no: null, mo_id: null, value: null });
    assert.ok(Date.parse(since) > 0 && text !== '' && action !== '');
  });
});

describe('record of the tasks', () => {
  it('first runs that end at once are all kept: the last wins, and none is told as never ended', async function () {
    const database = await testDatabase(this);
    const processes = [database, await testWorker(this, database), await testWorker(this, database)];
    for (let line = 0; line < 50; line += 1) {
      const ends = processes.map((one) =>
        taskEnded({ database: one, line: `line${line}` }, 'read', new Date(), { error: 'PLC_TIMEOUT: x' }),
      );
      assert.ok((await Promise.all(ends)).every((since) => since !== null));
    }
    await Promise.all(processes.slice(1).map((one) => one.close()));
  });

  it('an unbroken chain of failures keeps the time of its first, a success ends it', async function () {
    const line = { database: await testDatabase(this), line: 'main' };
    const since = await taskEnded(line, 'read', new Date(), { error: 'PLC_TIMEOUT: no answer' });
    assert.ok(since);
    assert.deepEqual(await taskEnded(line, 'read', new Date(), { error: 'PLC_UNREACHABLE: gone' }), since);
    const [failing] = await taskRecords(line);
    assert.deepEqual([failing?.error, failing?.error_at, failing?.ok_at], ['PLC_UNREACHABLE: gone', since, null]);
    assert.equal(await taskEnded(line, 'read', new Date(), { text: '10 slots read' }), null);
    const [well] = await taskRecords(line);
    assert.deepEqual([well?.error, well?.error_at, well?.ok_at instanceof Date], [null, null, true]);
    const again = await taskEnded(line, 'read', new Date(), { error: 'PLC_TIMEOUT: no answer' });
    assert.ok(again && again > since);
  });
});
