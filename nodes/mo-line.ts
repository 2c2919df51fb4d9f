import { systemClock } from '../src/clock';
import { describe } from '../src/errors';
import { settingsReader } from '../src/settings';
import { configNode, offer, requiredConfigNode } from './support/config-nodes';
import { library } from './support/library';
import { claimOf, createLineClaims } from './support/line-claims';
import { mapText, offerLineRoutes } from './support/line-routes';
import { lineSettings } from './support/line-settings';
import type { Config, LineNode, Red } from './support/types';

/** One physical line (ISA-95 process cell): its key, its connections, its register map and what is in flight. */
export default function (RED: Red): void {
  /** Lines whose hold from the environment is stored: a deploy must not hold again what an operator has released since. */
  const held = new Set<string>();
  const claims = createLineClaims();

  function LineConfig(this: LineNode, config: Config): void {
    RED.nodes.createNode(this, config);
    const use = offer(this, () => {
      const settings = lineSettings(config);
      const { mapping, mapProblem } = library().lineMapping(mapText(config), settings);
      const line = library().createLine(settings, {
        database: requiredConfigNode(RED, 'mo-database', config, 'database').database(),
        odoo: configNode(RED, 'mo-odoo', config, 'odoo')?.odoo() ?? null,
        plc: configNode(RED, 'mo-plc', config, 'plc')?.plc() ?? null,
        mapping,
        mapProblem,
        clock: systemClock,
        logTag: () => (severalLines(RED) ? `[${settings.line}]` : ''),
        startHold: held.has(config.id) ? null : holdFromEnvironment(),
      });
      const claim = (): void => claims.claim(claimOf(RED, config, settings, mapProblem ? null : mapping));
      this.on('close', () => {
        claims.release(config.id);
        if (line.startHold === null) held.add(config.id);
      });
      // Logs a key or a slot that is taken.
      offer(this, claim);
      if (mapProblem) this.error(describe(mapProblem));
      // At every use: a deploy that leaves this node alone may delete the line that has the key.
      return () => {
        claim();
        return line;
      };
    });
    this.look = () => use()();
    this.line = () => {
      const line = this.look();
      if (line.mapProblem) throw line.mapProblem;
      return line;
    };
  }

  RED.nodes.registerType('mo-line', LineConfig);
  offerLineRoutes(RED, claims);
}

/** SMART_MO_HOLD: start on hold, to look around after a database was restored. @throws CONFIG_INVALID */
function holdFromEnvironment(): string | null {
  return settingsReader(process.env, 'the environment').flag('SMART_MO_HOLD', false)
    ? 'started with SMART_MO_HOLD: look around, then release'
    : null;
}

function severalLines(RED: Red): boolean {
  let lines = 0;
  RED.nodes.eachNode((node) => {
    if (node.type === 'mo-line' && !('d' in node && node.d)) lines += 1;
  });
  return lines > 1;
}
