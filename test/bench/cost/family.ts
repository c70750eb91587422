import type { Subject } from './subjects.ts';

/** One kind of message that can be made longer and longer. */
export interface Family {
  readonly name: string;
  /** Whether a message of this kind needs credentials. */
  readonly signed: boolean;
  readonly subject: Subject;
  /** A message with some `bytes` bytes of what the family repeats. @throws where its writer can't make it any more */
  message(bytes: number): Uint8Array;
}

/** A message of a family, and how it ends. */
export interface Reading {
  /** What the family was asked for. */
  readonly bytes: number;
  readonly message: Uint8Array;
  readonly outcome: string;
}

/** Reads a message once; undefined where it can't be written. */
export async function readOnce(family: Family, bytes: number): Promise<Reading | undefined> {
  const message = written(family, bytes);
  return message && { bytes, message, outcome: await family.subject(message) };
}

function written(family: Family, bytes: number): Uint8Array | undefined {
  try {
    return family.message(bytes);
  } catch {
    return undefined;
  }
}
