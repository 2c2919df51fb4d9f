import { compileDomain, compileOrder } from './domain';
import type { Model } from './fields';
import { cancel, generateLot, postMessage, remove } from './manufacturing';
import { markDone } from './mark-done';
import { accessError, invalidField, notAllowed, OdooError, typeError, userError } from './odoo-error';
import { recordOf, writeMoveValues, writeOrderValues, writeProductValues, type Writing } from './values';

/** One call of a model method, taken apart. */
export interface Call {
  model: string;
  method: string;
  /** By position; for a method of records the ids come first. */
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
  /** JSON-2: all arguments by name, the ids beside them, and errors of its own. */
  byName?: { ids: unknown };
}

/** A method with its arguments bound to their names. */
interface Bound extends Writing {
  readonly model: Model;
  readonly ids: readonly number[];
  readonly context: Readonly<Record<string, unknown>>;
  arg(name: string): unknown;
}

interface Method {
  /** Called on records: the first argument is the list of ids. */
  records: boolean;
  /** The first `required` of them must be given. */
  params: readonly string[];
  required: number;
  /** Changes the tables. */
  writes: boolean;
  run(call: Bound): unknown;
}

const READING: Readonly<Record<string, Method>> = {
  search_read: reads(['domain', 'fields', 'offset', 'limit', 'order'], 0, (call) => read(call, search(call), call.arg('fields'))),
  search: reads(['domain', 'offset', 'limit', 'order'], 1, search),
  search_count: reads(['domain', 'limit'], 1, (call) => search(call).length),
  fields_get: reads(['allfields', 'attributes'], 0, fieldsGet),
  check_access_rights: reads(['operation', 'raise_exception'], 1, () => true),
  has_access: onRecords(['operation'], 1, false, () => true),
  read: onRecords(['fields', 'load'], 0, false, (call) => read(call, existing(call), call.arg('fields'))),
  exists: onRecords([], 0, false, existing),
};

const OWN: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
  'mrp.production': {
    write: writing(writeOrderValues),
    button_mark_done: onRecords([], 0, true, (call) => markDone(call, call.ids, call.context)),
    action_cancel: onRecords([], 0, true, (call) => cancel(call, call.ids)),
    action_generate_serial: onRecords([], 0, true, (call) => generateLot(call, call.ids)),
    unlink: onRecords([], 0, true, (call) => remove(call, call.ids)),
    message_post: onRecords(['body', 'subject', 'message_type', 'subtype_xmlid'], 0, true, (call) =>
      postMessage(call, call.ids, call.arg('body')),
    ),
  },
  'stock.move': { write: writing(writeMoveValues) },
  'product.product': { write: writing(writeProductValues) },
  'res.users': {
    has_group: reads(['group_ext_id'], 1, (call) => GROUPS.includes(String(call.arg('group_ext_id')))),
    context_get: reads([], 0, (call) => ({ lang: 'en_US', tz: false, uid: call.uid })),
  },
};

/** Groups of the demo user, the smallest that suffice. */
const GROUPS = ['base.group_user', 'mrp.group_mrp_user'];

/** Models that a plain manufacturing user may not even read; the names as Odoo shows them. */
const PROTECTED: Readonly<Record<string, string>> = { 'decimal.precision': 'Decimal Precision' };

/** True when the call may change the tables, so that it needs a transaction. Unknown methods change nothing. */
export function writes(call: Pick<Call, 'model' | 'method'>): boolean {
  return find(call.model, call.method)?.writes ?? false;
}

/**
 * Runs one call on `environment.tables`.
 * @throws OdooError as Odoo would raise it; the tables are then to be dropped
 */
export function execute(environment: Writing, call: Call): unknown {
  const { rules } = environment;
  const named = `${call.model}.${call.method}`;
  const label = PROTECTED[call.model];
  if (label !== undefined) throw notAllowed(label, call.model, [rules.settingsGroup]);
  const model = environment.models.get(call.model);
  if (!model) throw call.byName ? notFound(`the model '${call.model}' does not exist`) : userError(`Object ${call.model} doesn't exist`);
  if (call.method.startsWith('_') || rules.closedMethods.includes(call.method)) {
    const name = rules.qualifiesMethods ? `'${named}'` : call.method;
    throw accessError(`Private methods (such as ${name}) cannot be called remotely.`);
  }
  const method = find(call.model, call.method);
  if (!method || (call.method === 'has_access' && !rules.hasAccess)) {
    const text = rules.qualifiesMethods
      ? `The method '${named}' does not exist`
      : `The method '${call.method}' does not exist on the model '${call.model}'`;
    throw call.byName ? notFound(text) : new OdooError('builtins.AttributeError', text);
  }
  return method.run(bind(environment, model, method, call));
}

/** What a JSON-2 client is told about a model or method that is not there. */
export function notFound(message: string): OdooError {
  return new OdooError('werkzeug.exceptions.NotFound', message);
}

function find(model: string, method: string): Method | undefined {
  const own = Object.hasOwn(OWN, model) ? OWN[model] : undefined;
  if (own && Object.hasOwn(own, method)) return own[method];
  return Object.hasOwn(READING, method) ? READING[method] : undefined;
}

function bind(environment: Writing, model: Model, method: Method, call: Call): Bound {
  const { context, ...named } = call.kwargs;
  const [ids, positional] = call.byName
    ? [call.byName.ids, []]
    : method.records
      ? [call.args[0], call.args.slice(1)]
      : [undefined, call.args];
  const absent = method.params.slice(positional.length, method.required).find((param) => !Object.hasOwn(named, param));
  if (call.byName && absent !== undefined)
    throw new OdooError('werkzeug.exceptions.UnprocessableEntity', `missing a required argument: '${absent}'`);

  const name = pythonName(environment, model, method, call.method);
  if (absent !== undefined) throw typeError(`${name}() missing 1 required positional argument: '${absent}'`);
  const unexpected = Object.keys(named).find((key) => !method.params.includes(key));
  if (unexpected !== undefined) throw typeError(`${name}() got an unexpected keyword argument '${unexpected}'`);
  if (positional.length > method.params.length) {
    throw typeError(`${name}() takes ${method.params.length + 1} positional arguments but ${positional.length + 1} were given`);
  }
  return {
    ...environment,
    model,
    ids: method.records ? idsOf(ids) : [],
    context: recordOf(context ?? {}),
    arg: (wanted) => {
      const position = method.params.indexOf(wanted);
      return position < positional.length ? positional[position] : named[wanted];
    },
  };
}

/** Name of the function in the TypeErrors of Odoo. */
function pythonName({ rules }: Writing, model: Model, method: Method, name: string): string {
  if (method !== READING[name]) return `${model.python}.${name}`;
  return name === 'search_read' ? rules.readFunction : `BaseModel.${name}`;
}

function reads(params: readonly string[], required: number, run: Method['run']): Method {
  return { records: false, params, required, writes: false, run };
}

function onRecords(params: readonly string[], required: number, changes: boolean, run: Method['run']): Method {
  return { records: true, params, required, writes: changes, run };
}

function writing(write: (call: Bound, id: number, values: Readonly<Record<string, unknown>>) => void): Method {
  return onRecords(['vals'], 1, true, (call) => {
    for (const id of call.ids) write(call, id, recordOf(call.arg('vals')));
    return true;
  });
}

/** Ids in the first argument of a method of records. */
export function idsOf(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === 'number');
}

function existing(call: Bound): number[] {
  const all = new Set(call.model.ids(call.tables));
  return call.ids.filter((id) => all.has(id));
}

function search(call: Bound): number[] {
  const matches = compileDomain(call.arg('domain') ?? [], call.model, call);
  const order = call.arg('order');
  const byOrder = compileOrder(typeof order === 'string' && order !== '' ? order : call.model.order, call.model, call);
  const found = call.model.ids(call.tables).filter(matches).sort(byOrder);
  const offset = Number(call.arg('offset') ?? 0);
  const limit = Number(call.arg('limit') ?? 0);
  return found.slice(offset, limit > 0 ? offset + limit : undefined);
}

function read(call: Bound, ids: readonly number[], wanted: unknown): Record<string, unknown>[] {
  const names = Array.isArray(wanted) && wanted.length > 0 ? (wanted as unknown[]).map(String) : Object.keys(call.model.fields);
  for (const name of names) if (!Object.hasOwn(call.model.fields, name)) throw invalidField(call.rules, 'read', name, call.model.name);
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
