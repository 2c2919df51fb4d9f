import { movesOf, type Order, type Tables } from './tables';
import type { VersionRules } from './versions';

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
    // Odoo asks the bill of materials, so what was added by hand, or is left over, is not expected.
    if (move.bom_line_id !== null) line.product_expected_qty_uom += move.planned * scale;
    lines.set(move.product_id, line);
  }
  return [...lines.values()];
}

/** The action that Odoo answers instead of `true` when consumption differs [A4]; nothing was done. */
export function consumptionWizard(
  rules: VersionRules,
  ids: readonly number[],
  issues: readonly ConsumptionIssue[],
): Record<string, unknown> {
  return action(rules, 286, 'Consumption Warning', 'mrp.action_mrp_consumption_warning', 'mrp.consumption.warning', {
    ...(rules.picks ? {} : { button_mark_done_production_ids: ids }),
    default_mrp_production_ids: ids,
    default_mrp_consumption_warning_line_ids: issues.map((issue) => [0, 0, issue]),
    form_view_ref: false,
  });
}

/** The action that Odoo answers instead of `true` when less than the order was produced [D1]; nothing was done. */
export function backorderWizard(rules: VersionRules, ids: readonly number[]): Record<string, unknown> {
  return action(rules, 285, rules.backorderTitle, 'mrp.action_mrp_production_backorder', 'mrp.production.backorder', {
    ...(rules.picks ? { always_backorder_mo_ids: [] } : { button_mark_done_production_ids: ids }),
    default_mrp_production_ids: ids,
    default_mrp_production_backorder_line_ids: ids.map((id) => [0, 0, { mrp_production_id: id, to_backorder: true }]),
  });
}

/** Up to 16: the action for orders in which nothing was written at all [C5]; nothing was done. */
export function immediateWizard(ids: readonly number[]): Record<string, unknown> {
  return {
    name: 'Immediate Production?',
    type: 'ir.actions.act_window',
    view_mode: 'form',
    res_model: 'mrp.immediate.production',
    views: [[684, 'form']],
    view_id: 684,
    target: 'new',
    context: { button_mark_done_production_ids: ids, default_mo_ids: ids.map((id) => [4, id]) },
  };
}

/** Up to 16: the action that shows the new backorders, although everything WAS done [D3]. */
export function backorderAction(ids: readonly number[]): Record<string, unknown> {
  const shown = ids.length === 1 ? { view_mode: 'form', res_id: ids[0] } : { view_mode: 'tree,form', domain: [['id', 'in', ids]] };
  const settled = { skip_consumption: false, skip_backorder: false, skip_redirection: false, skip_immediate: false };
  const context = { ...settled, mo_ids_to_backorder: null, button_mark_done_production_ids: null };
  return { res_model: 'mrp.production', type: 'ir.actions.act_window', context, ...shown };
}

function action(
  rules: VersionRules,
  id: number,
  name: string,
  xmlId: string,
  model: string,
  context: Record<string, unknown>,
): Record<string, unknown> {
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
    views: [[false, 'form']],
    limit: 80,
    search_view_id: false,
    filter: false,
    ...rules.action,
  };
}
