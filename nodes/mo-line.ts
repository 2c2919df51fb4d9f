import { systemClock } from '../src/clock';
import { SmartMoError } from '../src/errors';
import { createLine } from '../src/line/line';
import { parseMap } from '../src/plc/map';
import { compileMapping } from '../src/plc/mapping';
import { configNode, offer, ownerOf, readerOf, requiredConfigNode } from './support/config-nodes';
import { lineSettings } from './support/line-settings';
import type { Config, DatabaseNode, LineNode, Red } from './support/types';

/** One physical line (ISA-95 process cell): its key, its connections, its register map and what is in flight. */
export default function (RED: Red): void {
  function LineConfig(this: LineNode, config: Config): void {
    RED.nodes.createNode(this, config);
    this.line = offer(this, () => {
      const settings = lineSettings(config);
      const { slots, materials } = settings;
      const databaseNode = requiredConfigNode(RED, 'mo-database', config, 'database');
      claimKey(databaseNode, settings.line, config);
      this.on('close', () => databaseNode.lines.delete(settings.line));

      const map = parseMap(readerOf(config).text('map', { fallback: '' }), { slots, materials });
      return createLine(settings, {
        database: databaseNode.database(),
        odoo: configNode(RED, 'mo-odoo', config, 'odoo')?.odoo() ?? null,
        plc: configNode(RED, 'mo-plc', config, 'plc')?.plc() ?? null,
        mapping: compileMapping({ map, materials, slots }),
        clock: systemClock,
        logTag: () => (severalLines(RED) ? `[${settings.line}]` : ''),
      });
    });
  }

  RED.nodes.registerType('mo-line', LineConfig);
}

/**
 * Two lines with one key would work on the same rows.
 * @throws CONFIG_INVALID for the one that comes second
 */
function claimKey(databaseNode: DatabaseNode, key: string, config: Config): void {
  const owner = databaseNode.lines.get(key);
  if (owner !== undefined) {
    throw new SmartMoError(
      'CONFIG_INVALID',
      `line "${key}" is already the key of mo-line ${owner} on this database; open ${ownerOf(config)} and give it a key of its own`,
      { value: key },
    );
  }
  databaseNode.lines.set(key, config.id);
}

function severalLines(RED: Red): boolean {
  let lines = 0;
  RED.nodes.eachNode((node) => {
    if (node.type === 'mo-line' && !('d' in node && node.d)) lines += 1;
  });
  return lines > 1;
}
