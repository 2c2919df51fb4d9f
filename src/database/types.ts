import { types, type CustomTypesConfig } from 'pg';

const BIGINT = 20;
const NUMERIC = 1700;
const BIGINT_ARRAY = 1016;
const FLOAT_ARRAY: number = 1022;

const toNumber = (text: string): number => Number(text);

/**
 * How values of PostgreSQL become JavaScript values. bigint (also count) and numeric arrive as text by default; here they
 * become numbers: keys and quantities (18 digits, 3 decimals, below 1e12) are exact within 2^53. Given to each client,
 * because the parsers of pg itself are shared with every other package in the process.
 */
export const numbersAsNumbers: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && (oid === BIGINT || oid === NUMERIC)) return toNumber;
    if (format !== 'binary' && oid === BIGINT_ARRAY) return types.getTypeParser(FLOAT_ARRAY, 'text');
    return format === 'binary' ? types.getTypeParser(oid, 'binary') : types.getTypeParser(oid, 'text');
  }) as typeof types.getTypeParser,
};
