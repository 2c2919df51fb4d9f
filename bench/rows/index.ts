import type { Row } from '../row';
import { cycle } from './cycle';
import { manyPlcs } from './many-plcs';
import { requests } from './requests';

/** In the order of the table in the README. */
export const rows: readonly Row[] = [requests, cycle, manyPlcs];
