import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { printable } from '../printable.ts';
import { parseInstant } from '../security/timestamp.ts';
import { type Revoked, type RevokeTarget, revoke, revokeOptions } from '../state/revoke.ts';
import type { Store } from '../store/store.ts';
import type { ChosenStore } from '../store/store-url.ts';
import { duration, durationText, timeOption } from './option-values.ts';
import { patiently } from './patiently.ts';
import { clockSkewRangeMs } from './serve-config.ts';
import { addStoreOptions, givenStore, openChosen, type StoreOptionValues } from './store-options.ts';
import { print, printError, printJson } from './terminal.ts';

interface RevokeCommandOptions extends StoreOptionValues {
  readonly clockSkew: number;
  readonly json?: boolean;
}

/** One kind of thing to revoke: its argument, and how it is said. */
interface Kind {
  readonly argument: string;
  readonly description: string;
  readonly example: string;
  target(argument: string): RevokeTarget;
  /** What is revoked, as the subject of a sentence. */
  subject(argument: string, before: string): string;
}

const kinds: Readonly<Record<string, Kind>> = {
  context: {
    argument: '<id>',
    description: 'Ends a conversation, by its Identifier.',
    example: 'urn:uuid:6f1c2f0e-8c1b-4f5e-9a36-0d6c3f6b2a11',
    target: id => ({ context: id.toLowerCase().replace(/^(?!urn:uuid:)/, 'urn:uuid:') }),
    subject: id => `the conversation ${id}`,
  },
  user: {
    argument: '<name>',
    description: 'Ends all conversations that a user has begun, and the bearer tokens that were issued to the user.',
    example: 'alice',
    target: user => ({ user }),
    subject: (user, before) => `what ${user} was given before ${before}`,
  },
  before: {
    argument: '<date>',
    description: 'Ends all conversations that were begun, and all bearer tokens that were issued, before a time.',
    example: '2026-01-31T12:00:00Z',
    target: date => ({ beforeMs: timeOf(date) }),
    subject: (_, before) => `what anybody was given before ${before}`,
  },
};

/** `wssc revoke`: what is over before its time, at all nodes of a store. */
export function addRevoke(program: Command): void {
  const revoking = program
    .command('revoke')
    .summary('end conversations and bearer tokens at once')
    .description("Ends conversations and bearer tokens at all nodes that have the store. It can't be taken back.")
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc revoke user alice --store redis://localhost');
  for (const [name, kind] of Object.entries(kinds)) {
    const command = revoking.command(name).description(kind.description).argument(kind.argument);
    addStoreOptions(command)
      .addOption(
        timeOption(
          '--clock-skew <time>',
          'difference of clocks that is tolerated, as the nodes are told',
          duration(...clockSkewRangeMs),
          durationText(revokeOptions.members.clockSkewMs.default),
        ),
      )
      .option('--json', 'print one line of JSON')
      .addHelpText('after', `\nExample:\n  $ wssc revoke ${name} ${kind.example} --store redis://localhost`)
      .action((argument: string, options: RevokeCommandOptions) => revokeIn(name, kind, argument, options));
  }
}

/** Where there is no store nobody can be told. */
const noStoreExit = 2;

async function revokeIn(name: string, kind: Kind, argument: string, options: RevokeCommandOptions): Promise<void> {
  const target = kind.target(argument);
  const chosen = givenStore(options);
  const store = chosen && openThere(chosen);
  if (store === undefined) {
    printError(
      'only a restart with a new ring key ends conversations here',
      'give the store that the nodes have with --store',
    );
    process.exitCode = noStoreExit;
    return;
  }
  try {
    const { clockSkew: clockSkewMs, json } = options;
    report(await patiently(() => revoke(store, target, { clockSkewMs })), { name, kind, argument, target, json });
  } finally {
    await store.close();
  }
}

/** A file that is not there is no store of any node: nothing would be revoked in a new one. */
function openThere(chosen: ChosenStore): Store | undefined {
  const { url } = chosen;
  const file = url?.protocol === 'sqlite:' ? fileURLToPath(`file://${url.pathname}`) : undefined;
  if (file !== undefined && !existsSync(file))
    throw new ConfigurationError('STORE_INVALID', `store ${file}: there is no such file`, {
      hint: 'give the store that the nodes have',
    });
  return openChosen(chosen);
}

interface Reported {
  readonly name: string;
  readonly kind: Kind;
  readonly argument: string;
  readonly target: RevokeTarget;
  readonly json: boolean | undefined;
}

function report({ beforeMs, untilMs }: Revoked, { name, kind, argument, target, json }: Reported): void {
  const before = beforeMs === undefined ? undefined : new Date(beforeMs).toISOString();
  const subject = 'context' in target ? target.context : argument;
  if (json)
    printJson({
      revoked: name,
      ...('beforeMs' in target ? {} : target),
      ...(before === undefined ? {} : { before }),
      until: new Date(untilMs).toISOString(),
    });
  else print(`revoked: ${printable(kind.subject(subject, before ?? ''))}`);
}

/** A time in UTC, or the day that it begins. @throws {SecureConversationError} `CONFIG_INVALID` */
function timeOf(date: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(date) ? `${date}T00:00:00Z` : date;
  const read = parseInstant(time);
  if (read !== undefined) return read;
  throw new ConfigurationError('CONFIG_INVALID', `${printable(date)} is no date`, {
    hint: 'write it in UTC: 2026-01-31T12:00:00Z, or 2026-01-31 for the beginning of the day',
  });
}
