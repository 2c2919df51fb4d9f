import type { Row } from '../row';
import { archiveRows } from './archive';
import { cycle } from './cycle';
import { drain } from './drain';
import { gate } from './gate';
import { history } from './history';
import { install } from './install';
import { manyPlcs } from './many-plcs';
import { nodeRed } from './node-red';
import { queue } from './queue';
import { requests } from './requests';
import { start } from './start';
import { update } from './update';

/** In the order of the table in the README. */
export const rows: readonly Row[] = [requests, cycle, nodeRed, manyPlcs, gate, queue, update, archiveRows, history, drain, install, start];
