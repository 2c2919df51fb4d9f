import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Opens a port of 127.0.0.1 and closes it again; 0 is any free one. @returns the port; rejects as `listen` does */
export async function tryPort(port: number): Promise<number> {
  const probe = createServer().listen(port, '127.0.0.1');
  await once(probe, 'listening');
  const { port: opened } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return opened;
}
