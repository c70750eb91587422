import { type MachineKeySettings, machineKeyId } from '../machine-key/config.ts';
import { type Fail, namedKey, shortId } from './named-key.ts';
import type { MachineKeyRecord, RingRecords } from './record.ts';

/** The machineKeys that stand in a ring beside its own keys: the first one writes, all of them open. */

/** Each machineKey is tried for each token that comes, so there can't be many. */
export const maxMachineKeys = 4;

/**
 * The next generation of a ring with one more machineKey. The first one writes at once. A further one opens only, until
 * {@link useMachineKey}: the ASP.NET servers, which know a single key, may not have it yet.
 * @throws the problem's error where it is there already, and where there are four
 */
export function importMachineKey(
  ring: RingRecords,
  settings: MachineKeySettings,
  nowMs: number,
  fail: Fail,
): RingRecords {
  const id = machineKeyId(settings);
  if (ring.machineKeys.some(known => known.id === id)) throw fail(`has this machineKey already, as ${shortId(id)}`);
  if (ring.machineKeys.length >= maxMachineKeys)
    throw fail(`has ${maxMachineKeys} machineKeys already, and can't have more`);
  return withMachineKeys(ring, [...ring.machineKeys, { ...settings, id, importedMs: nowMs }]);
}

/**
 * The next generation of a ring in which that machineKey writes; the one that wrote goes on opening.
 * @param id at least the first 8 hex digits of its id
 * @throws the problem's error where no machineKey or more than one has that id, and where it writes already
 */
export function useMachineKey(ring: RingRecords, id: string, fail: Fail): RingRecords {
  const chosen = namedKey(ring.machineKeys, id, 'machineKey', fail);
  if (chosen === ring.machineKeys[0]) throw fail(`its machineKey ${shortId(chosen.id)} writes already`);
  return withMachineKeys(ring, [chosen, ...ring.machineKeys.filter(key => key !== chosen)]);
}

/**
 * The next generation of a ring without that machineKey: what it protected opens no more.
 * @param id as for {@link useMachineKey}
 * @throws the problem's error where there is no such machineKey, and for the one that writes while there are others
 */
export function removeMachineKey(ring: RingRecords, id: string, fail: Fail): RingRecords {
  const leaving = namedKey(ring.machineKeys, id, 'machineKey', fail);
  const rest = ring.machineKeys.filter(key => key !== leaving);
  if (leaving === ring.machineKeys[0] && rest.length > 0)
    throw fail(`its machineKey ${shortId(leaving.id)} writes: let another one write first, with "wssc keys use"`);
  return withMachineKeys(ring, rest);
}

function withMachineKeys(ring: RingRecords, machineKeys: readonly MachineKeyRecord[]): RingRecords {
  return { ...ring, generation: ring.generation + 1, machineKeys };
}
