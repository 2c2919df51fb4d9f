/** One call of a model method, free of how a protocol writes it down. */
export interface ModelCall {
  model: string;
  method: string;
  /** The call in words of the plant, "the quantities of WH/MO/00026": operators read them. Default: its name. */
  what?: string;
  /** Records the method runs on; undefined for a method of the model itself. */
  ids?: readonly number[];
  /** Required arguments under the names of the Python signature, in its order. */
  args?: Readonly<Record<string, unknown>>;
  /** Optional arguments by name, `context` among them. */
  options?: Readonly<Record<string, unknown>>;
  /** It changes something in Odoo: twice the time, and a lost answer leaves the outcome unknown. */
  change?: boolean;
}

export type Protocol = 'jsonrpc' | 'json2' | 'scada';

/** What the model calls need from a protocol. */
export interface Transport {
  readonly protocol: Protocol;
  /** Id of the user, logging in when needed. */
  uid(signal?: AbortSignal): Promise<number>;
  /** Runs one call in a transaction of its own; a method that returns nothing gives null. */
  call(call: ModelCall, signal?: AbortSignal): Promise<unknown>;
}

/** The call for engineers: "mrp.production.write of 26". */
export function nameOf({ model, method, ids }: ModelCall): string {
  return `${model}.${method}${ids?.length ? ` of ${ids.join(', ')}` : ''}`;
}

/** The call for everybody. */
export function wordsFor(call: ModelCall): string {
  return call.what ?? nameOf(call);
}

/** Arguments in the order of the Python signature, for the protocols that do not send their names. */
export function positional({ ids, args = {} }: ModelCall): unknown[] {
  return [...(ids ? [ids] : []), ...Object.values(args)];
}
