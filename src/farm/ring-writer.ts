import type { RandomSource } from '../crypto/random.ts';
import { SecureConversationError } from '../errors.ts';
import type { RingPolicy } from '../keyring/record.ts';
import { readRingFile } from '../keyring/ring-file.ts';
import { maintainRingFile } from '../keyring/writer.ts';

/** Options of {@link keepRingWritten}. */
export interface RingWriterOptions {
  readonly file: string;
  readonly clock: () => number;
  readonly random: RandomSource;
  /** A ring that can't be read or written now; it is tried again. */
  readonly onError: (error: SecureConversationError) => void;
}

/** Longest wait between two looks at the ring. */
const longestMs = 60_000;

/**
 * The farm's single writer of the key ring: makes the next key when it is due and drops keys whose time is over. It
 * looks at the file as often as the file itself tells the nodes to, so that a compressed schedule is kept too.
 * @returns stops writing
 * @throws {SecureConversationError} `RING_INVALID` where the ring can't be used at the start
 */
export function keepRingWritten({ file, clock, random, onError }: RingWriterOptions): () => void {
  let policy = readRingFile(file).policy;
  let timer: NodeJS.Timeout;
  const look = () => {
    try {
      policy = (maintainRingFile(file, clock(), random) ?? readRingFile(file)).policy;
    } catch (error) {
      if (!(error instanceof SecureConversationError)) throw error;
      onError(error);
    }
    timer = setTimeout(look, waitMs(policy));
  };
  maintainRingFile(file, clock(), random);
  timer = setTimeout(look, waitMs(policy));
  return () => clearTimeout(timer);
}

/**
 * A key is due two propagation times ahead and must be there one ahead: half of what is between leaves room for a
 * second try.
 */
function waitMs({ refreshMs, propagateMs }: RingPolicy): number {
  return Math.min(refreshMs, propagateMs / 2, longestMs);
}
