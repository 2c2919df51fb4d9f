import type { ErrorCode } from '../errors';

/** Something an operator asked for and that is not carried out, with the HTTP status that fits. */
export class Refused extends Error {
  constructor(
    readonly statusCode: 400 | 404 | 409 | 502,
    readonly code: ErrorCode,
    sentence: string,
  ) {
    super(sentence);
  }
}
