/**
 * Searching the batch records of many years: by date, by the end of an MO's name (people type 131 for WH/MO/00131), and what
 * did not end well, which is rare.
 */
export const historySearch = `
CREATE INDEX mo_histories_archived ON {schema}.mo_histories (line, archived_at DESC, id DESC);
CREATE INDEX mo_histories_name_end ON {schema}.mo_histories (line, reverse(mo_id) text_pattern_ops);
CREATE INDEX mo_histories_unwell ON {schema}.mo_histories (line, status, archived_at DESC, id DESC) WHERE status <> 'completed';
`;
