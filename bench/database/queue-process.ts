import { createPostgres } from '../../src/database/postgres';
import { queueSet, readEpoch } from '../../src/queue/gate';
import type { QueueMessage, QueueOrder } from './queue-processes';
import { entry } from './rows';

/** One of many processes that want to queue a set of their own on the same empty line. */
const database = createPostgres({ url: process.env['DATABASE_URL'], schema: process.env['BENCH_SCHEMA'], tables: 'leave' });

async function queueOwn({ line, from, count }: QueueOrder): Promise<QueueMessage['result']> {
  const { e0, rows } = await readEpoch(database, line);
  if (rows > 0) return 'lost-race';
  const entries = Array.from({ length: count }, (_, index) => entry(from + index + 1));
  return (await queueSet(database, { line, e0, mapHash: '', actor: `process ${process.pid}`, entries })).result;
}

const tell = (message: QueueMessage | { is: 'ready' }): void => void process.send?.(message);
process.on('disconnect', () => process.exit());
process.on('message', (order: QueueOrder) => {
  void queueOwn(order).then(
    (result) => tell({ is: 'queued', result }),
    (error: unknown) => tell({ is: 'queued', result: String(error) }),
  );
});
void database.ready().then(() => tell({ is: 'ready' }));
