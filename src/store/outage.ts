/** What goes on without a store that does not answer, and is told of it. */
export interface Outage {
  /** Something was done without the store. @param cause why it did not answer */
  missed(cause: unknown): void;
  /** The store has answered. */
  answered(): void;
}

/** Tells of each outage twice: when it begins, and how much was done without the store when it has ended. */
export function outage(began: (cause: unknown) => void, ended: (times: number) => void): Outage {
  let times = 0;
  return {
    missed(cause) {
      times += 1;
      if (times === 1) began(cause);
    },
    answered() {
      if (times > 0) ended(times);
      times = 0;
    },
  };
}
