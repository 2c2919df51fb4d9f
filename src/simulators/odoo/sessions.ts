import { randomUUID } from 'node:crypto';

/** The web client's sessions. A restarted or upgraded server has forgotten them. */
export interface Sessions {
  /** Opens one and returns the header that hands it over. */
  open(): Record<string, string>;
  /** True when the Cookie header names an open one. */
  holds(cookies: string | string[] | undefined): boolean;
  /** Ends all of them. */
  expire(): void;
}

export function createSessions(): Sessions {
  const ids = new Set<string>();
  return {
    open() {
      const id = randomUUID();
      ids.add(id);
      return { 'Set-Cookie': `session_id=${id}; Max-Age=604800; HttpOnly; Path=/` };
    },
    holds(cookies) {
      const found = /(?:^|;\s*)session_id=([^;]+)/.exec(String(cookies ?? ''))?.[1];
      return found !== undefined && ids.has(found);
    },
    expire: () => ids.clear(),
  };
}
