import { SmartMoError } from '../errors';
import { FEED_MILL_MAP } from './feed-mill';
import { checkMap, type LineShape, parseMap, type RegisterMap } from './map';
import { compileMapping, type Mapping } from './mapping';

/** The mapping of a line, and why it must not be used for anything but showing what the tables hold; null: it is good. */
export interface LineMapping {
  mapping: Mapping;
  mapProblem: SmartMoError | null;
}

/**
 * Compiles the JSON text of a map. With a mistake in it nothing can be read or written, but the batches in the tables are as they
 * are: they are shown in the units of what is sound of the map, else of the bundled one.
 */
export function lineMapping(json: string, line: LineShape): LineMapping {
  const { materials, slots } = line;
  const compiled = (map: RegisterMap): Mapping => compileMapping({ map, materials, slots });
  try {
    return { mapping: compiled(parseMap(json, line)), mapProblem: null };
  } catch (problem) {
    if (!isOfTheMap(problem)) throw problem;
    const { sound } = checkMap(json, line);
    const isEnough = ['mo_id', 'actual_weight'].every((name) => sound?.fields.some(({ field }) => field === name));
    return { mapping: compiled(sound && isEnough ? sound : FEED_MILL_MAP), mapProblem: problem };
  }
}

function isOfTheMap(error: unknown): error is SmartMoError {
  return error instanceof SmartMoError && error.code === 'MAP_INVALID';
}
