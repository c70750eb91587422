import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RandomSource } from '../../src/crypto/random.ts';
import type { RingPolicy, RingRecords } from '../../src/keyring/record.ts';
import { createRing } from '../../src/keyring/rotate.ts';

/** A random source that gives the same bytes in each run. */
export function seededRandom(seed: string): RandomSource {
  let counter = 0;
  return bytes => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < bytes; have += 64)
      blocks.push(createHash('sha512').update(`${seed} ${counter++}`).digest());
    return Buffer.concat(blocks).subarray(0, bytes);
  };
}

export function at(utc: string): number {
  const timeMs = Date.parse(utc);
  if (Number.isNaN(timeMs)) throw new TypeError(`no time: ${utc}`);
  return timeMs;
}

export function madeRing(nowMs: number, policy: Partial<RingPolicy> = {}, seed = 'ring'): RingRecords {
  return createRing({ nowMs, random: seededRandom(seed), policy });
}

export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ring-test-'));
}

export function write(file: string, text: string, mode = 0o600): string {
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
