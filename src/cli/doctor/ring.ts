import { shortId } from '../../keyring/named-key.ts';
import type { ChosenRing } from '../../keyring/open-home.ts';
import type { RingRecords } from '../../keyring/record.ts';
import { ringPolicy } from '../../keyring/schedule.ts';
import { presentRing, withHome } from '../ring-commands.ts';
import { utc } from '../ring-listing.ts';
import { type Finding, well, wrong } from './finding.ts';

/** Whether the ring can be used now, and will be soon. */
export async function ringFindings(chosen: ChosenRing, nowMs: number): Promise<readonly Finding[]> {
  return keyFindings(await withHome(chosen, presentRing), nowMs);
}

function keyFindings(ring: RingRecords, nowMs: number): readonly Finding[] {
  const { current, shouldCreate } = ringPolicy(ring.keys, ring.policy, nowMs);
  const said = `generation ${ring.generation} of farm ${ring.farm}`;
  if (current === undefined)
    return [wrong('ring', 'error', `${said}: no key issues now`, 'run wssc keys rotate --now, or set the clock right')];
  const key = `key ${shortId(current.id)} issues until ${utc(current.issueUntilMs)}`;
  if (shouldCreate)
    return [wrong('ring', 'warning', `${said}: ${key}, and there is no next one`, 'run wssc keys rotate')];
  return [well('ring', `${said}: ${key}`)];
}
