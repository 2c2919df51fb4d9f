import assert from 'node:assert/strict';
import type { Odoo, PushPayload } from '../../src/odoo/odoo';
import type { OdooSettings } from '../../src/odoo/settings';
import { type Asked, connectTo, Raw, startScript } from './odoo-script';
import { recordingsOf } from './odoo-simulator-replay';

/** One MO as Odoo shows it: a state that was recorded, with the figures of its recipe where the recording leaves them out. */
export interface Shown {
  state: string;
  qty_producing: number;
  qty_produced: number;
  /** Components in the order of the recipe; picked is null up to Odoo 16. */
  moves: { quantity: number; picked: boolean | null; state: string }[];
}

/** What happens to one MO: how it is found, what Odoo answers to each change (the name of a recording), how it is shown then. */
export interface Trap {
  /** null: Odoo shows no such MO. */
  look: Shown | null;
  /** Method -> recording; a change that is not named here is refused. */
  answers: Record<string, string>;
  after: Shown | null;
}

/** Components as the recordings note them: `[planned, quantity, picked, state]`. */
type Noted = [planned: number, quantity: number, picked: boolean | null, state: string][];

/** The MOs of the recordings: 2000 kg of one recipe, of which so much was weighed. */
const ORDERED = 2000;
const WEIGHED = [588, 360, 244.8, 158.4, 141.4, 98, 80, 61.2, 49.5, 40.4, 29.4, 20, 20.4, 59.4, 40.4];
const FIRST_PRODUCT = 2;
const CHANGES = ['write', 'button_mark_done', 'action_cancel'];
const FIRST_MOVE = 416;

export function payloadOf(quantities: readonly number[] = WEIGHED, qty = ORDERED): PushPayload {
  const moves = quantities.map((quantity, index) => ({ move_id: FIRST_MOVE + index, product_id: FIRST_PRODUCT + index, quantity }));
  return { mo_id: 'WH/MO/00026', odoo_id: 26, qty, moves, equipment: {}, markDone: true };
}

/** The states of the recordings of that version. */
export function statesOf(version: string) {
  const recordings = recordingsOf(version);
  const seen = (name: string): Record<string, unknown> => recordings.get(name)?.seen ?? assert.fail(`no recording ${name} of ${version}`);
  const moves = (noted: unknown): Shown['moves'] => (noted as Noted).map(([, quantity, picked, state]) => ({ quantity, picked, state }));
  const old = Number(version) < 17;
  /** All that was picked, or nothing of it: as a state shows it that notes quantities only. */
  const picked = (quantities: readonly number[], state: string): Shown['moves'] =>
    quantities.map((quantity) => ({ quantity, picked: old ? null : true, state }));

  const before = (seen('A-before')['moves'] as [string, number, number, string][]).map(([, , quantity, state]) => ({
    quantity,
    picked: old ? null : false,
    state,
  }));
  return {
    seen,
    has: (name: string): boolean => recordings.has(name),
    /** Over JSON-2 an error has a status, over JSON-RPC it is a member of the answer. */
    refuses: (name: string): boolean =>
      (recordings.get(name)?.http_status ?? 0) >= 400 || recordings.get(name)?.response['error'] !== undefined,
    planned: (seen('A-before')['moves'] as [string, number][]).map(([, planned]) => planned),
    moves,
    picked,
    fresh: { state: 'confirmed', qty_producing: 0, qty_produced: 0, moves: before } satisfies Shown,
    written: shown(String(seen('A3-state-1')['state']), moves(seen('A3-state-1')['moves'])),
    done: shown('done', moves(seen('A5-after')['moves'])),
    /** What was written, in another state. */
    in: (state: unknown, quantities: readonly number[] = WEIGHED, qty = ORDERED): Shown =>
      shown(String(state), picked(quantities, String(state) === 'done' ? 'done' : 'assigned'), qty),
  };
}

export function shown(state: string, moves: Shown['moves'], qty = ORDERED): Shown {
  return { state, qty_producing: qty, qty_produced: state === 'done' ? qty : 0, moves };
}

export interface TrapServer {
  odoo: Odoo;
  /** From now on Odoo has this one MO, under whatever id and name it is asked for. */
  play(trap: Trap): void;
  /** Changes that were asked for since, by method. */
  sent: string[];
  close(): Promise<void>;
}

/** An Odoo of that version that does to one MO what the recordings say, and speaks with that version's names. */
export async function startTraps(version: string, settings: Partial<OdooSettings>): Promise<TrapServer> {
  const recordings = recordingsOf(version);
  let trap: Trap | null = null;
  let now: Shown | null = null;
  const sent: string[] = [];

  function answer(one: Asked): unknown {
    if (one.name === 'common.version') return recorded('version');
    const [model = '', method = ''] = one.name.split(/\.(?=[^.]*$)/);
    if (method === 'fields_get') return recorded(model === 'stock.move' ? 'moves-fields_get' : 'fields_get');
    const domain = one.args[0] ?? one.options['domain'];
    if (one.name === 'mrp.production.search_read') return now ? [order(now, idIn(domain))] : [];
    if (one.name === 'stock.move.search_read') return (now?.moves ?? []).map((_, index) => move(now!, index, idIn(domain)));
    if (!CHANGES.includes(method)) return undefined;
    sent.push(method);
    now = trap!.after;
    return recorded(trap!.answers[method]);
  }

  function recorded(name = 'nothing for this change'): unknown {
    const { response, http_status } = recordings.get(name) ?? assert.fail(`no recording ${name} of ${version}`);
    const body: unknown = response;
    if (typeof body !== 'object' || body === null) return body;
    if ('jsonrpc' in body && !('error' in body)) return response['result'];
    // The id of an error may be null (odoo.md B1); JSON-2 has no envelope.
    return new Raw(JSON.stringify('jsonrpc' in body ? { ...body, id: null } : body), http_status);
  }

  const script = await startScript(answer);
  const odoo = connectTo(script.url, settings);
  return {
    odoo,
    sent,
    play(next) {
      for (const name of Object.values(next.answers)) assert.ok(recordings.has(name), `no recording ${name} of ${version}`);
      trap = next;
      now = next.look;
      sent.length = 0;
    },
    async close() {
      odoo.close();
      await script.close();
    },
  };

  function order({ state, qty_producing, qty_produced, moves }: Shown, id: number): object {
    const move_raw_ids = moves.map((_, index) => FIRST_MOVE + index);
    return { id, name: 'WH/MO/00026', state, product_qty: ORDERED, qty_producing, qty_produced, move_raw_ids };
  }
  function move({ moves }: Shown, index: number, orderId: number): object {
    const { quantity, picked, state } = moves[index]!;
    const consumed = picked === null ? { quantity_done: quantity } : { quantity, picked };
    const id = FIRST_MOVE + index;
    return {
      id,
      product_id: [FIRST_PRODUCT + (index % WEIGHED.length), ''],
      state,
      raw_material_production_id: [orderId, ''],
      ...consumed,
    };
  }
}

/** `[["id", "in", [26]]]` */
function idIn(domain: unknown): number {
  const [[, , ids]] = domain as [[string, string, number[]]];
  return ids[0]!;
}
