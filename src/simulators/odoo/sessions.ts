import { randomUUID } from 'node:crypto';

type Cookies = string | string[] | undefined;

/** The web client's sessions. A restarted or upgraded server has forgotten them. */
export interface Sessions {
  /** Opens one and returns the header that hands it over. */
  open(): Record<string, string>;
  /** True when the Cookie header names an open one. */
  holds(cookies: Cookies): boolean;
  /** Ends the one that the Cookie header names. */
  end(cookies: Cookies): void;
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
    holds: (cookies) => ids.has(idIn(cookies)),
    end: (cookies) => void ids.delete(idIn(cookies)),
    expire: () => ids.clear(),
  };
}

function idIn(cookies: Cookies): string {
  return /(?:^|;\s*)session_id=([^;]+)/.exec(String(cookies ?? ''))?.[1] ?? '';
}
