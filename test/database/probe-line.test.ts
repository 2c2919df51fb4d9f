import assert from 'node:assert/strict';
import { SmartMoError } from '../../src/errors';
import { FEED_MILL_MAP, FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { type LineProbe, probeLine as ask } from '../../src/probe/line';
import type { ProbeResult } from '../../src/probe/probe';
import { type Plant, startPlant } from '../support/plant';
import type { Told } from '../../src/sentence';
import { englishLater } from '../support/english';

const probeLine = englishLater(ask);

describe('test of a line', () => {
  let plant: Plant;
  before(async function () {
    this.timeout(60_000);
    // So slow that a loaded recipe stays as it is during the tests.
    plant = await startPlant(this, { orders: 12, plc: { speed: 0.01 } });
  });
  after(() => plant.close());

  const probe = (more: Partial<LineProbe> = {}, settings: Partial<LineProbe['settings']> = {}): Promise<Told<ProbeResult>> =>
    probeLine({
      settings: { ...plant.line, ...settings },
      map: '',
      database: () => plant.database,
      odoo: () => plant.line.odoo,
      plc: () => plant.line.plc,
      ...more,
    });
  const detail = ({ details }: Told<ProbeResult>, label: string): string => details.find((one) => one.label === label)?.value ?? '';

  /** Words of slot 1 as the PLC shows them. */
  function show(words: Readonly<Record<number, readonly number[]>>): void {
    for (const [at, part] of Object.entries(words)) plant.plc.registers.write('holding', 6000 + Number(at), part);
  }
  const text = (value: string): number[] => Array.from({ length: 8 }, (_, at) => Buffer.from(value.padEnd(16, '\0')).readUInt16BE(at * 2));
  const uint32 = (value: number): number[] => [Math.floor(value / 0x10000), value % 0x10000];

  /** A good slot 1: WH/MO/00123, 1000 kg, silo_a 825.25 kg. */
  function good(): void {
    const ids = Object.fromEntries(
      FEED_MILL_MAP.fields.flatMap(({ idAt, id }) => (idAt === undefined || id === undefined ? [] : [[idAt, [id]]])),
    );
    show({ ...ids, 0: [1], 1: text('WH/MO/00123'), 25: uint32(100_000), 28: [1, 16_989], 74: uint32(82_525) });
  }

  it('with an empty PLC shows the map, the requests and where the next MO would go', async () => {
    const result = await probe();
    assert.equal(result.ok, true, result.text);
    assert.equal(result.text, 'the map fits; 10 requests per cycle; slot 1 is empty; next MO WH/MO/00001 finds all its materials');
    assert.equal(detail(result, 'map'), '10 slots of 77 words, 15 materials');
    assert.match(detail(result, 'next MO'), /^WH\/MO\/00001: 1000 kg of /);
    assert.match(detail(result, 'SILO-101'), /^silo_a: \d+(\.\d+)? kg$/);
    assert.match(detail(result, 'LQ115'), /^lq_fml: /);
  });

  it('shows every field of slot 1 with its address in all notations, its words and its value', async () => {
    good();
    const result = await probe();
    assert.equal(result.ok, true, result.text);
    assert.equal(detail(result, 'slot 1'), 'WH/MO/00123, all good');
    assert.equal(detail(result, 'silo_a'), '6028 = 46029 = 406029 [1, 16989] 825.25 kg');
    assert.match(detail(result, 'mo_id'), /^6001 = 46002 = 406002 \[.*\] "WH\/MO\/00123"$/);
    assert.equal(detail(result, 'status_manufacturing'), '6072 = 46073 = 406073 [0] 0');
    for (const { field, material } of FEED_MILL_MAP.fields) assert.notEqual(detail(result, field ?? material ?? ''), '');
  });

  it('names what cannot be trusted: a float read as an integer is far above its order', async () => {
    good();
    show({ 28: [32_768, 17_422] });
    const result = await probe();
    assert.equal(result.ok, false);
    assert.match(result.text, /^slot 1: silo_a at 6028 is 21475010.7 kg, above the plausible maximum of 1500 kg/);
    assert.match(detail(result, 'silo_a'), /^6028 = 46029 = 406029 \[32768, 17422\] BAD: /);
    assert.equal(detail(result, 'slot 1'), 'WH/MO/00123, 1 bad');
    assert.match(detail(result, 'next MO'), /^WH\/MO\/00001/, 'the rest is shown all the same');
  });

  it('names an id that is not where the map says', async () => {
    good();
    show({ 30: [9] });
    assert.match((await probe()).text, /silo_b at 6030 has the id 9, expected 102/);
  });

  it('counts the requests of mode "fewest"', async () => {
    good();
    const { plc } = plant.line;
    assert.ok(plc);
    const result = await probe({ plc: () => ({ ...plc, planning: { mode: 'fewest', maxWords: 125, maxGap: 50 } }) });
    assert.equal(detail(result, 'requests per cycle'), '8');
  });

  it('refuses a map that has a mistake', async () => {
    const result = await probe({ map: '{"version": 1}' });
    assert.equal(result.ok, false);
    assert.match(result.text, /^MAP_INVALID: /);
    assert.deepEqual(
      result.details.map(({ value }) => value),
      ['the map has no "addressing"; fill it in', 'the map has no "read"; fill it in', 'the map has no "fields"; fill it in'],
    );
  });

  it('names the component that no silo holds', async () => {
    good();
    const materials = FEED_MILL_MATERIALS.map((material) => (material.tag === 'silo_c' ? { ...material, product: 'SOY-48' } : material));
    const result = await probe({}, { materials });
    assert.equal(result.ok, false);
    assert.equal(result.text, 'WH/MO/00001 would be rejected (unknown-material): no silo of line main holds SILO-103');
  });

  it('looks past the MOs that were queued before', async () => {
    good();
    await plant.fetch({ limit: 3 });
    assert.match((await probe()).text, /next MO WH\/MO\/00004 finds all its materials$/);
  });

  it('says what is not deployed, and shows the rest', async () => {
    good();
    const missing = (): never => {
      throw new SmartMoError('CONFIG_MISSING', 'not deployed yet');
    };
    const result = await probe({ database: missing, plc: () => null });
    assert.equal(result.text, 'CONFIG_MISSING: not deployed yet');
    assert.equal(detail(result, 'PLC'), 'none chosen');
    assert.match(detail(result, 'next MO'), /^not looked for/);
  });

  it('writes nothing to the PLC', async () => {
    good();
    const before = plant.plc.registers.read('holding', 6000, 100);
    await probe();
    assert.deepEqual(plant.plc.registers.read('holding', 6000, 100), before);
  });
});
