import { onFirstUse } from '../../src/first-use';
import type * as Library from '../../src/index';

/** Loaded by the flow that has a node of this package: a start of Node-RED does not wait for it. */
export const library = onFirstUse(() => module.require('../../src/index') as typeof Library);
