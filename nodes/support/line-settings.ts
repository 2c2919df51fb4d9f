import type { LineSettings } from '../../src/line/line';
import { FEED_MILL_MATERIALS } from '../../src/plc/feed-mill';
import { ownerOf, readerOf } from './config-nodes';
import { materialList } from './lists';
import type { Config } from './types';

const LINE_KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;

/**
 * Everything of a mo-line but its three connections and its map.
 * @throws CONFIG_MISSING, CONFIG_INVALID naming field, value and node
 */
export function lineSettings(config: Config): LineSettings {
  const read = readerOf(config);
  return {
    line: read.text('line', {
      fallback: 'main',
      pattern: LINE_KEY,
      allowed: 'a letter or digit and up to 31 letters, digits, dots, dashes or underscores',
    }),
    slots: read.number('slots', { fallback: 10, min: 1, max: 200, whole: true }),
    materials: materialList(config.materials, FEED_MILL_MATERIALS, ownerOf(config)),
    recipes: read.choice('recipes', ['write', 'none'], 'write'),
    scaleManual: read.flag('scaleManual', false),
    scaleBom: read.flag('scaleBom', false),
    recipeTolerance: read.number('recipeTolerance', { fallback: 20, min: 0, max: 1000 }),
    weightTolerance: read.number('weightTolerance', { fallback: 30, min: 0, max: 1000 }),
    onMismatch: read.choice('onMismatch', ['fail', 'warn'], 'fail'),
    onFailedBit: read.choice('onFailedBit', ['alarm', 'cancel'], 'alarm'),
    mode: read.choice('mode', ['live', 'observe'], 'live'),
    // A fraction of a minute is enough for a simulated plant.
    staleAfterMinutes: read.number('staleAfterMinutes', { fallback: 15, min: 0.001 }),
  };
}
