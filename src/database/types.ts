import type { CustomTypesConfig } from 'pg';
import { pg } from './pg';

const BIGINT = 20;
const NUMERIC = 1700;
const BIGINT_ARRAY = 1016;
const FLOAT_ARRAY = 1022;

type Parser = (value: string) => unknown;
type ParserOf = (oid: number, format?: 'text' | 'binary') => Parser;

/**
 * How values of PostgreSQL become JavaScript values. bigint (also count) and numeric arrive as text by default; here they
 * become numbers: keys and quantities (below 1e12, 3 decimals) fit into the 53 bits of a number. Given to each client,
 * because the parsers of pg itself are shared with every other package in the process.
 */
export function numbersAsNumbers(): CustomTypesConfig {
  const standard = pg().types.getTypeParser as ParserOf;
  return {
    getTypeParser: ((oid, format = 'text') => {
      if (format === 'text' && (oid === BIGINT || oid === NUMERIC)) return Number;
      return standard(format === 'text' && oid === BIGINT_ARRAY ? FLOAT_ARRAY : oid, format);
    }) satisfies ParserOf as CustomTypesConfig['getTypeParser'],
  };
}
