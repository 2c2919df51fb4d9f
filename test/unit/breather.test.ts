import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { breathe } from '../../src/breather';

describe('long work', () => {
  /** Pieces of a third of a millisecond. */
  async function work(pieces: number): Promise<void> {
    for (let piece = 0; piece < pieces; piece += 1) {
      await breathe();
      const until = performance.now() + 0.35;
      while (performance.now() < until);
    }
  }

  /** Turns of the event loop meanwhile. */
  async function turnsDuring(task: () => Promise<unknown>): Promise<number> {
    let turns = 0;
    let counting = setImmediate(count);
    function count(): void {
      turns += 1;
      counting = setImmediate(count);
    }
    await task();
    clearImmediate(counting);
    return turns;
  }

  it('lets the event loop go on after each millisecond', async () => {
    const turns = await turnsDuring(() => work(60));
    // 21 ms of work; more turns where the machine had something else to do meanwhile.
    assert.ok(turns >= 15, `${turns} turns`);
  });

  it('counts one stretch for pieces that follow each other', async () => {
    await nextTurn();
    const turns = await turnsDuring(async () => {
      for (let task = 0; task < 20; task += 1) await work(2);
    });
    assert.ok(turns >= 9, `${turns} turns: each task alone is shorter than a stretch`);
  });

  it('counts one stretch for pieces of several tasks', async () => {
    const turns = await turnsDuring(() => Promise.all(Array.from({ length: 10 }, () => work(20))));
    // 70 ms of work. A turn in which each task had a stretch of its own would hold 10 ms of it.
    assert.ok(turns >= 14, `${turns} turns`);
  });

  it('does not wait where little was done', async () => {
    const turns = await turnsDuring(async () => {
      for (let piece = 0; piece < 1000; piece += 1) await breathe();
    });
    assert.ok(turns < 500, `${turns} turns for nothing`);
  });
});
