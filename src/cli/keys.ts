import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { ringPolicy } from '../keyring/policy.ts';
import type { RingRecords } from '../keyring/record.ts';
import { describeKeys } from '../keyring/ring.ts';
import { readRingFile, updateRingFile, writeRingFile } from '../keyring/ring-file.ts';
import { createRing, rotateRing } from '../keyring/rotate.ts';
import { columns, print, printJson } from './terminal.ts';

interface KeysOptions {
  readonly ring: string;
  readonly json?: boolean;
  readonly now?: boolean;
}

/** `wssc keys`: the key ring of a farm. Keys are named by the first four bytes of their id; no key is ever printed. */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, show and rotate a key ring')
    .description('The key ring that seals the conversations of a farm.')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json');
  const common = (command: Command) =>
    command.requiredOption('--ring <file>', 'key ring file').option('--json', 'print one line of JSON');

  common(
    keys
      .command('create')
      .description('Makes a new ring with one key that is used from now on. An existing file is never replaced.'),
  )
    .addHelpText('after', '\nExample:\n  $ wssc keys create --ring ring.json')
    .action(({ ring: file, json }: KeysOptions) => {
      const ring = createRing({ nowMs: Date.now(), random: systemRandom });
      writeRingFile(file, ring);
      printRing(ring, json);
    });

  common(keys.command('list').description('Shows the keys with their states and times.'))
    .addHelpText('after', '\nExample:\n  $ wssc keys list --ring ring.json')
    .action(({ ring, json }: KeysOptions) => printRing(readRingFile(ring), json));

  common(
    keys
      .command('rotate')
      .description('Makes a new key, which takes over when every node has had the time to read it.')
      .option('--now', 'let the new key take over at once: nodes refuse what it sealed until they have read it'),
  )
    .addHelpText(
      'after',
      '\nRunning nodes read the new ring by themselves.\n\nExample:\n  $ wssc keys rotate --ring ring.json',
    )
    .action(({ ring: file, now = false, json }: KeysOptions) => {
      const rotated = updateRingFile(file, ring => rotateRing(ring, { now, nowMs: Date.now(), random: systemRandom }));
      printRing(rotated ?? readRingFile(file), json);
    });
}

function printRing(ring: RingRecords, json = false): void {
  const nowMs = Date.now();
  const times = new Map(
    ring.keys.map(({ id, issueFromMs, issueUntilMs, acceptUntilMs }) => [
      id.slice(0, 8),
      { issueFromMs, issueUntilMs, acceptUntilMs },
    ]),
  );
  const keys = describeKeys(ring, nowMs).map(key => {
    const { issueFromMs = 0, issueUntilMs = 0, acceptUntilMs = 0 } = times.get(key.id4) ?? {};
    return { ...key, issueFrom: utc(issueFromMs), issueUntil: utc(issueUntilMs), acceptUntil: utc(acceptUntilMs) };
  });
  if (json) {
    printJson({ farm: ring.farm, generation: ring.generation, keys });
    return;
  }
  print(`farm ${ring.farm}, generation ${ring.generation}`);
  const heads = ['key', 'state', 'issues from', 'until', 'opens until'];
  for (const line of columns([
    heads,
    ...keys.map(key => [key.id4, key.state, key.issueFrom, key.issueUntil, key.acceptUntil]),
  ]))
    print(line);
  if (ringPolicy(ring.keys, ring.policy, nowMs).shouldCreate)
    print("the next key is due: the farm's ring writer makes it, or wssc keys rotate");
}

/** A time to the second. */
function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
