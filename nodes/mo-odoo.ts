import { systemClock } from '../src/clock';
import type { OdooSettings } from '../src/odoo/settings';
import type { Fields } from '../src/settings';
import { offer, readerOf } from './support/config-nodes';
import { offerTest } from './support/editor-routes';
import { library } from './support/library';
import { tlsOptions } from './support/tls';
import type { Config, OdooNode, Red } from './support/types';

const CREDENTIALS = { login: { type: 'text' }, password: { type: 'password' } } as const;

/** Access to one Odoo, shared by the lines that name it. Nothing is sent before a task needs it. */
export default function (RED: Red): void {
  function OdooConfig(this: OdooNode, config: Config): void {
    RED.nodes.createNode(this, config);
    this.odoo = offer(this, () => {
      const odoo = library().createOdoo(settingsOf(RED, config, this.credentials), { clock: systemClock });
      this.on('close', () => odoo.close());
      return odoo;
    });
  }

  RED.nodes.registerType('mo-odoo', OdooConfig, { credentials: CREDENTIALS });
  offerTest(RED, 'mo-odoo', {
    credentials: CREDENTIALS,
    test: ({ config, credentials }) => library().probeOdoo(settingsOf(RED, config, credentials)),
  });
}

/** @throws CONFIG_MISSING, CONFIG_INVALID naming field, value and node */
function settingsOf(RED: Red, config: Config, credentials: Fields): OdooSettings {
  const read = readerOf(config);
  const secrets = readerOf(config, credentials);
  const tls = tlsOptions(RED, config);
  return {
    url: read.text('url'),
    database: read.text('database'),
    login: secrets.text('login'),
    password: secrets.secret('password', { required: true }),
    protocol: read.choice('protocol', ['auto', 'jsonrpc', 'json2', 'scada'], 'auto'),
    timeout: read.number('timeout', { fallback: 30, min: 1, max: 600 }),
    quietTime: read.number('quietTime', { fallback: 150, min: 0, max: 86_400 }),
    retryMin: read.number('retryMin', { fallback: 2, min: 0.1, max: 3600 }),
    retryMax: read.number('retryMax', { fallback: 300, min: 1, max: 86_400 }),
    ...(tls && { tls }),
  };
}
