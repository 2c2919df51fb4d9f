import { SmartMoError } from '../../src/errors';
import type { Line } from '../../src/line/line';
import type { Mapping } from '../../src/plc/mapping';
import type { LineProbe } from '../../src/probe/line';
import { say } from '../../src/sentence';
import { isEmpty } from '../../src/settings';
import { configNode, readerOf, requiredConfigNode } from './config-nodes';
import type { DialogValues } from './dialog-values';
import { type Answer, type EditorRoute, offerRoute, offerTest } from './editor-routes';
import { library } from './library';
import { claimOf, type LineClaims } from './line-claims';
import { lineSettings } from './line-settings';
import type { Config, ConfigNodes, Red } from './types';

/** What the dialog of mo-line asks the runtime; each works with what the dialog holds and with the connections as deployed. */
export function offerLineRoutes(RED: Red, claims: LineClaims): void {
  const offer = <Found extends Answer>(
    path: string,
    answer: (line: LineProbe, values: DialogValues) => Promise<Found> | Found,
    more: Partial<EditorRoute<Found>> = {},
  ): void => offerRoute<Found>(RED, { path, type: 'mo-line', answer: (values) => answer(lineProbe(RED, values.config), values), ...more });

  offerTest(RED, 'mo-line', { test: ({ config }) => library().probeLine(lineProbe(RED, config)) });
  offer('map/check', ({ settings, map }) => library().viewMap(map, settings));
  offer('map/read', ({ settings, map }, { config }) => library().viewPaste(textOf(config, 'paste'), map, settings));
  offer('map/bundled', () => library().bundledMap());
  offer('preview/:id', (line, { config }) => library().previewSlot(line, slotOf(config) ?? 1));
  offer('components/:id', ({ settings, odoo }) => library().listComponents(settings, odoo));
  offer(
    'test-recipe/:id',
    (line, { config }) => {
      const node: unknown = RED.nodes.getNode(config.id);
      const deployed = (): Line | null => (node ? (configNode(RED, 'mo-line', config, 'id')?.line() ?? null) : null);
      const mayUse = (mapping: Mapping): void => claims.check(claimOf(RED, config, line.settings, mapping));
      return library().probeTestRecipe({ ...line, deployed, mayUse }, slotOf(config));
    },
    { writes: true },
  );
}

/** JSON text of the register map; "" = the bundled one. */
export function mapText(config: Config): string {
  return textOf(config, 'map');
}

function textOf(config: Config, field: string): string {
  return readerOf(config).text(field, { fallback: '' });
}

function slotOf(config: Config): number | null {
  return isEmpty(config['slot']) ? null : readerOf(config).number('slot', { min: 1, max: 200, whole: true });
}

/** The line of a dialog with the connections it names, as they are deployed. @throws CONFIG_MISSING, CONFIG_INVALID */
function lineProbe(RED: Red, config: Config): LineProbe {
  const isThere = (type: keyof ConfigNodes, field: string): void => {
    const node: unknown = isEmpty(config[field]) ? 'none' : RED.nodes.getNode(String(config[field]));
    if (node) return;
    throw new SmartMoError(
      'CONFIG_MISSING',
      say`the ${type} chosen for this line is not deployed yet or is disabled; press Deploy, then test again`,
    );
  };
  return {
    settings: lineSettings(config),
    map: mapText(config),
    database() {
      isThere('mo-database', 'database');
      return requiredConfigNode(RED, 'mo-database', config, 'database').database();
    },
    odoo() {
      isThere('mo-odoo', 'odoo');
      return configNode(RED, 'mo-odoo', config, 'odoo')?.odoo() ?? null;
    },
    plc() {
      isThere('mo-plc', 'plc');
      return configNode(RED, 'mo-plc', config, 'plc')?.plc() ?? null;
    },
  };
}
