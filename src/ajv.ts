import type { Ajv, Options } from 'ajv';
import { onFirstUse } from './first-use';

const library = onFirstUse(() => module.require('ajv') as { Ajv: typeof Ajv });

/** A compiler of schemas, made with its package when the first schema is needed: a start of Node-RED does not wait for it. */
export function ajvOnFirstUse(options: Options): () => Ajv {
  return onFirstUse(() => new (library().Ajv)(options));
}
