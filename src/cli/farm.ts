import { relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Farm, type FarmOptions, startFarm } from '../farm/farm.ts';
import { endpointOptions } from '../server/endpoint-options.ts';
import { type ReplayMode, replayModes } from '../state/farm-replay.ts';
import { storeSentence } from '../store/store-url.ts';
import { addLifeOptions, type LifeOptionValues, lifeSettings } from './life-options.ts';
import { addLogOptions, givenLog, type LogOptionValues } from './log-options.ts';
import { oneOf, tcpPort, wholeNumber } from './option-values.ts';
import { addRingOptions, givenRing, type RingOptionValues } from './ring-options.ts';
import { untilStopped } from './signals.ts';
import { addStateOptions, type StateOptionValues, stateSettings } from './state-options.ts';
import { addStoreOptions, givenStore, replayMeans, type StoreOptionValues } from './store-options.ts';
import { columns, note, print, printJson } from './terminal.ts';
import { printTraffic } from './traffic.ts';

type FarmCommandOptions = Omit<FarmOptions, 'onEvent' | 'life' | 'log' | 'state' | 'store' | 'ring' | 'initRing'> &
  LogOptionValues &
  LifeOptionValues &
  StoreOptionValues &
  StateOptionValues &
  RingOptionValues & {
    readonly initRing?: boolean;
    readonly replay: ReplayMode;
    readonly json?: boolean;
  };

const { replay } = endpointOptions.members;

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
  addRingOptions(addLogOptions(command), 'key ring, instead of a file in the data folder');
  command.option('--init-ring', 'make that ring where there is none');
  addLifeOptions(addStateOptions(addStoreOptions(command)))
    .option('--replay <mode>', replayMeans, oneOf(replayModes), replay.default)
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
  const { nodes, http, https, admin, data, replay, tokens, restart, ring, initRing = false } = given;
  return {
    ...{ nodes, http, https, admin, data, replay, tokens, restart },
    life: lifeSettings(given),
    state: stateSettings(given),
    onEvent: note,
    log: givenLog(given),
    store: givenStore(given),
    ring: ring === undefined ? undefined : givenRing(given),
    initRing,
  };
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
