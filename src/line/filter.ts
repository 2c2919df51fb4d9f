import Mustache from 'mustache';
import { SmartMoError } from '../errors';

/** Mustache for plain text: nothing is escaped, nothing is fetched. */
export function renderText(template: string, view: object): string {
  return Mustache.render(template, view, {}, { escape: String });
}

/** Characters of a value inside a JSON string. */
function escapeJson(value: unknown): string {
  return JSON.stringify(String(value)).slice(1, -1);
}

/**
 * The extra Odoo domain of odoo-fetch-mo: JSON with mustache places over the message, values JSON-escaped so that no
 * value of a message can change the domain's structure. "" is no filter.
 * @throws CONFIG_INVALID when the result is not a JSON array
 */
export function renderFilter(template: string, message: object): unknown[] {
  if (template.trim() === '') return [];
  const text = Mustache.render(template, message, {}, { escape: escapeJson });
  let domain: unknown;
  try {
    domain = JSON.parse(text);
  } catch {
    domain = undefined;
  }
  if (Array.isArray(domain)) return domain;
  throw new SmartMoError('CONFIG_INVALID', `the filter gives ${text}; it must be an Odoo domain such as [["priority", "=", "1"]]`, {
    value: text,
  });
}
