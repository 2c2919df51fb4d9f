import type { VersionRules } from './versions';

/** An exception as Odoo shows it to a client: `exception` becomes `error.data.name`, by which clients tell them apart. */
export class OdooError extends Error {
  constructor(
    readonly exception: string,
    message: string,
  ) {
    super(message);
    this.name = 'OdooError';
  }
}

export const userError = (message: string): OdooError => new OdooError('odoo.exceptions.UserError', message);
export const validationError = (message: string): OdooError => new OdooError('odoo.exceptions.ValidationError', message);
export const accessDenied = (): OdooError => new OdooError('odoo.exceptions.AccessDenied', 'Access Denied');
export const accessError = (message: string): OdooError => new OdooError('odoo.exceptions.AccessError', message);
export const valueError = (message: string): OdooError => new OdooError('builtins.ValueError', message);
export const typeError = (message: string): OdooError => new OdooError('builtins.TypeError', message);
export const sessionExpired = (): OdooError => new OdooError('odoo.http.SessionExpiredException', 'Session expired');
export const serializationFailure = (): OdooError =>
  new OdooError('psycopg2.errors.SerializationFailure', 'could not serialize access due to concurrent update\n');

/** A model or a record type that the user has no right to. */
export function notAllowed(label: string, model: string, groups: readonly string[]): OdooError {
  const list = groups.map((group) => `\n\t- ${group}`).join('');
  return accessError(
    `You are not allowed to access '${label}' (${model}) records.\n\nThis operation is allowed for the following groups:${list}\n\nContact your administrator to request access if necessary.`,
  );
}

/** What a user without any manufacturing right is told. */
export function noOrderRights(rules: VersionRules): OdooError {
  return notAllowed(rules.orderLabel, 'mrp.production', ['Inventory/User', 'Manufacturing/Administrator', 'Manufacturing/User']);
}

export function invalidField(rules: VersionRules, found: 'read' | 'order' | 'write', field: string, model: string): OdooError {
  return valueError(`Invalid field '${field}' ${rules.unknownField[found]} '${model}'`);
}

export function missing(model: string, ids: readonly number[], uid: number): OdooError {
  const tuple = ids.length === 1 ? `${ids[0]},` : ids.join(', ');
  return new OdooError(
    'odoo.exceptions.MissingError',
    `Record does not exist or has been deleted.\n(Record: ${model}(${tuple}), User: ${uid})`,
  );
}

/** Bears the same name as a PostgreSQL that is down [05]. */
export function unknownDatabase(name: unknown): OdooError {
  return new OdooError(
    'psycopg2.OperationalError',
    `connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "${String(name)}" does not exist\n`,
  );
}
