import type { Row } from '../row';
import { cycle } from './cycle';
import { gate } from './gate';
import { manyPlcs } from './many-plcs';
import { requests } from './requests';
import { update } from './update';

/** In the order of the table in the README. */
export const rows: readonly Row[] = [requests, cycle, manyPlcs, gate, update];
