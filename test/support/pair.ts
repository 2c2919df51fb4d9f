import type { OwnServer } from './own-server';
import { createOwnServer } from './own-server';
import { waitFor } from './wait';
import { startWire, type Wire } from './wire';

/** Two addresses; behind one of them is the primary, behind the other a standby that may take its place. */
export interface Pair {
  primary(): OwnServer;
  standby(): OwnServer;
  /** Login, with both addresses as the host list. Ask for as many as there are clients: each has wires of its own. */
  connect(): Promise<{ settings: OwnServer['settings']; toPrimary(): Wire }>;
  /** The primary gets a new standby in place of what is behind the other address. */
  renew(options: { synchronous: boolean }): Promise<void>;
  /** Waits until the standby has applied what the primary has. */
  standbyHasAll(): Promise<void>;
  /** The standby takes over; what was the primary is gone for good. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

export async function startPair(context: Mocha.Context): Promise<Pair> {
  const first = await createOwnServer(context);
  await first.start();
  const servers: (OwnServer | null)[] = [first, null];
  const wires: Wire[] = [];
  let at = 0;

  function behind(address: number): OwnServer {
    const server = servers[address];
    if (!server) throw new Error('there is no such server yet');
    return server;
  }

  return {
    primary: () => behind(at),
    standby: () => behind(1 - at),
    async connect() {
      const own = await Promise.all(
        [0, 1].map((address) =>
          startWire({
            host: '127.0.0.1',
            get port() {
              return servers[address]?.settings.port ?? 1;
            },
          }),
        ),
      );
      wires.push(...own);
      const host = own.map(({ port }) => `127.0.0.1:${port}`).join(',');
      return {
        settings: { ...first.settings, host },
        toPrimary() {
          const wire = own[at];
          if (!wire) throw new Error('a pair has two addresses');
          return wire;
        },
      };
    },
    async renew(options) {
      await servers[1 - at]?.remove();
      servers[1 - at] = await behind(at).follower(options);
    },
    async standbyHasAll() {
      const [now] = await behind(at).query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
      await waitFor(
        async () => {
          const [row] = await behind(1 - at).query<{ there: boolean }>(`SELECT pg_last_wal_replay_lsn() >= '${now?.lsn ?? ''}' AS there`);
          return row?.there;
        },
        { what: 'the standby to catch up' },
      );
    },
    async promote() {
      await behind(1 - at).promote();
      at = 1 - at;
    },
    async close() {
      await Promise.all(wires.map((wire) => wire.close()));
      for (const server of servers) await server?.remove();
    },
  };
}
