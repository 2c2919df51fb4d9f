import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { acknowledge, clearSlot, countHeartbeat, loadRecipe } from '../../src/plc/handshake';
import { compileMapping } from '../../src/plc/mapping';
import type { Mapping } from '../../src/plc/mapping';
import { spansOf } from '../../src/plc/plan';
import type { Plc } from '../../src/plc/plc';
import { readSlots } from '../../src/plc/read-slots';
import type { RegisterMap } from '../../src/plc/register-map';
import type { Recipe, SlotReading } from '../../src/plc/slot';

const compile = (map: RegisterMap): Mapping => compileMapping({ map, materials: FEED_MILL_MATERIALS, slots: 10 });
const mill = compile(FEED_MILL_MAP);
const withoutFlag = compile({ ...FEED_MILL_MAP, fields: FEED_MILL_MAP.fields.filter((field) => field.field !== 'status_read_data') });

const recipe = (changes: Partial<Recipe> = {}): Recipe => ({
  ...{
    batch_no: 2,
    mo_id: 'WH/MO/00123',
    recipe: 'BRO-1',
    finished_goods: 'Broiler',
    quantity: 1000,
    materials: { silo_a: 600, silo_b: 400 },
  },
  ...changes,
});

const READ = 6100;
const WRITE = 7100;
const FLAG = 76;

interface Call {
  kind: 'read' | 'write';
  address: number;
  words: number[];
}

/** A PLC in memory: `before` runs ahead of every call and may throw, `after` behind it: the program of the PLC, or a fault. */
function memoryPlc({
  before,
  after,
  maxWords = 125,
  mode = 'slot',
}: {
  before?: (call: Call, index: number) => void;
  after?: (call: Call, index: number) => void;
  maxWords?: number;
  mode?: 'slot' | 'fewest';
} = {}) {
  const registers = new Array<number>(65536).fill(0);
  const calls: Call[] = [];
  const hooks = { before, after };
  const record = (call: Call, act: () => void): void => {
    const index = calls.push(call) - 1;
    hooks.before?.(call, index);
    act();
    hooks.after?.(call, index);
  };
  const plc: Plc = {
    planning: { mode, maxWords, maxGap: 50 },
    async read(_, address, count) {
      let words: number[] = [];
      record({ kind: 'read', address, words: [] }, () => (words = registers.slice(address, address + count)));
      return words;
    },
    async write(address, words) {
      record({ kind: 'write', address, words: [...words] }, () => words.forEach((word, index) => (registers[address + index] = word)));
    },
    state: () => ({ state: 'ok', since: null, error: null }),
    close: () => undefined,
  };
  const writes = (): Call[] => calls.filter((call) => call.kind === 'write');
  return { plc, registers, calls, writes, hooks };
}

type Memory = ReturnType<typeof memoryPlc>;

/** What the PLC program does with a recipe that waits: into the read area, flag 1. Counts how often it takes each MO. */
function take({ registers }: Memory, taken: string[], mapping: Mapping = mill): void {
  if (registers[WRITE + FLAG] !== 0 || mapping.nameIn(registers.slice(WRITE, WRITE + 77)) === '') return;
  for (let at = 0; at < FLAG; at += 1) registers[READ + at] = registers[WRITE + at] ?? 0;
  registers[READ + FLAG] = 0;
  registers[WRITE + FLAG] = 1;
  taken.push(mapping.nameIn(registers.slice(WRITE, WRITE + 77)) ?? '?');
}

/** As if another recipe had been written there, with the flag as given. */
function put(memory: Memory, area: number, held: Recipe, changes: Record<number, number> = {}): void {
  mill.encodeRecipe(held).body.words.forEach((word, at) => (memory.registers[area + at] = word));
  for (const [at, word] of Object.entries(changes)) memory.registers[area + Number(at)] = word;
}

const rejects = async (work: Promise<unknown>, code: string, text: RegExp): Promise<void> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SmartMoError, `expected ${code}`);
  assert.equal(error.code, code);
  assert.match(error.message, text);
};

describe('loading a recipe', () => {
  it('into a free slot: body in one write, then the flag alone, then read back', async () => {
    const memory = memoryPlc();
    memory.registers[WRITE + FLAG] = 1;
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'loaded');
    assert.deepEqual(
      memory.calls.map(({ kind, address, words }) => [kind, address, words.length]),
      [
        ['read', WRITE, 0],
        ['read', READ, 0],
        ['write', WRITE, 76],
        ['write', WRITE + FLAG, 1],
        ['read', WRITE, 0],
      ],
    );
    assert.deepEqual(memory.registers.slice(WRITE, WRITE + 77), [...mill.encodeRecipe(recipe()).body.words, 0]);
  });

  it('at the very first start, flag 0: the door is shut before the recipe comes', async () => {
    const memory = memoryPlc();
    const taken: string[] = [];
    memory.hooks.after = () => take(memory, taken);
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'loaded');
    assert.deepEqual(
      memory.writes().map(({ address, words }) => [address, words.length]),
      [
        [WRITE + FLAG, 1],
        [WRITE, 76],
        [WRITE + FLAG, 1],
      ],
    );
    assert.deepEqual(taken, ['WH/MO/00123']);
  });

  it('ids that the PLC keeps in an empty slot do not make it busy', async () => {
    const memory = memoryPlc();
    put(memory, WRITE, recipe({ mo_id: '', recipe: '', finished_goods: '', quantity: 0, materials: {} }), { 0: 0 });
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'loaded');
  });

  it('a slot whose recipe was taken is free, one that waits is busy', async () => {
    const memory = memoryPlc();
    put(memory, WRITE, recipe({ mo_id: 'WH/MO/00007' }), { [FLAG]: 0 });
    await rejects(loadRecipe(memory.plc, mill, recipe()), 'PLC_SLOT_BUSY', /slot 2 still holds WH\/MO\/00007/);
    assert.equal(memory.writes().length, 0);
    memory.registers[WRITE + FLAG] = 1;
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'loaded');
    memory.registers[WRITE + 1] = 0xffff;
    await rejects(loadRecipe(memory.plc, mill, recipe()), 'PLC_SLOT_BUSY', /a text that cannot be read/);
  });

  it('what the PLC has already is not written again, taken or not', async () => {
    const memory = memoryPlc();
    const taken: string[] = [];
    await loadRecipe(memory.plc, mill, recipe());
    const before = memory.writes().length;
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'already', 'waits to be taken');
    take(memory, taken);
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'already', 'taken');
    assert.equal(memory.writes().length, before);
  });

  it('taken between the two reads: the read area tells', async () => {
    const memory = memoryPlc();
    const taken: string[] = [];
    put(memory, WRITE, recipe({ materials: { silo_a: 1 } }), { [FLAG]: 0 });
    memory.hooks.after = (call) => call.kind === 'read' && call.address === WRITE && take(memory, taken);
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'already');
    assert.equal(memory.writes().length, 0);
  });

  it('other words of the same MO are written anew, and the PLC cannot take the old ones meanwhile', async () => {
    for (let moment = 0; moment < 12; moment += 1) {
      const memory = memoryPlc();
      const taken: string[] = [];
      put(memory, WRITE, recipe({ quantity: 900 }), { [FLAG]: 0 });
      memory.hooks.after = (_, index) => index === moment && take(memory, taken);
      await loadRecipe(memory.plc, mill, recipe());
      take(memory, taken);
      assert.deepEqual(taken, ['WH/MO/00123'], `taken at call ${moment}`);
    }
  });

  it('a rerun loads over the result of the run before, and only then', async () => {
    const memory = memoryPlc();
    const fromEarlierRun = ({ acknowledged }: SlotReading): boolean => acknowledged === true;
    put(memory, WRITE, recipe(), { [FLAG]: 1 });
    put(memory, READ, recipe(), { 72: 1, [FLAG]: 1 });
    assert.equal(await loadRecipe(memory.plc, mill, recipe()), 'already');
    assert.equal(await loadRecipe(memory.plc, mill, recipe(), { fromEarlierRun }), 'loaded');
    put(memory, READ, recipe(), { 72: 1, [FLAG]: 0 });
    memory.registers[WRITE + FLAG] = 1;
    assert.equal(await loadRecipe(memory.plc, mill, recipe(), { fromEarlierRun }), 'already', 'a result that was not taken');
  });

  it('words that read back differently are an error, unless the PLC has taken the recipe', async () => {
    const memory = memoryPlc();
    memory.hooks.after = (call) => call.kind === 'write' && (memory.registers[WRITE + 28] = 9);
    await rejects(loadRecipe(memory.plc, mill, recipe()), 'PLC_READBACK', /slot 2: word 7128 was written as 0 and reads back as 9/);
    const quick = memoryPlc();
    quick.hooks.after = (call) => {
      if (call.address !== WRITE + FLAG) return;
      take(quick, []);
      quick.registers.fill(0, WRITE, WRITE + FLAG);
    };
    assert.equal(await loadRecipe(quick.plc, mill, recipe()), 'loaded');
    const odd = memoryPlc();
    odd.hooks.after = (call) => call.address === WRITE + FLAG && (odd.registers[WRITE + FLAG] = 5);
    await rejects(loadRecipe(odd.plc, mill, recipe()), 'PLC_READBACK', /7176 was written as 0 and reads back as 5/);
  });

  it('stopped at any call and run again, the PLC takes the recipe exactly once [fault: old-recipe-half-written]', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const cold of [true, false]) {
        for (const speed of [1, 2, 3]) {
          for (let fault = 0; ; fault += 1) {
            const memory = memoryPlc();
            const taken: string[] = [];
            if (!cold) put(memory, WRITE, recipe({ mo_id: 'WH/MO/00001' }), { [FLAG]: 1 });
            let isBroken = true;
            memory.hooks[when] = (_, index) => {
              if (isBroken && index === fault) throw new Error('killed');
            };
            const program = memory.hooks.after;
            memory.hooks.after = (call, index) => {
              if (index % speed === 0) take(memory, taken);
              program?.(call, index);
            };
            const died = await loadRecipe(memory.plc, mill, recipe()).then(
              () => false,
              () => true,
            );
            isBroken = false;
            await loadRecipe(memory.plc, mill, recipe());
            take(memory, taken);
            await loadRecipe(memory.plc, mill, recipe());
            take(memory, taken);
            assert.deepEqual(taken, ['WH/MO/00123'], `${when} call ${fault}, speed ${speed}`);
            assert.deepEqual(memory.registers.slice(READ, READ + 76), mill.encodeRecipe(recipe()).body.words, 'no half recipe');
            if (!died) break;
          }
        }
      }
    }
  });

  it('without status_read_data it waits for an empty slot', async () => {
    const memory = memoryPlc();
    assert.equal(await loadRecipe(memory.plc, withoutFlag, recipe()), 'loaded');
    assert.equal(memory.writes().length, 1);
    await rejects(loadRecipe(memory.plc, withoutFlag, recipe({ mo_id: 'WH/MO/00124' })), 'PLC_SLOT_BUSY', /WH\/MO\/00123/);
    memory.registers.fill(0, WRITE, WRITE + 77);
    assert.equal(await loadRecipe(memory.plc, withoutFlag, recipe({ mo_id: 'WH/MO/00124' })), 'loaded');
  });

  it('writes nothing outside the map [fault: sec-write-outside-map]', async () => {
    const memory = memoryPlc();
    const lying = { ...mill, encodeRecipe: () => ({ body: { address: 6100, words: [1, 2] }, flag: null }) };
    await rejects(loadRecipe(memory.plc, lying, recipe()), 'MAP_INVALID', /refused to write words 6100-6101/);
    assert.equal(memory.writes().length, 0);
  });
});

describe('clearing a slot', () => {
  it('zeros the recipe, leaves the flag, and says when there was nothing to do', async () => {
    const memory = memoryPlc();
    assert.equal(await clearSlot(memory.plc, mill, 2), false);
    put(memory, WRITE, recipe(), { [FLAG]: 1 });
    assert.equal(await clearSlot(memory.plc, mill, 2), true);
    assert.deepEqual(memory.registers.slice(WRITE, WRITE + 77), [...new Array<number>(76).fill(0), 1]);
    assert.equal(await clearSlot(memory.plc, mill, 2), false);
    assert.equal(memory.writes().length, 1);
  });

  it('leaves a recipe that waits, unless told', async () => {
    const memory = memoryPlc();
    put(memory, WRITE, recipe(), { [FLAG]: 0 });
    assert.equal(await clearSlot(memory.plc, mill, 2), false);
    assert.equal(await clearSlot(memory.plc, mill, 2, { evenIfNotTaken: true }), true);
    assert.equal(await loadRecipe(memory.plc, mill, recipe({ mo_id: 'WH/MO/00200' })), 'loaded');
  });

  it('says so when the PLC was faster', async () => {
    const memory = memoryPlc();
    put(memory, WRITE, recipe(), { [FLAG]: 0 });
    memory.hooks.before = (call) => call.kind === 'write' && take(memory, []);
    await rejects(clearSlot(memory.plc, mill, 2, { evenIfNotTaken: true }), 'PLC_SLOT_RUNNING', /took WH\/MO\/00123 from slot 2/);
  });

  it('a device that keeps its words is an error', async () => {
    const memory = memoryPlc();
    put(memory, WRITE, recipe(), { [FLAG]: 1 });
    memory.hooks.after = (call) => call.kind === 'write' && (memory.registers[WRITE + 5] = 77);
    await rejects(clearSlot(memory.plc, mill, 2), 'PLC_READBACK', /7105 was written as 0 and reads back as 77/);
  });
});

describe('acknowledging a result', () => {
  const batch = { slot: 2, mo_id: 'WH/MO/00123' };

  it('writes 1 into the read area of that slot, once, and sees it there', async () => {
    const memory = memoryPlc();
    put(memory, READ, recipe(), { 72: 1 });
    assert.equal(await acknowledge(memory.plc, mill, batch), true);
    assert.deepEqual(memory.writes(), [{ kind: 'write', address: READ + FLAG, words: [1] }]);
    assert.equal(await acknowledge(memory.plc, mill, batch), true);
    assert.equal(memory.writes().length, 1);
  });

  it('repeats until it reads back as 1, but not for ever', async () => {
    const memory = memoryPlc();
    put(memory, READ, recipe(), { 72: 1 });
    let lost = 2;
    memory.hooks.after = (call) => call.kind === 'write' && lost-- > 0 && (memory.registers[READ + FLAG] = 0);
    assert.equal(await acknowledge(memory.plc, mill, batch), true);
    assert.equal(memory.writes().length, 3);
    lost = 99;
    memory.registers[READ + FLAG] = 0;
    await rejects(acknowledge(memory.plc, mill, batch), 'PLC_READBACK', /word 6176 was written as 1 and reads back as 0/);
    assert.equal(memory.writes().length, 6);
  });

  it('never acknowledges the batch that the PLC starts next', async () => {
    const memory = memoryPlc();
    put(memory, READ, recipe(), { 72: 1 });
    memory.hooks.after = (call) => {
      if (call.kind === 'write') put(memory, READ, recipe({ mo_id: 'WH/MO/00124' }), { [FLAG]: 0, 72: 1 });
    };
    assert.equal(await acknowledge(memory.plc, mill, batch), false);
    assert.equal(memory.writes().length, 1);
    assert.equal(memory.registers[READ + FLAG], 0);
    put(memory, READ, recipe(), { [FLAG]: 0, 72: 0 });
    assert.equal(await acknowledge(memory.plc, mill, batch), false, 'the same MO runs again');
    assert.equal(memory.writes().length, 1);
  });

  it('a device that refuses the words of the gaps is asked for none of them, when none may be bridged', async () => {
    const { plc, ...memory } = memoryPlc();
    put({ plc, ...memory }, READ, recipe(), { 72: 1 });
    const gappy = compile({ ...FEED_MILL_MAP, fields: FEED_MILL_MAP.fields.filter((field) => field.field !== 'recipe') });
    const known = new Set(gappy.fields.flatMap(spansOf).flatMap(({ from, words }) => Array.from({ length: words }, (_, at) => from + at)));
    const picky: Plc = {
      ...plc,
      planning: { mode: 'fewest', maxWords: 125, maxGap: 0 },
      async read(kind, address, count, signal) {
        for (let at = address; at < address + count; at += 1) assert.ok(known.has(at - READ), `word ${at}`);
        return plc.read(kind, address, count, signal);
      },
    };
    assert.equal(await acknowledge(picky, gappy, batch), true);
  });

  it('a map without the word has nothing to acknowledge', async () => {
    const memory = memoryPlc();
    assert.equal(await acknowledge(memory.plc, withoutFlag, batch), false);
    assert.equal(memory.calls.length, 0);
  });
});

describe('reading slots', () => {
  const orderQuantity = (): number => 1000;
  const lineMap = compile({
    ...FEED_MILL_MAP,
    lineFields: [
      { field: 'heartbeat', at: 5990, type: 'uint16', heartbeatSeconds: 20 },
      { field: 'map_version', at: 5991, type: 'uint16', expect: 7 },
      { field: 'mode', at: 5992, type: 'uint16', values: { 1: 'automatic' } },
      { field: 'our_heartbeat', at: 6990, type: 'uint16' },
    ],
  });

  it('one request per slot, or as few as possible, with the same readings', async () => {
    const results = [];
    for (const mode of ['slot', 'fewest'] as const) {
      const memory = memoryPlc({ mode });
      put(memory, READ, recipe(), { 72: 1, 74: 1, 75: 34464 });
      const seen: number[] = [];
      const { readings, requests, line } = await readSlots(memory.plc, mill, { orderQuantity, onSlot: (slot) => seen.push(slot) });
      assert.equal(requests, mode === 'slot' ? 10 : 8);
      assert.equal(memory.calls.length, requests);
      assert.deepEqual(line, { heartbeat: null, heartbeatSeconds: null, mode: null });
      if (mode === 'slot') assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      results.push(readings);
    }
    assert.deepEqual(results[0], results[1]);
    assert.equal(results[0]?.filter((reading) => !reading.empty).length, 1);
    assert.deepEqual([results[0]?.[1]?.mo_id, results[0]?.[1]?.finished, results[0]?.[1]?.actual_weight], ['WH/MO/00123', true, 1000]);
  });

  it('as few as possible: a slot that was cut apart is read once more for what counts at once, and for nothing else [fault: plc-torn-slot]', async () => {
    const before = new Map<number, SlotReading>();
    const memory = memoryPlc({ mode: 'fewest' });
    const read = async (): Promise<number> => (await readSlots(memory.plc, mill, { orderQuantity, before })).requests;
    const KILOGRAMS = 29;
    assert.equal(await read(), 8, 'ten empty slots');
    for (const [what, requests, words] of [
      ['a batch begins', 8, {}],
      ['its weight rises', 8, { [KILOGRAMS]: 7000 }],
      ['it fails', 9, { [KILOGRAMS]: 7000, 73: 1 }],
      ['it stays failed', 8, { [KILOGRAMS]: 7000, 73: 1 }],
      ['it is acknowledged', 8, { [KILOGRAMS]: 7000, 73: 1, [FLAG]: 1 }],
      ['a weight that cannot be', 9, { [KILOGRAMS - 1]: 0x7fff }],
      ['the same again', 8, { [KILOGRAMS - 1]: 0x7fff }],
    ] as const) {
      put(memory, READ, recipe({ materials: {} }), { [FLAG]: 0, 73: 0, ...words });
      assert.equal(await read(), requests, what);
    }
    put(memory, READ, recipe({ mo_id: 'WH/MO/00124', materials: {} }), { 73: 1, [FLAG]: 1 });
    assert.equal(await read(), 9, 'another batch that failed');
    memory.registers.fill(0);
    assert.equal(await read(), 8, 'it is empty');
  });

  it('only the slots asked for', async () => {
    const memory = memoryPlc();
    const { readings } = await readSlots(memory.plc, mill, { slots: [2, 5], orderQuantity });
    assert.deepEqual(
      readings.map((reading) => reading.slot),
      [2, 5],
    );
    assert.equal(memory.calls.length, 2);
  });

  it('a slot in parts counts only when its status did not change meanwhile [fault: plc-torn-slot]', async () => {
    const memory = memoryPlc({ maxWords: 40 });
    put(memory, READ, recipe(), { 72: 0, 74: 1, 75: 34464 });
    let changes = 1;
    memory.hooks.after = (call) => call.address === READ && changes-- > 0 && (memory.registers[READ + 72] = 1);
    const { readings, requests } = await readSlots(memory.plc, mill, { slots: [2], orderQuantity });
    assert.deepEqual(readings[0]?.bad, []);
    assert.equal(readings[0]?.finished, true);
    assert.equal(requests, 6, 'status, two parts, and all of it once more');

    memory.hooks.after = (call) => call.address === READ && (memory.registers[READ + 72] = 1 - (memory.registers[READ + 72] ?? 0));
    const torn = await readSlots(memory.plc, mill, { slots: [2], orderQuantity });
    assert.equal(torn.requests, 9);
    assert.match(torn.readings[0]?.bad[0]?.text ?? '', /slot 2: the status at 6172 changed while the slot was read in parts/);
  });

  /** The first and the last status word of a slot are far apart. */
  const farApart = compile({
    ...FEED_MILL_MAP,
    fields: FEED_MILL_MAP.fields.map((field) =>
      field.field === 'batch_no' ? { ...field, at: 72 } : field.field === 'status_manufacturing' ? { ...field, at: 0 } : field,
    ),
  });

  it('status words too far apart for one request are read before and after the parts, each of them [fault: plc-torn-slot]', async () => {
    for (const [name, status] of [
      ['the first', READ],
      ['the last', READ + 73],
    ] as const) {
      const memory = memoryPlc({ maxWords: 40 });
      farApart.encodeRecipe(recipe()).body.words.forEach((word, at) => (memory.registers[READ + at] = word));
      // Two statuses, two parts; then it changes.
      memory.hooks.after = (_, index) => index === 3 && (memory.registers[status] = 1);
      const { readings, requests } = await readSlots(memory.plc, farApart, { slots: [2], orderQuantity });
      assert.equal(requests, 2 * (2 + 2 + 2), `${name}: both statuses, two parts, both statuses; and all of it once more`);
      assert.deepEqual([readings[0]?.bad, readings[0]?.finished, readings[0]?.failed], [[], status === READ, status !== READ]);
    }
  });

  it('a status that only the parts show, and neither look before nor after, is no status [fault: plc-torn-slot]', async () => {
    for (const status of [READ, READ + 73]) {
      const memory = memoryPlc({ maxWords: 40 });
      farApart.encodeRecipe(recipe()).body.words.forEach((word, at) => (memory.registers[READ + at] = word));
      // Two statuses, two parts, two statuses: it is 1 as long as the parts are read, and 0 when anybody looks.
      memory.hooks.after = (_, index) => [1, 3].includes(index) && (memory.registers[status] = index === 1 ? 1 : 0);
      const { readings, requests } = await readSlots(memory.plc, farApart, { slots: [2], orderQuantity });
      assert.deepEqual([readings[0]?.finished, readings[0]?.failed, readings[0]?.bad, requests], [false, false, [], 12]);
    }
  });

  it('a weight between two status words may change while they stay', async () => {
    const memory = memoryPlc({ maxWords: 76 });
    farApart.encodeRecipe(recipe()).body.words.forEach((word, at) => (memory.registers[READ + at] = word));
    memory.hooks.after = () => (memory.registers[READ + 29] = (memory.registers[READ + 29] ?? 0) + 1);
    const { readings, requests } = await readSlots(memory.plc, farApart, { slots: [2], orderQuantity });
    assert.deepEqual([readings[0]?.bad, requests], [[], 3], 'the statuses, and two parts');
  });

  it('line values are read once; another map version ends the run [fault: plc-other-map-version]', async () => {
    const memory = memoryPlc();
    Object.assign(memory.registers, { 5990: 41, 5991: 7, 5992: 1 });
    const { line, requests } = await readSlots(memory.plc, lineMap, { orderQuantity });
    assert.deepEqual(line, { heartbeat: 41, heartbeatSeconds: 20, mode: 'automatic' });
    assert.equal(requests, 11);
    memory.registers[5992] = 4;
    assert.equal((await readSlots(memory.plc, lineMap, { slots: [1], orderQuantity })).line.mode, 'unknown code 4');
    memory.registers[5991] = 8;
    await rejects(
      readSlots(memory.plc, lineMap, { orderQuantity }),
      'MAP_VERSION',
      /shows version 8 of its register map at 5991, this line was set up for 7/,
    );
  });

  it('a heartbeat that is no number ends the run: nobody knows whether the PLC runs [fault: plc-heartbeat-stopped]', async () => {
    const memory = memoryPlc();
    const bcd = compile({ ...FEED_MILL_MAP, lineFields: [{ field: 'heartbeat', at: 5990, type: 'bcd16' }] });
    memory.registers[5990] = 0x1a;
    const text = /the heartbeat at 5990 cannot be read: words \[26\] are not BCD.*nothing is stored; compare the type of heartbeat/;
    await rejects(readSlots(memory.plc, bcd, { orderQuantity }), 'PLC_STOPPED', text);
    memory.registers[5990] = 0x19;
    assert.equal((await readSlots(memory.plc, bcd, { orderQuantity })).line.heartbeat, 19);
  });

  it('stops between two requests when the run is stopped', async () => {
    const stop = new AbortController();
    const memory = memoryPlc({ after: (_, index) => index === 2 && stop.abort() });
    await rejects(readSlots(memory.plc, mill, { orderQuantity, signal: stop.signal }), 'CLOSED', /stopped/);
    assert.equal(memory.calls.length, 3);
  });

  it('our heartbeat is counted up and turns over', async () => {
    const memory = memoryPlc();
    memory.registers[6990] = 65534;
    for (const expected of [65535, 0, 1]) {
      await countHeartbeat(memory.plc, lineMap);
      assert.equal(memory.registers[6990], expected);
    }
    await countHeartbeat(memory.plc, mill);
    assert.equal(memory.writes().length, 3);
  });
});
