/** Matches replies with questions between two processes. */
export interface Replies {
  /** Asks, and waits for the reply or until it is too late: the process that was asked may have died over it. */
  to(ask: (serial: number) => void): Promise<void>;
  /** The reply to the question of this serial number has come. */
  came(serial: number): void;
}

/** @param waitMs longest wait for a reply */
export function openReplies(waitMs: number): Replies {
  const waiting = new Map<number, () => void>();
  let serial = 0;
  return {
    to: ask =>
      new Promise(resolve => {
        serial += 1;
        const own = serial;
        const done = () => {
          clearTimeout(timer);
          waiting.delete(own);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        waiting.set(own, done);
        ask(own);
      }),
    came: answered => waiting.get(answered)?.(),
  };
}
