import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { weightDiffers, weightRule } from '../../src/line/plausible';
import { ALARM_ACTIONS, actionFor, wordsFor } from '../../src/monitor/alarm-codes';
import type { QueueRow } from '../../src/queue/batch';
import { bareLine, bareRow } from '../support/bare';
import { example } from '../support/example';

interface OperatorPage {
  data(): object;
  computed: {
    colour(this: object): string;
    paperSum(this: object): number;
    doubt(this: object): string;
    lamps(this: object): { word: string; text: string; colour: string }[];
  };
  methods: {
    tile(this: object, slot: number, batch: object): { wait: string; asksFirst: boolean; trouble?: string; remedy?: string };
    lastName(): string;
    listed(slots: number[]): string;
    ago(this: { serverNow: number }, at: string): string;
    unbooked(this: object, batches: object[], where: string): string;
    cancelled(this: object, batch: object): string;
    plain(text: string | null): { text: string; code: string };
  };
}

/** The script of the operator's page, as the example holds it. */
function operatorPage(kept?: object): OperatorPage {
  return script('operator page', kept) as OperatorPage;
}

/** @param kept what the browser keeps between two visits */
function script(page: string, kept?: object): unknown {
  const template = String(example('03 - Line dashboard').find(({ name }) => name === page)?.['format']);
  const text = /<script>\s*export default (\{[\s\S]*\})\s*<\/script>/.exec(template)?.[1];
  return runInNewContext(`(${text ?? ''})`, kept ? { localStorage: kept } : {});
}

describe('words of the operator page', () => {
  const { methods } = operatorPage();

  it('an age is rounded down, in the largest unit that still tells something', () => {
    const now = Date.parse('2026-03-01T12:00:00.000Z');
    const ago = (seconds: number): string => methods.ago.call({ serverNow: now }, new Date(now - seconds * 1000).toISOString());
    const told: [seconds: number, text: string][] = [
      [-5, '0 s'],
      [0, '0 s'],
      [0.9, '0 s'],
      [59.9, '59 s'],
      [60, '1 min'],
      [119, '1 min'],
      [120, '2 min'],
      [5399, '89 min'],
      [5400, '1.5 h'],
      [7199, '1.9 h'],
      [7200, '2.0 h'],
      [90_000, '25.0 h'],
    ];
    assert.deepEqual(
      told.map(([seconds]) => ago(seconds)),
      told.map(([, text]) => text),
    );
  });

  it('a sentence begins with words; its code is apart from it', () => {
    const told: [text: string | null, sentence: string, code: string][] = [
      ['PLC_TIMEOUT: no answer within 2 s', 'no answer within 2 s', 'PLC_TIMEOUT'],
      ['slot 1 WH/MO/00001: ODOO_REFUSED: Odoo refused it: "no lot"', 'slot 1 WH/MO/00001: Odoo refused it: "no lot"', 'ODOO_REFUSED'],
      ['slot 1 WH/MO/00001: recipe-mismatch: silo_a', 'slot 1 WH/MO/00001: silo_a', 'recipe-mismatch'],
      ['left alone until 13:05; last error: ODOO_UNREACHABLE: refused', 'left alone until 13:05; last error: refused', 'ODOO_UNREACHABLE'],
      ['is stored (PLC_READBACK: word 6099); again', 'is stored (word 6099); again', 'PLC_READBACK'],
      ['the queue is empty', 'the queue is empty', ''],
      [null, '', ''],
    ];
    for (const [text, sentence, code] of told) assert.deepEqual({ ...methods.plain(text) }, { text: sentence, code });
  });
});

describe('a batch that is finished by hand', () => {
  const page = operatorPage();
  const line = bareLine();
  const doubt = (rows: QueueRow[], paper: Record<string, number>, paperWeight: number): string => {
    const data = { weight_rule: weightRule(line, rows) };
    const dialog = {
      ...page.data(),
      ...page.methods,
      data,
      action: 'finish',
      missing: [],
      chosen: { weight_uom: 'kg' },
      paper,
      paperWeight,
    };
    const onPaper = Object.keys(paper).map((tag) => ({ tag }));
    const paperSum = page.computed.paperSum.call({ ...dialog, onPaper });
    return page.computed.doubt.call({ ...dialog, paperSum });
  };

  it('is asked about once more exactly where the alarm would tell that the weights differ', () => {
    const materials = [
      { tag: 'silo_a', uom: 'kg' },
      { tag: 'silo_b', uom: 't' },
    ] as QueueRow['materials'];
    const row = bareRow({ materials });
    const papers: [silo_a: number, silo_b: number, weight: number][] = [
      [999.48, 0, 100],
      [999.48, 0, 999],
      [700, 0, 1000],
      [700, 0, 1001],
      [0.5, 0, 1.5],
      [0.5, 0, 1.6],
      [300, 0.7, 1000],
      [300, 0.7, 100],
    ];
    const asked = papers.map(([silo_a, silo_b, weight]) => doubt([row], { silo_a, silo_b }, weight) !== '');
    const told = papers.map(
      ([silo_a, silo_b, actual_weight]) => weightDiffers(line, { materials, actual: { silo_a, silo_b }, actual_weight }) !== null,
    );
    assert.deepEqual(asked, told);
    assert.ok(asked.includes(true) && asked.includes(false));
    assert.match(doubt([row], { silo_a: 999.48 }, 100), /999[.,]48 kg, the finished weight is 100 kg/);
  });
});

describe('the name of whoever uses the screen', () => {
  for (const page of ['operator page', 'history page']) {
    it(`is gone from the ${page} 8 hours after its last use, and so is one that was kept for ever`, () => {
      const store = new Map<string, string>();
      const kept = { getItem: (key: string) => store.get(key) ?? null, removeItem: (key: string) => store.delete(key) };
      const { methods } = script(page, kept) as OperatorPage;
      const name = (value: string): string => {
        store.set('smart-mo-actor', value);
        return methods.lastName();
      };
      assert.equal(name(JSON.stringify({ name: 'Ayu', until: Date.now() + 60_000 })), 'Ayu');
      assert.equal(name(JSON.stringify({ name: 'Ayu', until: Date.now() - 1 })), '');
      assert.equal(store.size, 0, 'nothing is left of it');
      assert.equal(name('Ayu'), '');
    });
  }

  it('is kept for 8 hours', () => {
    for (const page of ['operator page', 'history page']) {
      assert.equal(((script(page) as OperatorPage).data.call({ day: () => '' }) as { NAME_MS: number }).NAME_MS, 8 * 3_600_000);
    }
  });
});

describe('the operator page over a line in trouble', () => {
  const page = operatorPage();
  const { methods, computed } = page;
  const BATCH = { mo_id: 'WH/MO/1', trouble: 'Odoo refused it.', action: 'Ask.', can: [], progress: 1, hangs_on: null, next_try_at: null };

  it('says why there is nothing to press: another try, a broken map or a line that only observes', () => {
    const wait = (given: { place: string; state: string }, word: string, ...codes: string[]): string => {
      const alarms = codes.map((code) => ({ code, severity: 'critical', mo_id: null, text: code }));
      const shown = { ...page.data(), ...methods, data: { word }, alarms, old: false, serverNow: Date.now() };
      return methods.tile.call(shown, 1, { ...BATCH, ...given }).wait;
    };
    const triedAgain = { place: 'tried_again', state: 'pushing' };
    const failed = { place: 'needs_you', state: 'failed' };
    assert.equal(wait(triedAgain, 'RUNNING'), 'Nothing to press before the next try, when finished batches are next sent to Odoo.');
    for (const batch of [triedAgain, failed]) {
      assert.match(wait(batch, 'BLOCKED', 'map-invalid'), /^Nothing can be pressed before the register map is put right/);
      assert.match(wait(batch, 'OBSERVE'), /mode observe/);
    }
    assert.equal(wait({ place: 'to_odoo', state: 'finished' }, 'RUNNING'), '', 'it goes on by itself');
  });

  it('gives one instruction for a batch that stands still and has an alarm, in plain words whatever the code', () => {
    const hangs_on = { tag: 'silo_a', code: 'silo101', product: 'Maize', uom: 'kg', planned: 50, actual: 20 };
    const shown = (alarms: object[]): ReturnType<typeof methods.tile> =>
      methods.tile.call({ ...page.data(), ...methods, data: { word: 'RUNNING' }, alarms, old: false, serverNow: Date.now() }, 1, {
        ...BATCH,
        trouble: null,
        action: null,
        state: 'running',
        place: 'needs_you',
        hangs_on,
        stands_still: true,
      });
    for (const code of Object.keys(ALARM_ACTIONS)) {
      const alarm = {
        code,
        severity: 'warning',
        mo_id: BATCH.mo_id,
        text: `slot 1 ${BATCH.mo_id}: ${wordsFor(code)}`,
        action: actionFor(code),
      };
      const { trouble, remedy } = shown([alarm]);
      assert.equal(remedy, alarm.action, code);
      assert.match(trouble ?? '', /^[A-Z]/, code);
      assert.ok(code === 'stuck' || !trouble?.includes(code), trouble);
    }
  });

  it('says where the PLC gave a batch up, also when all of it was weighed', () => {
    const alarm = {
      code: 'failed-bit',
      severity: 'critical',
      mo_id: BATCH.mo_id,
      text: `slot 1 ${BATCH.mo_id}: the PLC says the batch failed`,
    };
    const hangs_on = { tag: 'silo_a', code: 'silo101', product: 'Maize', uom: 'kg', planned: 50, actual: 20 };
    const given = { ...page.data(), ...methods, data: { word: 'RUNNING' }, alarms: [alarm], old: false, serverNow: Date.now() };
    const told = (motion: object): unknown =>
      methods.tile.call(given, 1, { ...BATCH, trouble: null, action: null, state: 'running', place: 'needs_you', ...motion }).trouble;
    assert.equal(told({ hangs_on }), 'The PLC says the batch failed at silo_a Maize (20 of 50 kg)');
    assert.equal(told({ all_weighed: true }), 'The PLC says the batch failed with everything weighed');
    assert.equal(told({}), 'The PLC says the batch failed', 'nothing was dosed');
  });

  it('does not call an Odoo ok that answers, and has not got every batch: one number for all of them', () => {
    const odoo = (last_errors: (string | null)[], state = 'failed'): string[] => {
      const batches = last_errors.map((last_error) => ({ state, last_error, trouble: last_error && 'x' }));
      const data = { batches, links: { odoo: { state: 'ok', since: '2026-03-01T12:00:00.000Z', error: null } } };
      const [lamp] = computed.lamps.call({ ...page.data(), ...methods, data, old: false, serverNow: Date.now() });
      return [lamp?.word ?? '', lamp?.colour ?? ''];
    };
    assert.deepEqual(odoo([null]), ['ok', 'green']);
    assert.deepEqual(odoo(['ODOO_REFUSED: x', 'ODOO_CANCELLED: x', 'ODOO_GONE: x']), ['answers, 3 batches in trouble', 'yellow']);
    const differs = (state: string): string => `ODOO_DIFFERS: WH/MO/1 is ${state} in Odoo with other quantities`;
    assert.deepEqual(odoo([differs('done')]), ['ok', 'green'], 'booked there by another hand');
    assert.deepEqual(odoo(['ODOO_REFUSED: x', differs('done'), differs('confirmed')]), ['answers, 2 batches in trouble', 'yellow']);
    assert.deepEqual(odoo(['ODOO_REFUSED: x'], 'cancelling'), ['ok', 'green']);
    assert.deepEqual(odoo(['recipe-mismatch: x']), ['ok', 'green']);
  });

  it('lets no button stand out while somebody else is to be asked first', () => {
    const asksFirst = (action: string): boolean => {
      const shown = { ...page.data(), ...methods, data: {}, alarms: [], old: false, serverNow: Date.now() };
      return methods.tile.call(shown, 1, { ...BATCH, state: 'failed', place: 'needs_you', action }).asksFirst;
    };
    assert.equal(asksFirst(actionFor('failed-batch', 'ODOO_GONE')), true);
    assert.equal(asksFirst(actionFor('mo-cancelled-in-odoo', 'not-shown')), true);
    assert.equal(asksFirst(actionFor('failed-batch', 'ODOO_CANCELLED')), false);
  });

  it('says that weights are left to be booked unless Odoo has the MO done: not of one that is confirmed there with other figures', () => {
    const told = (last_error: string | null): string =>
      methods.unbooked.call({ ...page.data(), ...methods }, [{ status_manufacturing: 1, last_error, weighed: 998, weight_uom: 'kg' }], '');
    const other = 'in Odoo with other quantities (finished quantity: weighed 998, Odoo shows 0)';
    assert.match(told('ODOO_REFUSED: no lot'), /^The PLC has made it/);
    assert.match(told(`ODOO_DIFFERS: WH/MO/00001 is confirmed ${other}`), /^The PLC has made it/);
    assert.equal(told(`ODOO_DIFFERS: WH/MO/00001 is done ${other}`), '');
    assert.equal(told('ODOO_DIFFERS: WH/MO/00001 is done in Odoo and cannot be cancelled any more'), '');
  });

  describe('before a half dosed batch is cancelled or parked', () => {
    const half = { ...BATCH, batch_no: 3, status_manufacturing: 0, loaded_at: 'then', weighed: 351, weight_uom: 'kg', materials: [] };
    const cancelled = (batch: object, alarms: object[] = []): string =>
      methods.cancelled.call({ ...page.data(), ...methods, alarms }, { ...half, ...batch });
    const parked = (...batches: object[]): string => methods.unbooked.call({ ...page.data(), ...methods }, batches, 'on the order');

    it('says how much is to be booked, and that the history waits for it', () => {
      const left =
        /The PLC has dosed 351 kg of it so far: the weights stay in the history; book them .* a new order.* press Booked in the history\.$/;
      assert.match(cancelled({}), /stop the batch in slot 3 there first, and let it be read once more: /);
      assert.match(cancelled({}), left);
      assert.match(cancelled({ status_operation: 1 }), /The PLC has given it up\. /);
      assert.match(cancelled({ status_operation: 1 }), left);
      assert.match(parked(half), /^The PLC has dosed 351 kg of it so far: .*, on the order, then press Booked in the history\.$/);
      const made = { ...half, status_manufacturing: 1 };
      assert.match(parked(half, made), /^The PLC has made, or dosed, 2 of them: /);
      assert.match(parked(made, made), /^The PLC has made 2 of them: /);
    });

    it('says that nobody knows what was put in by hand, where something is', () => {
      const byHand = / What was put in by hand before a batch is finished is not counted\.$/;
      const materials = [{ manual: false }, { manual: true }];
      assert.match(cancelled({ materials }), byHand);
      assert.match(parked({ ...half, materials }), byHand);
      assert.doesNotMatch(parked({ ...half, status_manufacturing: 1, materials }), byHand);
    });

    it('counts what has no weight as dosed: litres', () => {
      const materials = [
        { manual: false, actual: 0 },
        { manual: false, actual: 12 },
      ];
      const oil = { weighed: 0, materials };
      assert.match(cancelled(oil), /stop the batch in slot 3 there first.*The PLC has dosed a part of it so far: /);
      assert.match(parked({ ...half, ...oil }), /^The PLC has dosed a part of it so far: /);
    });

    it('says nothing of it where nothing was dosed, or Odoo has the MO done', () => {
      for (const weighed of [0, null]) {
        assert.equal(parked({ ...half, weighed }), '');
        assert.doesNotMatch(cancelled({ weighed }), /Booked/);
      }
      assert.doesNotMatch(cancelled({}, [{ mo_id: half.mo_id, code: 'mo-done-in-odoo' }]), /Booked/);
    });
  });

  it('names the slots that need somebody, at most eight', () => {
    assert.equal(methods.listed([3, 10]), '3 and 10');
    assert.equal(methods.listed([1, 2, 3]), '1, 2 and 3');
    assert.equal(methods.listed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), '1, 2, 3, 4, 5, 6, 7, 8 and 2 more');
  });

  it('is neither green nor blue in its band while the level is not ok', () => {
    const colour = (word: string, level: string): string =>
      computed.colour.call({ ...page.data(), data: { word, level }, old: false, needy: [] });
    assert.deepEqual([colour('WAITING FOR MO', 'ok'), colour('RUNNING', 'ok')], ['green', 'blue']);
    for (const word of ['WAITING FOR MO', 'RUNNING']) assert.equal(colour(word, 'warning'), 'yellow', word);
  });
});

describe('words of the history page', () => {
  const history = (): { computed: Record<'dosed' | 'asDosed', (this: object) => string>; methods: object } =>
    script('history page') as never;
  const { computed, methods } = history();
  const record = { not_in_odoo: true, weighed: 351, weight_uom: 'kg', status_manufacturing: 0, last_read_from_plc: null };

  it('before an MO is requeued, say what of it is not in Odoo: nothing once that is booked', () => {
    const dosed = (chosen: object): string => computed.dosed.call({ ...methods, chosen });
    assert.match(dosed(record), /^The PLC has dosed 351 kg for it before: that is not in Odoo/);
    assert.equal(dosed({ ...record, not_in_odoo: false }), '');
  });

  it('say of a batch that was not finished how far its figures go', () => {
    const told = (given: object): string =>
      computed.asDosed.call({ ...methods, shown: { ...record, materials: [{ manual: true }], ...given } });
    assert.match(
      told({}),
      /^The PLC showed these figures at .*, when the batch was not finished; what was put in by hand is not counted\.$/,
    );
    assert.match(told({ materials: [] }), /when the batch was not finished\.$/);
    for (const nothing of [{ weighed: 0 }, { weighed: null }, { status_manufacturing: 1 }]) assert.equal(told(nothing), '');
  });
});
