import { shortId } from '../keyring/named-key.ts';
import type { MachineKeyRecord, RingRecords } from '../keyring/record.ts';
import { describeKeys } from '../keyring/ring.ts';
import { ringPolicy } from '../keyring/schedule.ts';
import { algorithmText } from '../machine-key/algorithms.ts';
import { columns, print, printJson } from './terminal.ts';

/**
 * Prints a ring's keys with their states and times, and its machineKeys; keys are named by the first four bytes of
 * their ids.
 */
export function printRing(ring: RingRecords, json = false): void {
  const nowMs = Date.now();
  const keys = listedKeys(ring, nowMs);
  const machineKeys = ring.machineKeys.map(listedMachineKey);
  if (json) {
    printJson({ farm: ring.farm, generation: ring.generation, keys, machineKeys, ...shownKek(ring) });
    return;
  }
  const { kek } = shownKek(ring);
  print(`farm ${ring.farm}, generation ${ring.generation}${kek === undefined ? '' : `, wrapped by KEK ${kek}`}`);
  const heads = ['key', 'state', 'issues from', 'until', 'opens until'];
  const rows = keys.map(key => [key.id4, key.state, key.issueFrom, key.issueUntil, key.acceptUntil]);
  for (const line of columns([heads, ...rows])) print(line);
  if (machineKeys.length > 0) printMachineKeys(machineKeys);
  if (ringPolicy(ring.keys, ring.policy, nowMs).shouldCreate)
    print("the next key is due: the farm's ring writer makes it, or wssc keys rotate");
}

function shownKek({ kek }: RingRecords): { readonly kek?: string } {
  return kek === undefined ? {} : { kek: shortId(kek) };
}

function listedKeys(ring: RingRecords, nowMs: number) {
  const times = new Map(
    ring.keys.map(({ id, issueFromMs, issueUntilMs, acceptUntilMs }) => [
      shortId(id),
      { issueFromMs, issueUntilMs, acceptUntilMs },
    ]),
  );
  return describeKeys(ring, nowMs).map(key => {
    const { issueFromMs = 0, issueUntilMs = 0, acceptUntilMs = 0 } = times.get(key.id4) ?? {};
    return { ...key, issueFrom: utc(issueFromMs), issueUntil: utc(issueUntilMs), acceptUntil: utc(acceptUntilMs) };
  });
}

function listedMachineKey({ id, importedMs, validation, decryption, decryptionKey }: MachineKeyRecord, index: number) {
  return {
    id4: shortId(id),
    use: index === 0 ? 'writes, opens' : 'opens',
    algorithms: algorithmText(validation, decryption, decryptionKey.length),
    imported: utc(importedMs),
  };
}

function printMachineKeys(machineKeys: readonly ReturnType<typeof listedMachineKey>[]): void {
  const rows = machineKeys.map(({ id4, use, algorithms, imported }) => [id4, use, algorithms, imported]);
  for (const line of columns([['machineKey', 'use', 'algorithms', 'imported'], ...rows])) print(line);
}

/** A time to the second. */
export function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
