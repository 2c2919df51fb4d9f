import { SmartMoError } from '../errors';
import { type LineSettings } from '../line/line';
import { holds } from '../line/orders';
import type { Odoo, OdooComponent } from '../odoo/odoo';
import { say, type Text } from '../sentence';
import { runProbe } from './probe';

/** A component that confirmed MOs ask for. */
export interface ComponentView {
  /** Internal reference, or "#<id>" where the product has none: what a material names as its product. */
  product: string;
  name: string;
  unit: string;
  /** Equipment code of the plant module, "" elsewhere. */
  code: string;
  /** MOs that ask for it. */
  orders: number;
  /** Materials of the line that hold it. */
  tags: string[];
}

export interface ComponentsView {
  ok: boolean;
  text: Text;
  components: ComponentView[];
}

/** MOs that are looked at: enough to meet every recipe of a plant, few enough for one answer. */
const ORDERS = 100;

/** The components of the confirmed MOs, those first that no material of the line holds. */
export async function listComponents({ materials }: Pick<LineSettings, 'materials'>, odooOf: () => Odoo | null): Promise<ComponentsView> {
  let components: ComponentView[] = [];
  const { ok, text } = await runProbe(async ({ signal }) => {
    const odoo = odooOf();
    if (!odoo) throw new SmartMoError('CONFIG_MISSING', say`the line has no Odoo; choose one, deploy, then load the components again`);
    const orders = await odoo.listConfirmed({ limit: ORDERS, seen: [], domain: [] }, signal);
    if (orders.length === 0) return say`Odoo has no confirmed MO, so there are no components to load`;
    const found = new Map<string, ComponentView>();
    for (const order of orders) {
      const views = new Map(order.components.map((component) => [keyOf(component), component]));
      for (const [key, component] of views) {
        const known = found.get(key);
        if (known) known.orders += 1;
        else
          found.set(key, { ...viewOf(component), tags: materials.filter((material) => holds(material, component)).map(({ tag }) => tag) });
      }
    }
    components = [...found.values()].sort(
      (a, b) => a.tags.length - b.tags.length || a.product.localeCompare(b.product, 'en', { numeric: true }),
    );
    const missing = components.filter(({ tags }) => tags.length === 0).length;
    const first =
      orders.length === ORDERS
        ? say`the first ${ORDERS} confirmed MOs ask`
        : orders.length === 1
          ? say`the only confirmed MO asks`
          : say`the ${orders.length} confirmed MOs ask`;
    const rest =
      missing === 0
        ? say`each has its material`
        : missing === 1
          ? say`1 of them has no material yet`
          : say`${missing} of them have no material yet`;
    return say`${first} for ${components.length} components; ${rest}`;
  });
  return { ok, text, components };
}

function keyOf({ product_id, equipment }: OdooComponent): string {
  return `${product_id} ${equipment ?? ''}`;
}

function viewOf({ product_id, product_code, product, uom, equipment }: OdooComponent): Omit<ComponentView, 'tags'> {
  return { product: product_code || `#${product_id}`, name: product, unit: uom, code: equipment ?? '', orders: 1 };
}
