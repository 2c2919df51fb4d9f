import { tables } from './001-tables';
import { historySearch } from './002-history-search';

/** SQL of each version in order: the first entry makes version 1. Append only; a released entry is immutable. */
export const MIGRATIONS: readonly string[] = [tables, historySearch];
