import { movesOf, type Order, type Tables } from './tables';

/** One product of an order that was consumed otherwise than the recipe says. */
export interface ConsumptionIssue {
  mrp_production_id: number;
  product_id: number;
  consumption: string;
  product_uom_id: number;
  product_consumed_qty_uom: number;
  product_expected_qty_uom: number;
}

/**
 * Picked consumption against the recipe scaled to qty_producing. An order that is done is compared as well: a plain
 * mark done on it asks once more [A6b], so an answered wizard does not mean "not done" either.
 */
export function consumptionIssues(tables: Tables, order: Order): ConsumptionIssue[] {
  if (order.consumption === 'flexible') return [];
  return consumption(tables, order).filter((line) => Math.abs(line.product_consumed_qty_uom - line.product_expected_qty_uom) >= 0.005);
}

/** Every product of the order, different from the recipe or not. */
export function consumption(tables: Tables, order: Order): ConsumptionIssue[] {
  const scale = order.qty_producing / order.quantity;
  const lines = new Map<number, ConsumptionIssue>();
  for (const move of movesOf(tables, order)) {
    const line = lines.get(move.product_id) ?? {
      mrp_production_id: order.id,
      product_id: move.product_id,
      consumption: order.consumption,
      product_uom_id: move.uom_id,
      product_consumed_qty_uom: 0,
      product_expected_qty_uom: 0,
    };
    line.product_consumed_qty_uom += move.picked ? move.quantity : 0;
    line.product_expected_qty_uom += move.planned * scale;
    lines.set(move.product_id, line);
  }
  return [...lines.values()];
}

/** The action that Odoo answers instead of `true` when consumption differs [A4]; nothing was done. */
export function consumptionWizard(ids: readonly number[], issues: readonly ConsumptionIssue[]): Record<string, unknown> {
  return action(286, 'Consumption Warning', 'mrp.action_mrp_consumption_warning', 'mrp.consumption.warning', {
    default_mrp_production_ids: ids,
    default_mrp_consumption_warning_line_ids: issues.map((issue) => [0, 0, issue]),
    form_view_ref: false,
  });
}

/** The action that Odoo answers instead of `true` when less than the order was produced [D1]; nothing was done. */
export function backorderWizard(ids: readonly number[]): Record<string, unknown> {
  return action(285, 'You produced less than initial demand', 'mrp.action_mrp_production_backorder', 'mrp.production.backorder', {
    always_backorder_mo_ids: [],
    default_mrp_production_ids: ids,
    default_mrp_production_backorder_line_ids: ids.map((id) => [0, 0, { mrp_production_id: id, to_backorder: true }]),
  });
}

function action(id: number, name: string, xmlId: string, model: string, context: Record<string, unknown>): Record<string, unknown> {
  return {
    id,
    name,
    type: 'ir.actions.act_window',
    xml_id: xmlId,
    help: false,
    binding_model_id: false,
    binding_type: 'action',
    binding_view_types: 'list,form',
    display_name: name,
    view_id: false,
    domain: false,
    context,
    res_id: 0,
    res_model: model,
    target: 'new',
    view_mode: 'form',
    mobile_view_mode: 'kanban',
    views: [[false, 'form']],
    limit: 80,
    groups_id: [],
    search_view_id: false,
    filter: false,
  };
}
