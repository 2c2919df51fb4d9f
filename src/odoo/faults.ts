import { type ErrorClass, type ErrorCode, SmartMoError } from '../errors';

/**
 * Exception names decide, because messages are translated and reworded (odoo.md B1). The messages looked at below come from
 * Python and are the same in every language; only those about the database may differ, and then cost a more general remedy.
 */
const RULES: { name: RegExp; message?: RegExp; code: ErrorCode; class: ErrorClass; remedy: string }[] = [
  { name: /\.SessionExpiredException$/, code: 'ODOO_AUTH', class: 'auth', remedy: 'log in again' },
  { name: /\.AccessDenied$/, code: 'ODOO_AUTH', class: 'auth', remedy: 'check login and password' },
  { name: /\.Unauthorized$/, code: 'ODOO_AUTH', class: 'auth', remedy: 'check the API key; keys expire' },
  {
    name: /\.(OperationalError|AccessError)$/,
    message: /database ".*" does not exist|^Database not found/,
    code: 'ODOO_UNREACHABLE',
    class: 'transient',
    remedy: 'check the name of the database in the Odoo node',
  },
  {
    name: /\.AccessError$/,
    code: 'ODOO_RIGHTS',
    class: 'auth',
    remedy: 'give the user the group "Manufacturing / User", or see which record rule keeps it out',
  },
  { name: /\.MissingError$/, code: 'ODOO_GONE', class: 'permanent', remedy: 'ask the ERP administrator whether it was deleted' },
  {
    name: /^psycopg2\.(OperationalError|InterfaceError|DatabaseError)$|\.(PoolError|ConcurrencyError)$/,
    code: 'ODOO_UNREACHABLE',
    class: 'transient',
    remedy: 'Odoo has trouble with its own database, or the name of the database is wrong',
  },
  {
    name: /^psycopg2\.errors\.(SerializationFailure|DeadlockDetected|LockNotAvailable|TransactionRollback|QueryCanceled|AdminShutdown|CrashShutdown|CannotConnectNow|TooManyConnections|DiskFull|OutOfMemory|ReadOnlySqlTransaction|ConnectionFailure|ConnectionException|IdleInTransactionSessionTimeout)$|\.LockError$/,
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
  {
    name: /\.UnprocessableEntity$/,
    message: /^missing a required argument/,
    code: 'ODOO_VERSION_CHANGED',
    class: 'version',
    remedy: 'press Test in the Odoo node',
  },
  {
    name: /\.(UserError|NotFound)$/,
    message: /^Object \S+ doesn't exist$|^the model '\S+' does not exist$/,
    code: 'CONFIG_INVALID',
    class: 'permanent',
    remedy: 'install the app Manufacturing in this Odoo, or enter the name of the database that has it',
  },
  { name: /\.NotFound$/, code: 'ODOO_VERSION_CHANGED', class: 'version', remedy: 'press Test in the Odoo node' },
];

/** Business refusals, and whatever else an Odoo with its own modules may raise: it was rolled back, a person decides. */
const REFUSED = { code: 'ODOO_REFUSED', class: 'permanent', remedy: 'settle it in Odoo' } as const;

/**
 * The error that Odoo's description of an exception stands for: the `error.data` of JSON-RPC, the body of JSON-2. Its
 * `debug` is a traceback and is never looked at. undefined: it is no such description.
 * @param what the call, for people: "the quantities of WH/MO/00026"
 * @param secrets texts that must not get out, should the server repeat them
 */
export function faultError(fault: unknown, what: string, secrets: readonly string[]): SmartMoError | undefined {
  if (typeof fault !== 'object' || fault === null || !('name' in fault) || typeof fault.name !== 'string') return undefined;
  const { name } = fault;
  const message = 'message' in fault && typeof fault.message === 'string' ? fault.message : '';
  const rule = RULES.find((rule) => rule.name.test(name) && (rule.message?.test(message) ?? true)) ?? REFUSED;
  const said = printable(message, secrets) || printable(name, secrets);
  const details = { class: rule.class, value: printable(name, secrets), remedy: rule.remedy };
  const sentence = rule === REFUSED ? `Odoo refused ${what}: "${said}"` : `Odoo answered ${what} with "${said}"`;
  return new SmartMoError(rule.code, sentence, details);
}

/** Odoo itself said no, or knows the session no more: one fresh login may help. */
export function isDenied(error: unknown): boolean {
  const denied = /\.(AccessDenied|SessionExpiredException|Unauthorized)$/;
  return error instanceof SmartMoError && error.code === 'ODOO_AUTH' && denied.test(String(error.value));
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
