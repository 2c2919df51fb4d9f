import { systemClock } from '../clock';
import type { Database } from '../database/database';
import { createLine, type Line, type LineSettings } from '../line/line';
import { checkOrder } from '../line/orders';
import type { Odoo, OdooOrder } from '../odoo/odoo';
import { checkMap, parseMap } from '../plc/map';
import { compileMapping, type Mapping } from '../plc/mapping';
import { partsNote, planRequests, planSlot, requestsOf, spansOf } from '../plc/plan';
import type { Plc } from '../plc/plc';
import { readSlotWords } from '../plc/read-slots';
import { knownOrders } from '../queue/gate';
import { listed, say, type Text } from '../sentence';
import { explain, type Probe, type ProbeResult, runProbe, Trouble } from './probe';
import { viewSlot } from './slot';

/** What the dialog of a line holds. Its connections are those that are deployed. */
export interface LineProbe {
  settings: LineSettings;
  /** JSON text of the register map. */
  map: string;
  /** Each throws when the node it stands for is not deployed or has a mistake; null where the line has none. */
  database(): Database;
  odoo(): Odoo | null;
  plc(): Plc | null;
}

/** MOs of Odoo that are looked at beyond one whole set, which may be in the queue already. */
const MORE_ORDERS = 10;

/**
 * Checks map and materials of a line, decodes slot 1 and looks what the next MO would become. One part that fails does not
 * keep the others from being shown; the first trouble is the sentence.
 */
export function probeLine(line: LineProbe): Promise<ProbeResult> {
  return runProbe(async (probe) => {
    const { slots, materials } = line.settings;
    for (const { text } of checkMap(line.map, line.settings).problems) probe.found(say`map`, text);
    const mapping = compileMapping({ map: parseMap(line.map, { slots, materials }), materials, slots });
    probe.found(say`map`, say`${slots} slots of ${mapping.length} words, ${mapping.tags.length} materials`);

    const news: Text[] = [];
    const troubles: unknown[] = [];
    const part = async (label: Text, look: () => Promise<Text>): Promise<void> => {
      try {
        news.push(await look());
      } catch (error) {
        troubles.push(error);
        probe.found(label, explain(error));
      }
    };
    let database: Database | null = null;
    await part(say`database`, async () => {
      database = answering(line.database());
      return say`the map fits`;
    });
    await part('PLC', () => lookAtPlc(line, mapping, probe));
    await part('Odoo', () => lookAtOdoo({ ...line, mapping, database }, probe));
    if (troubles.length > 0) throw troubles[0];
    return listed(news, '; ');
  });
}

/** The deployed node knows how its connection is; nothing is asked here. */
function answering(database: Database): Database {
  const { state, error } = database.state();
  if (state === 'down') throw new Trouble(error ?? say`the database does not answer`);
  return database;
}

async function lookAtPlc(line: LineProbe, mapping: Mapping, { found, signal }: Probe): Promise<Text> {
  const plc = line.plc();
  if (!plc) {
    found('PLC', say`none chosen`);
    return say`no PLC chosen`;
  }
  const requests = requestsPerCycle(mapping, plc.planning);
  found(say`requests per cycle`, requests);
  const note = plc.planning.mode === 'slot' ? partsNote(mapping.fields, plc.planning.maxWords) : null;
  if (note !== null) found(say`slot in parts`, note);
  const { words, torn } = await readSlotWords(plc, mapping, 'read', 1, signal);
  const { reading, fields } = viewSlot(mapping, 1, words);
  const bad = reading.bad.length;
  found(
    say`slot 1`,
    reading.empty
      ? say`empty: nothing else of it is judged`
      : listed([reading.mo_id || say`no name`, bad === 0 ? say`all good` : say`${bad} bad`]),
  );
  for (const { label, value } of fields) found(label, value);
  if (torn !== null) throw new Trouble(say`slot 1: the status at ${torn} kept changing while the slot was read in parts; test again`);
  const first = reading.bad[0];
  if (first) throw new Trouble(first.text);
  return reading.empty
    ? say`${requests} requests per cycle; slot 1 is empty`
    : say`${requests} requests per cycle; slot 1 is good (${reading.mo_id})`;
}

function requestsPerCycle(mapping: Mapping, planning: Plc['planning']): number {
  const ofLine = mapping.lineFields
    .filter((field) => field.name !== 'our_heartbeat')
    .map((field) => ({ from: field.at, words: field.coding.words }));
  const lineRequests = planRequests(ofLine, planning).length;
  if (planning.mode === 'slot') {
    return lineRequests + mapping.slots * requestsOf(planSlot(mapping.fields, planning.maxWords));
  }
  const spans = Array.from({ length: mapping.slots }, (_, index) => mapping.slotAddress('read', index + 1)).flatMap((start) =>
    mapping.fields.flatMap(spansOf).map((span) => ({ from: start + span.from, words: span.words })),
  );
  return lineRequests + planRequests(spans, planning).length;
}

interface Checked extends Pick<LineProbe, 'settings' | 'odoo'> {
  mapping: Mapping;
  /** null: not there; without it nobody knows which MO is the next. */
  database: Database | null;
}

async function lookAtOdoo({ settings, mapping, database, odoo: odooOf }: Checked, { found, signal }: Probe): Promise<Text> {
  const odoo = odooOf();
  if (!odoo) {
    found('Odoo', say`none chosen`);
    return say`no Odoo chosen`;
  }
  const orders = await odoo.listConfirmed({ limit: settings.slots + MORE_ORDERS, seen: [], domain: [] }, signal);
  if (orders.length === 0) {
    found(say`next MO`, say`Odoo has no confirmed MO`);
    return say`Odoo has no confirmed MO`;
  }
  if (!database) {
    found(say`next MO`, say`not looked for: which MOs were queued before is in the database`);
    return say`Odoo answers`;
  }
  const known = await knownOrders(database, settings.line, orders);
  const next = orders.find((order) => !known.has(order.mo_id));
  if (!next) {
    found(say`next MO`, say`none: the first ${orders.length} that Odoo lists were queued before`);
    return say`no new MO in Odoo`;
  }
  const deps = { database, odoo: null, plc: null, mapping, clock: systemClock, logTag: () => '' };
  return lookAtOrder(next, createLine(settings, deps), found);
}

/** The same check as before queueing. */
function lookAtOrder(order: OdooOrder, line: Line, found: Probe['found']): Text {
  found(say`next MO`, say`${order.mo_id}: ${order.quantity} ${order.uom} of ${order.product || order.product_code}`);
  const checked = checkOrder(order, line);
  if ('rejection' in checked)
    throw new Trouble(say`${order.mo_id} would be rejected (${checked.rejection.reason}): ${checked.rejection.text}`);
  for (const { product, tag, planned, uom, manual } of checked.entry.materials) {
    found(product, manual ? say`${tag} (by hand): ${planned} ${uom}` : `${tag}: ${planned} ${uom}`);
  }
  return say`next MO ${order.mo_id} finds all its materials`;
}
