import { systemClock } from '../src/clock';
import { createOdoo } from '../src/odoo/stock';
import { offer, readerOf } from './support/config-nodes';
import { tlsOptions } from './support/tls';
import type { Config, OdooNode, Red } from './support/types';

/** Access to one Odoo, shared by the lines that name it. Nothing is sent before a task needs it. */
export default function (RED: Red): void {
  function OdooConfig(this: OdooNode, config: Config): void {
    RED.nodes.createNode(this, config);
    const read = readerOf(config);
    const secrets = readerOf(config, this.credentials);
    this.odoo = offer(this, () => {
      const tls = tlsOptions(RED, config);
      const settings = {
        url: read.text('url'),
        database: read.text('database'),
        login: secrets.text('login'),
        password: secrets.secret('password'),
        protocol: read.choice('protocol', ['auto', 'jsonrpc', 'json2', 'scada'], 'auto'),
        timeout: read.number('timeout', { fallback: 30, min: 1, max: 600 }),
        retryMin: read.number('retryMin', { fallback: 2, min: 0.1, max: 3600 }),
        retryMax: read.number('retryMax', { fallback: 300, min: 1, max: 86_400 }),
        ...(tls && { tls }),
      };
      const odoo = createOdoo(settings, { clock: systemClock });
      this.on('close', () => odoo.close());
      return odoo;
    });
  }

  RED.nodes.registerType('mo-odoo', OdooConfig, { credentials: { login: { type: 'text' }, password: { type: 'password' } } });
}
