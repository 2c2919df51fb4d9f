import type { Row } from '../row';
import { archiveRows } from './archive';
import { cycle } from './cycle';
import { gate } from './gate';
import { history } from './history';
import { manyPlcs } from './many-plcs';
import { queue } from './queue';
import { requests } from './requests';
import { update } from './update';

/** In the order of the table in the README. */
export const rows: readonly Row[] = [requests, cycle, manyPlcs, gate, queue, update, archiveRows, history];
