import { type ErrorClass, type ErrorCode, SmartMoError } from '../errors';

/** The `error.data` of an answer. Its `debug` is a traceback and is never looked at. */
export interface OdooFault {
  name: string;
  message: string;
}

/**
 * Exception names decide, because messages are translated and reworded (odoo.md B1); the messages looked at below come
 * from Python itself and are the same in every language.
 */
const RULES: { name: RegExp; message?: RegExp; code: ErrorCode; class: ErrorClass; remedy: string }[] = [
  { name: /\.SessionExpiredException$/, code: 'ODOO_AUTH', class: 'auth', remedy: 'log in again' },
  { name: /\.AccessDenied$/, code: 'ODOO_AUTH', class: 'auth', remedy: 'check login and password' },
  { name: /\.AccessError$/, code: 'ODOO_RIGHTS', class: 'auth', remedy: 'give the user the group "Manufacturing / User"' },
  { name: /\.MissingError$/, code: 'ODOO_GONE', class: 'permanent', remedy: 'it was deleted in Odoo; a person decides' },
  {
    name: /^psycopg2\.(OperationalError|InterfaceError)$|\.(PoolError|ConcurrencyError)$/,
    code: 'ODOO_UNREACHABLE',
    class: 'transient',
    remedy: 'Odoo has trouble with its own database, or the name of the database is wrong',
  },
  {
    name: /^psycopg2\.errors\.(SerializationFailure|DeadlockDetected|LockNotAvailable|TransactionRollback|QueryCanceled|AdminShutdown|CrashShutdown|CannotConnectNow|TooManyConnections|DiskFull|OutOfMemory|ReadOnlySqlTransaction|ConnectionFailure|ConnectionException|IdleInTransactionSessionTimeout)$/,
    code: 'ODOO_UNREACHABLE',
    class: 'transient',
    remedy: 'Odoo was busy with the same records; it is tried again by itself',
  },
  { name: /^builtins\.MemoryError$/, code: 'ODOO_UNREACHABLE', class: 'transient', remedy: 'it is tried again by itself' },
  {
    name: /^builtins\.(ValueError|KeyError|AttributeError|TypeError)$/,
    message: /^Invalid field |^The method '.*' does not exist|unexpected keyword argument/,
    code: 'ODOO_VERSION_CHANGED',
    class: 'version',
    remedy: 'fields or methods have other names than in the version last seen; press Test in the Odoo node',
  },
  { name: /\.NotFound$/, code: 'ODOO_VERSION_CHANGED', class: 'version', remedy: 'press Test in the Odoo node' },
];

/** Business refusals, and whatever else an Odoo with its own modules may raise: it was rolled back, a person decides. */
const REFUSED = { code: 'ODOO_REFUSED', class: 'permanent', remedy: 'settle it in Odoo, then retry the batch' } as const;

/**
 * The error an answer of Odoo stands for.
 * @param what the call, for people: "mrp.production.write of 26"
 * @param secrets texts that must not get out, should the server repeat them
 */
export function faultError(fault: OdooFault, what: string, secrets: readonly string[]): SmartMoError {
  const rule = RULES.find((rule) => rule.name.test(fault.name) && (rule.message?.test(fault.message) ?? true)) ?? REFUSED;
  const said = printable(fault.message, secrets) || printable(fault.name, secrets);
  return new SmartMoError(rule.code, `Odoo answered ${what} with "${said}"; ${rule.remedy}`, {
    class: rule.class,
    value: printable(fault.name, secrets),
  });
}

/** One line of at most 300 characters without secrets: cut last, so that no half of a secret is left. */
export function printable(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) clean = clean.replaceAll(form, '***');
  }
  clean = clean.replace(/\s+/g, ' ').trim();
  return clean.length > 300 ? `${clean.slice(0, 299)}…` : clean;
}
