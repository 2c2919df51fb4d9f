/**
 * Whether an MO was queued before is asked by name and by Odoo's id (a renamed MO is the same MO). Without this index every
 * fetch reads the whole history.
 */
export const historyOdooId = `
CREATE INDEX mo_histories_odoo_id ON {schema}.mo_histories (odoo_id)`;
