import { relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Farm, type FarmOptions, startFarm } from '../farm/farm.ts';
import { endpointOptions } from '../server/endpoint-options.ts';
import { storeSentence } from '../store/store-url.ts';
import { duration, durationText, tcpPort, timeOption, wholeNumber } from './option-values.ts';
import { absoluteLifetimeRangeMs, clockSkewRangeMs, lifetimeRangeMs, rolloverRangeMs } from './serve-config.ts';
import { untilStopped } from './signals.ts';
import { addStoreOptions, givenStore, type StoreOptionValues } from './store-options.ts';
import { columns, note, print, printJson } from './terminal.ts';
import { printTraffic } from './traffic.ts';

type FarmCommandOptions = Omit<FarmOptions, 'onEvent' | 'life' | 'clockSkewMs' | 'store'> &
  StoreOptionValues & {
    readonly lifetime?: number;
    readonly absoluteLifetime: number;
    readonly maxRenewals: number;
    readonly rollover: number;
    readonly clockSkew: number;
    readonly json?: boolean;
  };

const { absoluteLifetimeMs, maxRenewals, rolloverMs, clockSkewMs } = endpointOptions.members;
const usual = (option: { readonly default: number }) => durationText(option.default);

/** `wssc farm`: the demonstration farm. */
export function addFarm(program: Command): void {
  const command = program
    .command('farm')
    .summary('run the demonstration farm')
    .description(
      'Runs the echo service on several node processes that share nothing but a key ring and a store, ' +
        'behind one shared address.\n' +
        'All of them listen on the loopback addresses of this machine only. Ctrl-C drains them.',
    )
    .option('--nodes <n>', 'how many nodes', wholeNumber(1, 64), 3)
    .option(
      '--http <port>',
      'shared TCP port for http; node i has http + i for itself; 0: any free ones',
      tcpPort,
      8080,
    )
    .option(
      '--https <port>',
      'shared TCP port for https; node i has https + i for itself; 0: any free ones',
      tcpPort,
      8443,
    )
    .option('--admin <port>', 'TCP port of the status page; 0: any free one', tcpPort, 8079)
    .option('--data <dir>', 'folder for certificates, key ring and users; made on the first run', './data');
  addStoreOptions(command)
    .option(
      '--lifetime <time>',
      'life of a conversation, again from each renewal; default: 30m where it can be renewed, else 10h',
      duration(...lifetimeRangeMs),
    )
    .addOption(
      timeOption(
        '--absolute-lifetime <time>',
        'the end that no renewal passes',
        duration(...absoluteLifetimeRangeMs),
        usual(absoluteLifetimeMs),
      ),
    )
    .option(
      '--max-renewals <n>',
      'how often a conversation can be renewed',
      wholeNumber(1, 65_535),
      maxRenewals.default,
    )
    .addOption(
      timeOption(
        '--rollover <time>',
        'how long what was renewed is good still',
        duration(...rolloverRangeMs),
        usual(rolloverMs),
      ),
    )
    .addOption(
      timeOption(
        '--clock-skew <time>',
        'difference of clocks that is tolerated',
        duration(...clockSkewRangeMs),
        usual(clockSkewMs),
      ),
    )
    .option('--tokens', 'serve bearer tokens too, at /oauth of each https address', false)
    .option('--no-restart', 'leave a node that died as it is')
    .option('--json', 'print one line of JSON when all nodes answer, and nothing else')
    .addHelpText('after', '\nExample:\n  $ wssc farm --nodes 3 --http 8080 --https 8443 --lifetime 1h')
    .action(farm);
}

/** Longest wait for Ctrl-C's signal where a node that it ended was heard of first. */
const lateSignalMs = 500;

async function farm({ json = false, ...options }: FarmCommandOptions): Promise<void> {
  const starting = startFarm(farmOptions(options));
  let stopping = false;
  // Ctrl-C while the farm starts reaches nodes that do not wait for their parent's word yet: that they end is no
  // failure then.
  const stopped = untilStopped(
    () => {
      stopping = true;
      return starting.then(
        running => running.drain(),
        () => {},
      );
    },
    () => void starting.then(running => running.kill()),
  );
  const ended = stopped.then(code => process.exit(code));
  const failed = async (error: unknown) => {
    if (!stopping) await setTimeout(lateSignalMs);
    if (!stopping) throw error;
    return ended;
  };
  const running = await Promise.race([ended, starting.catch(failed)]);
  if (!stopping) show(running, json);
  await ended;
}

function farmOptions(given: FarmCommandOptions): FarmOptions {
  const { lifetime, absoluteLifetime, maxRenewals, rollover, clockSkew, ...options } = given;
  const life = {
    ...(lifetime === undefined ? {} : { lifetimeMs: lifetime }),
    absoluteLifetimeMs: absoluteLifetime,
    maxRenewals,
    rolloverMs: rollover,
  };
  return { ...options, life, clockSkewMs: clockSkew, onEvent: note, store: givenStore(given) };
}

/** Says how the farm is reached, and what it does from now on. */
function show(running: Farm, json: boolean): void {
  if (json) {
    printJson(description(running));
    return;
  }
  for (const line of greeting(running)) print(line);
  printTraffic(running.status);
}

function description({ description: { passwordFile: _, ...rest }, password }: Farm) {
  return { ...rest, password };
}

function greeting({ description: farm, password, store }: Farm): string[] {
  const here = (file: string) =>
    relative(process.cwd(), file).startsWith('..') ? file : relative(process.cwd(), file);
  const rows = [
    ['WSDL', farm.wsdl],
    ...farm.nodes.map(({ name, http, https, pid }) => [name, `${https}  ${http}  (process ${pid})`]),
    ['demo user', `${farm.user}, password ${password} (kept in ${here(farm.passwordFile)})`],
    ['store', storeSentence(store)],
    ['status page', `${farm.admin}/`],
    ...(farm.tokens === undefined
      ? []
      : [
          [
            'tokens',
            `${farm.tokens.address}/token, client ${farm.tokens.client} (secret in ${here(farm.tokens.secretFile)})`,
          ],
        ]),
  ];
  const tryIt =
    `npx --no wssc call --wsdl "${farm.wsdl}" --port EchoTls13 --ca ${here(farm.ca)} --user ${farm.user} ` +
    `--password-stdin WhoAmI < ${here(farm.passwordFile)}`;
  return [
    ...columns(rows),
    '',
    'To call it, paste:',
    `  ${tryIt}`,
    '',
    'Ctrl-C ends it, after the calls that are under way.',
  ];
}
