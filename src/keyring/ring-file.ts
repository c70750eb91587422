import { readPrivateFile, updatePrivateFile } from '../files/private-file.ts';
import { parseKeks } from './kek.ts';
import type { RingRecords } from './record.ts';
import { type KeyRing, keyRing } from './ring.ts';
import { checkSuccessor, parseRing, type RingAccess, ringKind, writeRing } from './ring-text.ts';

/**
 * Reads a ring file.
 * @throws {SecureConversationError} `RING_INVALID`, one sentence that names the file and the place in it
 */
export function readRingFile(file: string, access: RingAccess = {}): RingRecords {
  return parseRing(readPrivateFile(file, ringKind), file, access);
}

/**
 * Reads a ring file as a snapshot to seal and open with.
 * @param options `kek`: what its keys are wrapped by, base64 or hex digits; where they are not wrapped there is none
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function openKeyRing(file: string, { kek }: { readonly kek?: string } = {}): KeyRing {
  return keyRing(readRingFile(file, kek === undefined ? {} : { keks: () => parseKeks(kek, 'kek') }));
}

/**
 * Writes a ring file whole, mode 0600. A ring that is there already is only replaced by a later generation of itself.
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function writeRingFile(file: string, ring: RingRecords, access: RingAccess = {}): void {
  changeRingFile(file, () => ring, access);
}

/**
 * Changes a ring file; nobody else writes it in between.
 * @param change makes the next generation of the ring that is there, undefined where there is none; or undefined to
 * leave the file alone
 * @returns what was written
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function changeRingFile(
  file: string,
  change: (present: RingRecords | undefined) => RingRecords | undefined,
  access: RingAccess = {},
): RingRecords | undefined {
  let next: RingRecords | undefined;
  updatePrivateFile(file, ringKind, text => {
    const present = text === undefined ? undefined : parseRing(text, file, access);
    next = change(present);
    if (next === undefined) return undefined;
    if (present !== undefined) checkSuccessor(present, next, file);
    return writeRing(next, file, access);
  });
  return next;
}

/**
 * Changes a ring file that is there; else like {@link changeRingFile}.
 * @throws {SecureConversationError} `RING_INVALID`, also where there is none
 */
export function updateRingFile(
  file: string,
  change: (ring: RingRecords) => RingRecords | undefined,
  access: RingAccess = {},
): RingRecords | undefined {
  return changeRingFile(file, present => change(present ?? readRingFile(file, access)), access);
}
