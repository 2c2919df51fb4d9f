/** One at a time. */
export interface Lock {
  /** Waits for its turn; what comes back ends it. */
  take(): Promise<() => void>;
  /** Null, at once, when it is not free. */
  ifFree<T>(work: () => Promise<T>): Promise<T | null>;
}

export function createLock(): Lock {
  let last = Promise.resolve();
  let users = 0;

  async function take(): Promise<() => void> {
    const before = last;
    let giveBack: () => void = () => undefined;
    users += 1;
    last = new Promise((resolve) => {
      giveBack = () => {
        users -= 1;
        resolve();
      };
    });
    await before;
    return giveBack;
  }

  return {
    take,
    async ifFree(work) {
      if (users > 0) return null;
      const giveBack = await take();
      try {
        return await work();
      } finally {
        giveBack();
      }
    },
  };
}
