import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { systemClock } from '../../src/clock';
import { connectionWords, failedCall } from '../../src/connection-words';
import { describeInFull, SmartMoError } from '../../src/errors';
import { createModbusPlc } from '../../src/plc/modbus';
import { modbusSettings } from '../support/modbus';

describe('why a connection failed', () => {
  it('is told in words to people; the call stands in the log', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const plc = createModbusPlc(modbusSettings(port), { clock: systemClock });
    const failure = (): Promise<unknown> => plc.read('holding', 0, 1).catch((error: unknown) => error);
    try {
      assertTold(await failure(), /: the connection was reset by the other side; check cable/, / \(read ECONNRESET\)$/);
      server.close();
      await once(server, 'close');
      assertTold(await failure(), /: nothing listens at that address; check cable/, / \(connect ECONNREFUSED [\d.:]+\)$/);
    } finally {
      plc.close();
      server.close();
    }
  });

  it('is told by its call, and by its code where none of the addresses of a name answered', () => {
    const none = (code: string): Error => Object.assign(new AggregateError([], ''), { code });
    assert.equal(failedCall(none('ECONNREFUSED')), 'ECONNREFUSED');
    assert.equal(failedCall(none('EACCES')), 'EACCES');
    assert.equal(failedCall(new Error('read ECONNRESET')), 'read ECONNRESET');
    assert.equal(failedCall('stopped'), 'stopped');
  });

  it('has no words for what only the language knows', () => {
    for (const error of [null, undefined, 'text', {}, { code: 'constructor' }, { code: 7 }])
      assert.equal(connectionWords(error), undefined);
  });
});

function assertTold(error: unknown, words: RegExp, call: RegExp): void {
  assert.ok(error instanceof SmartMoError);
  assert.match(error.message, words);
  assert.doesNotMatch(error.message, /\bE[A-Z]{4,}/);
  assert.match(describeInFull(error), call);
}
