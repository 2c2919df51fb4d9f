import type { Row } from '../row';
import { archiveRows } from './archive';
import { cycle } from './cycle';
import { drain } from './drain';
import { gate } from './gate';
import { history } from './history';
import { idle } from './idle';
import { install } from './install';
import { lines } from './lines';
import { manyPlcs } from './many-plcs';
import { nodeRed } from './node-red';
import { processes } from './processes';
import { queue } from './queue';
import { requests } from './requests';
import { start } from './start';
import { update } from './update';
import { wrongData } from './wrong-data';

/** In the order of the table in the README. */
export const rows: readonly Row[] = [
  requests,
  cycle,
  nodeRed,
  manyPlcs,
  wrongData,
  queue,
  update,
  archiveRows,
  history,
  gate,
  processes,
  drain,
  idle,
  install,
  start,
  lines,
];
