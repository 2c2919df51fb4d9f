import type { AgentOptions } from 'node:https';
import { SmartMoError } from '../errors';

/** What a core tls-config node can say about the other side and about ourselves. */
export type TlsSettings = Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'>;

/** The values of a mo-odoo node, defaults filled in (contract.md, Properties). */
export interface OdooSettings {
  /** http(s) origin without path: "https://odoo.plant.example" */
  url: string;
  database: string;
  login: string;
  /** Password or API key. */
  password: string;
  protocol: 'auto' | 'jsonrpc' | 'json2' | 'scada';
  /** Seconds one call may take; write, done and cancel get twice that. */
  timeout: number;
  /** Seconds, lower and upper end of the backoff. */
  retryMin: number;
  retryMax: number;
  /** Seconds after an unknown outcome before the same payload goes again over the routes of the plant module; 150 if absent. */
  quietTime?: number;
  tls?: TlsSettings;
}

/** What the dialog calls them. */
const TEXTS = { url: 'Address', database: 'Database', login: 'Login', password: 'Password or API key' } as const;
const SECONDS = { timeout: 'Time for a call', retryMin: 'Shortest wait', retryMax: 'Longest wait' } as const;

/**
 * Checks the settings and returns the origin in its normal form ("https://odoo.plant.example:8443").
 * @throws SmartMoError CONFIG_MISSING, CONFIG_INVALID naming the setting as the dialog does, and its value
 */
export function checkSettings(settings: OdooSettings): string {
  for (const [key, label] of Object.entries(TEXTS)) {
    if (settings[key as keyof typeof TEXTS].trim() === '')
      throw new SmartMoError('CONFIG_MISSING', `${label} of the Odoo node is empty; fill it in`);
  }
  for (const [key, label] of Object.entries(SECONDS)) {
    const value = settings[key as keyof typeof SECONDS];
    if (!(value > 0 && Number.isFinite(value))) {
      throw new SmartMoError('CONFIG_INVALID', `${label} of the Odoo node is ${value}; enter seconds above 0`, { value });
    }
  }
  const { quietTime = 0 } = settings;
  if (!(quietTime >= 0 && Number.isFinite(quietTime))) {
    throw new SmartMoError('CONFIG_INVALID', `Quiet after no answer of the Odoo node is ${quietTime}; enter seconds, 0 or more`, {
      value: quietTime,
    });
  }
  return originOf(settings.url);
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.username || url?.password) {
    // The value is not shown: it holds a secret.
    throw new SmartMoError('CONFIG_INVALID', 'Address of the Odoo node holds a user or password; enter them as Login and Password instead');
  }
  const bare = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '';
  if (!bare) {
    throw new SmartMoError(
      'CONFIG_INVALID',
      `Address "${text}" of the Odoo node is not one such as https://odoo.example.com, without a path`,
      {
        value: text,
      },
    );
  }
  return url.origin;
}
