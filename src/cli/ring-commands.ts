import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import type { Fail } from '../keyring/named-key.ts';
import { type ChosenRing, kekHint, type OpenHome } from '../keyring/open-home.ts';
import type { RingRecords } from '../keyring/record.ts';
import { destroyKey, revokeKeys } from '../keyring/revoke.ts';
import { readRingFile, writeRingFile } from '../keyring/ring-file.ts';
import { ringError, ringKind } from '../keyring/ring-text.ts';
import { confirm } from './confirm.ts';
import { patiently } from './patiently.ts';
import { printRing } from './ring-listing.ts';
import { givenKeks, givenRing, openGiven, type RingOptionValues } from './ring-options.ts';

/** What commands of a ring have in common. */
export interface RingCommandOptions extends RingOptionValues {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Opens the ring that the options name, for as long as it is used. */
export async function withRing(
  options: RingCommandOptions,
  use: (home: OpenHome, chosen: ChosenRing) => Promise<RingRecords>,
): Promise<void> {
  const chosen = givenRing(options);
  printRing(await withHome(chosen, home => use(home, chosen)), options.json);
}

/** Opens the home of a ring, and connects to its store, for as long as it is used. */
export async function withHome<T>(chosen: ChosenRing, use: (home: OpenHome) => Promise<T>): Promise<T> {
  const home = openGiven(chosen);
  try {
    if (chosen.place instanceof URL) await reached(home);
    return await use(home);
  } finally {
    await home.close();
  }
}

/** Waits until the store has been connected to; what else is wrong is told by the command that uses it. */
async function reached(home: OpenHome): Promise<void> {
  try {
    await patiently(() => home.read());
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
  }
}

/** The ring that is there. @throws {SecureConversationError} `RING_INVALID` where there is none */
export async function presentRing(home: OpenHome): Promise<RingRecords> {
  return (await home.read()) ?? noRing(home);
}

function noRing({ place }: OpenHome): never {
  throw ringError(place, 'there is none', ringKind.missingHint);
}

/** Writes the next generation of the ring that is there. @param next makes it */
export async function changeRing(
  home: OpenHome,
  next: (ring: RingRecords, fail: Fail) => RingRecords | undefined,
): Promise<RingRecords> {
  const fail = (problem: string) => ringError(home.place, problem);
  // A file that is not there is named by its own error.
  await presentRing(home);
  return (await home.change(present => next(present ?? noRing(home), fail))) ?? presentRing(home);
}

/** `wssc keys revoke`, `destroy`, `wrap` and `export`. */
export function addRingCommands(keys: Command, common: (command: Command) => Command): void {
  const yes = ['--yes', 'do not ask'] as const;
  common(
    keys
      .command('revoke')
      .argument('<id...>', 'ids of keys, as "keys list" shows them')
      .description(
        'Takes keys out of use, at once and for good: nothing that they sealed opens any more. ' +
          'Where no key is left that issues, it makes a new one.',
      )
      .option(...yes),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys revoke 1a2b3c4d --ring ring.json')
    .action((ids: readonly string[], options: RingCommandOptions) =>
      withRing(options, async home => {
        const ring = await presentRing(home);
        const revoked = (present: RingRecords, fail: Fail) =>
          revokeKeys(present, ids, { nowMs: Date.now(), random: systemRandom, fail });
        revoked(ring, problem => ringError(home.place, problem));
        await confirm(`${ids.join(', ')}: every conversation and token that ${keyWord(ids)} sealed ends`, options.yes);
        return changeRing(home, revoked);
      }),
    );

  common(
    keys
      .command('destroy')
      .argument('<id>', 'id of a key, as "keys list" shows it')
      .description('Takes a key out of the ring before its time is over: nothing that it sealed opens any more.')
      .option(...yes),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys destroy 1a2b3c4d --ring ring.json')
    .action((id: string, options: RingCommandOptions) =>
      withRing(options, async home => {
        const destroyed = (present: RingRecords, fail: Fail) => destroyKey(present, id, Date.now(), fail);
        destroyed(await presentRing(home), problem => ringError(home.place, problem));
        await confirm(`${id}: the key is gone, and every conversation and token that it sealed ends`, options.yes);
        return changeRing(home, destroyed);
      }),
    );

  common(
    keys
      .command('wrap')
      .description(
        "Wraps the ring's keys by the first key of --kek, also where they are wrapped by another one of it.",
      ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ openssl rand -base64 32 > kek\n  $ wssc keys wrap --ring ring.json --kek kek',
    )
    .action((options: RingCommandOptions) =>
      withRing(options, (home, chosen) => changeRing(home, ring => wrapped(ring, chosen))),
    );

  common(
    keys
      .command('export')
      .description('Copies the ring into a file, wrapped as it is: a backup, which "keys import" takes.')
      .requiredOption('--to <file>', 'file to make, mode 600'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys export --ring redis://redis:6379 --kek kek --to ring-backup.json')
    .action((options: RingCommandOptions & { readonly to: string }) =>
      withRing(options, async (home, chosen) => {
        const ring = await presentRing(home);
        writeRingFile(options.to, ring, { keks: givenKeks(chosen) });
        return ring;
      }),
    );
}

function keyWord({ length }: readonly string[]): string {
  return length === 1 ? 'the key' : 'the keys';
}

function wrapped(ring: RingRecords, chosen: ChosenRing): RingRecords {
  const [kek] = givenKeks(chosen)();
  if (kek === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is no KEK to wrap with', {
      hint: kekHint,
    });
  return { ...ring, generation: ring.generation + 1, kek: kek.id };
}

/**
 * Puts the ring of a file in the place that the options name: where there is none, or in place of an older generation
 * of it.
 */
export function importRing(from: string, options: RingCommandOptions): Promise<void> {
  return withRing(options, async (home, chosen) => {
    const read = readRingFile(from, { keks: givenKeks(chosen) });
    const ring = chosen.place instanceof URL ? { ...read, kek: read.kek ?? givenKeks(chosen)()[0]?.id } : read;
    return (await home.change(() => ring)) ?? ring;
  });
}
