import type { StateName } from '../../src/state/several-modes.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';

/** A state mode, as the nodes of a farm have it. */
export interface ModeOfFarm {
  readonly state: StateName;
  /** What all nodes of one farm are given. */
  readonly shared: (clock: () => number) => { readonly store: Store };
  /** Whether a conversation stays at the node that issued it. */
  readonly isPinned: boolean;
}

/** The laws of a conversation are the same in each of them. Each answer of the database is waited for. */
export const modesOfFarms: readonly ModeOfFarm[] = [
  { state: 'cookie', shared: clock => ({ store: memoryStore({ clock }) }), isPinned: false },
  { state: 'database', shared: clock => ({ store: waitingStore(clock) }), isPinned: false },
  { state: 'none', shared: clock => ({ store: memoryStore({ clock }) }), isPinned: true },
];
