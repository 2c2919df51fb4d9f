import Mustache from 'mustache';
import { SmartMoError } from '../errors';

/** Mustache for plain text: nothing is escaped, nothing is fetched. */
export function renderText(template: string, view: object): string {
  return Mustache.render(template, view, {}, { escape: String });
}

/**
 * The extra Odoo domain of odoo-fetch-mo: JSON whose strings may hold mustache places over the message. The JSON is read
 * before any place is filled, so that no value of a message can change the domain's structure. A string that is nothing
 * but one place, as in `["id", "=", "{{payload.id}}"]`, becomes the number or boolean that the message holds there. ""
 * is no filter.
 * @throws CONFIG_INVALID when it is not a JSON array, or a place is written wrongly
 */
export function renderFilter(template: string, message: object): unknown[] {
  if (template.trim() === '') return [];
  const domain = parse(template);
  if (!Array.isArray(domain)) {
    const example = '[["priority", "=", "1"], ["origin", "=", "{{payload.origin}}"]]';
    throw new SmartMoError(
      'CONFIG_INVALID',
      `the filter is ${template}; it must be an Odoo domain in JSON, with places of the message inside quotes, such as ${example}`,
      {
        value: template,
      },
    );
  }
  return domain.map((term) => fill(term, message));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fill(part: unknown, message: object): unknown {
  if (Array.isArray(part)) return part.map((term) => fill(term, message));
  return typeof part === 'string' ? fillText(part, message) : part;
}

function fillText(text: string, message: object): unknown {
  const values: unknown[] = [];
  const keep = (value: unknown): string => {
    values.push(value);
    return String(value);
  };
  let filled: string;
  try {
    filled = Mustache.render(text, message, {}, { escape: keep });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SmartMoError('CONFIG_INVALID', `${text} in the filter cannot be filled in: ${reason}`, { value: text });
  }
  const [value] = values;
  const isAlone = /^\{\{[^{}]+\}\}$/.test(text) && values.length === 1;
  return isAlone && (typeof value === 'number' || typeof value === 'boolean') ? value : filled;
}
