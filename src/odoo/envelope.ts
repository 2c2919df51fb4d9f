import { faultError } from './faults';
import { unreadable } from './http';

/** A JSON-RPC request that was sent. */
export interface Sent {
  id: number;
  /** For people: "the quantities of WH/MO/00026" */
  what: string;
  change: boolean;
  /** The routes of the plant module repeat no id, and may answer without an envelope (odoo.md part C). */
  loose?: boolean;
}

/**
 * What a JSON-RPC answer holds. HTTP 200 says nothing: an error arrives with it too, and a method that returns nothing
 * sends no `result`, which gives null (odoo.md B0).
 * @param secrets texts that must not get out, should the server repeat them
 */
export function openEnvelope(answer: unknown, { id, what, change, loose = false }: Sent, secrets: readonly string[]): unknown {
  if (!isObject(answer)) throw unreadable(`Odoo's answer to ${what} is no JSON-RPC answer; check the url`, change);
  const error = answer['error'] ?? null;
  const failed = error !== null;
  if (loose && !failed && !('jsonrpc' in answer)) return answer;
  // The id of an error may be null (odoo.md B1).
  if (answer['id'] !== id && !((failed || loose) && (answer['id'] ?? null) === null)) {
    throw unreadable(`Odoo's answer to ${what} belongs to another request; check the proxy in front of Odoo`, change);
  }
  if (!failed) return answer['result'] ?? null;
  const { code, data } = isObject(error) ? error : {};
  const fault = code === SESSION_EXPIRED ? { name: 'odoo.http.SessionExpiredException' } : data;
  throw faultError(fault, what, secrets) ?? unreadable(`Odoo answered ${what} with an error that has no name; look into its log`, change);
}

const SESSION_EXPIRED = 100;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
