/** A work that lasts until it is told to end. */
export interface HeldWork {
  readonly name: string;
  end(result?: unknown): void;
  fail(error: Error): void;
}

/** Works that note when they begin. */
export function heldWorks() {
  const begun: HeldWork[] = [];
  const work = (name: string) => () =>
    new Promise<unknown>((resolve, reject) => {
      begun.push({ name, end: result => resolve(result ?? name), fail: reject });
    });
  return { begun, names: () => begun.map(({ name }) => name), work };
}

/** Lets everything run that needs no more than its turn. */
export const turn = () => new Promise<void>(resolve => setImmediate(resolve));

/** What came of a promise: its value, or the reason of its refusal. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error && 'reason' in error ? error.reason : error;
  }
}
