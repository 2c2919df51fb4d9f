import { onFirstUse } from '../first-use';

/** The package pg, loaded with the first connection: a start of Node-RED does not wait for it. */
export const pg = onFirstUse(() => module.require('pg') as typeof import('pg'));
