import { tables } from './001-tables';
import { historySearch } from './002-history-search';
import { historyOdooId } from './003-history-odoo-id';
import { alarmsToAnnounce } from './004-alarms-to-announce';

/** SQL of each version in order: the first entry makes version 1. Append only; a released entry is immutable. */
export const MIGRATIONS: readonly string[] = [tables, historySearch, historyOdooId, alarmsToAnnounce];
