import type { Clock } from '../clock';
import { readProducts } from './shapes';
import type { ModelCall } from './transport';

export interface Product {
  /** Name for people, without the internal reference. */
  product: string;
  product_code: string;
  /** "none", "lot" or "serial" */
  tracking: string;
}

/** The next fetch sees a reference that was changed in Odoo. */
const LIFETIME_MINUTES = 10;

export interface Products {
  /** Products by id; one call for those not known yet. Those that Odoo does not show are missing. */
  get(ids: readonly number[], signal?: AbortSignal): Promise<ReadonlyMap<number, Product>>;
}

/** Reference, name and tracking of products, kept while the pages of a fetch are read. */
export function createProducts(call: (call: ModelCall, signal?: AbortSignal) => Promise<unknown>, clock: Clock): Products {
  let known = new Map<number, Product>();
  let expires = 0;

  return {
    async get(ids, signal) {
      const now = clock.now().getTime();
      if (now >= expires) {
        known = new Map();
        expires = now + LIFETIME_MINUTES * 60_000;
      }
      const cache = known;
      const missing = [...new Set(ids)].filter((id) => id > 0 && !cache.has(id));
      if (missing.length > 0) {
        const options = {
          fields: ['id', 'default_code', 'name', 'tracking'],
          // An archived product may still be in an MO.
          context: { active_test: false },
        };
        const what = 'the list of products';
        const answer = await call(
          { what, model: 'product.product', method: 'search_read', args: { domain: [['id', 'in', missing]] }, options },
          signal,
        );
        for (const row of readProducts(answer, what)) {
          cache.set(row.id, { product: row.name, product_code: row.default_code || '', tracking: row.tracking });
        }
      }
      return cache;
    },
  };
}
