import { SmartMoError } from '../errors';
import { isObject } from './envelope';
import { MO } from './stock';
import type { ModelCall } from './transport';

type Call = (call: ModelCall, signal?: AbortSignal) => Promise<unknown>;

/** First version that asks for rights with has_access. */
const HAS_ACCESS_MAJOR = 18;

/** Whether the user may change MOs and their components; null when this Odoo does not say. */
export async function mayChange(call: Call, major: number, signal?: AbortSignal): Promise<boolean | null> {
  const ask = (model: string): Promise<unknown> =>
    major < HAS_ACCESS_MAJOR
      ? call({ model, method: 'check_access_rights', args: { operation: 'write', raise_exception: false } }, signal)
      : call({ model, method: 'has_access', ids: [], args: { operation: 'write' } }, signal);
  const answers = await ifToldAnything(async () => [await ask(MO), await ask('stock.move')]);
  return answers?.every((answer) => typeof answer === 'boolean') ? answers.every(Boolean) : null;
}

/** What works for now but will fail in production, as sentences with a remedy. */
export async function findWarnings(call: Call, user: { login: string; uid: number }, signal?: AbortSignal): Promise<string[]> {
  const { login, uid } = user;
  const read = (): Promise<unknown> => call({ model: 'res.users', method: 'read', ids: [uid], args: { fields: ['email'] } }, signal);
  const rows = await ifToldAnything(read);
  const email: unknown = Array.isArray(rows) && isObject(rows[0]) ? rows[0]['email'] : undefined;
  if (email !== false && email !== '') return [];
  return [`user "${login}" has no e-mail address, without which Odoo refuses some changes; enter one in the user's form in Odoo`];
}

/** A question that this Odoo does not know, or does not answer to this user, says nothing against the user. */
async function ifToldAnything<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SmartMoError && (error.class === 'version' || error.class === 'permanent' || error.code === 'ODOO_RIGHTS'))
      return null;
    throw error;
  }
}
