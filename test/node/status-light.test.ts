import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { createStatusLight } from '../../nodes/support/status-light';
import type { NodeStatus } from '../../src/line/outcome';

const green: NodeStatus = { fill: 'green', shape: 'dot', text: '10 read 14:05' };
const red: NodeStatus = { fill: 'red', shape: 'ring', text: 'PLC_TIMEOUT since 14:10' };

describe('status light', () => {
  let shown: NodeStatus[];
  let light: ReturnType<typeof createStatusLight>;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    shown = [];
    light = createStatusLight((status) => shown.push(status));
  });
  afterEach(() => mock.timers.reset());

  const minutes = (count: number): void => mock.timers.tick(count * 60_000);

  it('turns green into grey at its limit, not before, with the same text', () => {
    light.show(green, 15);
    minutes(14.99);
    assert.deepEqual(shown, [green]);
    minutes(0.01);
    assert.deepEqual(shown, [green, { ...green, fill: 'grey' }]);
  });

  it('counts from the last green status', () => {
    light.show(green, 15);
    minutes(10);
    light.show(green, 15);
    minutes(10);
    assert.deepEqual(shown, [green, green]);
  });

  it('shows the first step of a run, the next ones only a moment later', () => {
    for (const slot of [1, 2, 3]) light.progress(`reading slot ${slot} of 10`);
    light.show(green);
    light.progress('reading slot 1 of 10');
    const blue: NodeStatus = { fill: 'blue', shape: 'dot', text: 'reading slot 1 of 10' };
    assert.deepEqual(shown, [blue, green, blue]);
  });

  it('leaves other colours, and green without a limit, as they are', () => {
    light.show(green, 15);
    light.show(red, 15);
    minutes(60);
    light.show(green);
    minutes(60);
    assert.deepEqual(shown, [green, red, green]);
  });

  it('keeps green when the limit is longer than a timer can wait', () => {
    light.show(green, 60 * 24 * 60);
    minutes(60);
    assert.deepEqual(shown, [green]);
  });

  it('shows nothing once it is closed', () => {
    light.show(green, 15);
    light.close();
    minutes(60);
    light.show(red);
    assert.deepEqual(shown, [green]);
  });
});
