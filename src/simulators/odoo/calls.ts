import { compileDomain, compileOrder } from './domain';
import type { Model } from './fields';
import { cancel, markDone, postMessage, remove } from './manufacturing';
import { accessError, invalidField, OdooError, typeError, userError } from './odoo-error';
import { recordOf, writeMoveValues, writeOrderValues, writeProductValues, type Writing } from './values';

/** One execute_kw, taken apart. */
export interface Call {
  model: string;
  method: string;
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
}

/** A method with its arguments bound to their names. */
interface Bound extends Writing {
  readonly model: Model;
  readonly ids: readonly number[];
  readonly context: Readonly<Record<string, unknown>>;
  arg(name: string): unknown;
}

interface Method {
  /** Name in the TypeErrors of Odoo. */
  python?: string;
  /** Called on records: the first argument is the list of ids. */
  records: boolean;
  params: readonly string[];
  /** Changes the tables. */
  writes: boolean;
  run(call: Bound): unknown;
}

const READING: Readonly<Record<string, Method>> = {
  search_read: {
    python: 'BaseModel._read_format',
    ...reads(['domain', 'fields', 'offset', 'limit', 'order'], (call) => read(call, search(call), call.arg('fields'))),
  },
  search: { python: 'BaseModel.search', ...reads(['domain', 'offset', 'limit', 'order'], search) },
  search_count: { python: 'BaseModel.search_count', ...reads(['domain', 'limit'], (call) => search(call).length) },
  fields_get: { python: 'BaseModel.fields_get', ...reads(['allfields', 'attributes'], fieldsGet) },
  check_access_rights: { python: 'BaseModel.check_access_rights', ...reads(['operation', 'raise_exception'], () => true) },
  read: { python: 'BaseModel.read', ...onRecords(['fields', 'load'], false, (call) => read(call, existing(call), call.arg('fields'))) },
  exists: { python: 'BaseModel.exists', ...onRecords([], false, existing) },
};

const OWN: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
  'mrp.production': {
    write: onRecords(['vals'], true, (call) => {
      for (const id of call.ids) writeOrderValues(call, id, recordOf(call.arg('vals')));
      return true;
    }),
    button_mark_done: onRecords([], true, (call) => markDone(call, call.ids, call.context)),
    action_cancel: onRecords([], true, (call) => cancel(call, call.ids)),
    unlink: onRecords([], true, (call) => remove(call, call.ids)),
    message_post: onRecords(['body', 'subject', 'message_type', 'subtype_xmlid'], true, (call) =>
      postMessage(call, call.ids, call.arg('body')),
    ),
  },
  'stock.move': {
    write: onRecords(['vals'], true, (call) => {
      for (const id of call.ids) writeMoveValues(call, id, recordOf(call.arg('vals')));
      return true;
    }),
  },
  'product.product': {
    write: onRecords(['vals'], true, (call) => {
      for (const id of call.ids) writeProductValues(call, id, recordOf(call.arg('vals')));
      return true;
    }),
  },
  'res.users': { has_group: reads(['group_ext_id'], (call) => GROUPS.includes(String(call.arg('group_ext_id')))) },
};

/** Groups of the demo user, the smallest that suffice. */
const GROUPS = ['base.group_user', 'mrp.group_mrp_user'];

/** Models that a plain manufacturing user may not even read; the names as Odoo shows them. */
const PROTECTED: Readonly<Record<string, { label: string; group: string }>> = {
  'decimal.precision': { label: 'Decimal Precision', group: 'Administration/Settings' },
};

/** True when the call may change the tables, so that it needs a transaction. Unknown methods change nothing. */
export function writes(call: Pick<Call, 'model' | 'method'>): boolean {
  return find(call.model, call.method)?.writes ?? false;
}

/**
 * Runs one execute_kw on `environment.tables`.
 * @throws OdooError as Odoo would raise it; the tables are then to be dropped
 */
export function execute(environment: Writing, call: Call): unknown {
  const forbidden = PROTECTED[call.model];
  if (forbidden) {
    throw accessError(
      `You are not allowed to access '${forbidden.label}' (${call.model}) records.\n\nThis operation is allowed for the following groups:\n\t- ${forbidden.group}\n\nContact your administrator to request access if necessary.`,
    );
  }
  const model = environment.models.get(call.model);
  if (!model) throw userError(`Object ${call.model} doesn't exist`);
  if (call.method.startsWith('_')) throw accessError(`Private methods (such as '${call.model}.${call.method}') cannot be called remotely.`);
  const method = find(call.model, call.method);
  if (!method) throw new OdooError('builtins.AttributeError', `The method '${call.model}.${call.method}' does not exist`);
  return method.run(bind(environment, model, method, call));
}

function find(model: string, method: string): Method | undefined {
  const own = Object.hasOwn(OWN, model) ? OWN[model] : undefined;
  if (own && Object.hasOwn(own, method)) return own[method];
  return Object.hasOwn(READING, method) ? READING[method] : undefined;
}

function bind(environment: Writing, model: Model, method: Method, call: Call): Bound {
  const { context, ...named } = call.kwargs;
  const positional = method.records ? call.args.slice(1) : call.args;
  const name = method.python ?? `${model.python}.${call.method}`;
  const unexpected = Object.keys(named).find((key) => !method.params.includes(key));
  if (unexpected !== undefined) throw typeError(`${name}() got an unexpected keyword argument '${unexpected}'`);
  if (positional.length > method.params.length) {
    throw typeError(`${name}() takes ${method.params.length + 1} positional arguments but ${positional.length + 1} were given`);
  }
  return {
    ...environment,
    model,
    ids: method.records ? idsOf(call.args[0]) : [],
    context: recordOf(context ?? {}),
    arg: (wanted) => {
      const position = method.params.indexOf(wanted);
      return position < positional.length ? positional[position] : named[wanted];
    },
  };
}

function reads(params: readonly string[], run: Method['run']): Method {
  return { records: false, params, writes: false, run };
}

function onRecords(params: readonly string[], changes: boolean, run: Method['run']): Method {
  return { records: true, params, writes: changes, run };
}

function idsOf(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === 'number');
}

function existing(call: Bound): number[] {
  const all = new Set(call.model.ids(call.tables));
  return call.ids.filter((id) => all.has(id));
}

function search(call: Bound): number[] {
  const matches = compileDomain(call.arg('domain') ?? [], call.model, call.tables, call.models);
  const order = call.arg('order');
  const byOrder = compileOrder(typeof order === 'string' && order !== '' ? order : call.model.order, call.model, call.tables);
  const found = call.model.ids(call.tables).filter(matches).sort(byOrder);
  const offset = Number(call.arg('offset') ?? 0);
  const limit = Number(call.arg('limit') ?? 0);
  return found.slice(offset, limit > 0 ? offset + limit : undefined);
}

function read(call: Bound, ids: readonly number[], wanted: unknown): Record<string, unknown>[] {
  const names = Array.isArray(wanted) && wanted.length > 0 ? (wanted as unknown[]).map(String) : Object.keys(call.model.fields);
  for (const name of names) if (!Object.hasOwn(call.model.fields, name)) throw invalidField(name, call.model.name);
  return ids.map((id) => ({ id, ...Object.fromEntries(names.map((name) => [name, call.model.value(call.tables, id, name)])) }));
}

/** Fields that do not exist are left out of the answer without an error: so clients find out what a version has. */
function fieldsGet(call: Bound): Record<string, unknown> {
  const wanted = call.arg('allfields');
  const attributes = call.arg('attributes');
  const names = Array.isArray(wanted) && wanted.length > 0 ? (wanted as unknown[]).map(String) : Object.keys(call.model.fields);
  const shown = (key: string): boolean => key !== 'value' && (!Array.isArray(attributes) || attributes.includes(key));
  return Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(call.model.fields, name))
      .map((name) => [name, Object.fromEntries(Object.entries(call.model.fields[name] ?? {}).filter(([key]) => shown(key)))]),
  );
}
