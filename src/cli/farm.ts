import { relative } from 'node:path';
import type { Command } from 'commander';
import type { FarmDescription, FarmStatus } from '../farm/description.ts';
import { type Farm, type FarmOptions, startFarm } from '../farm/farm.ts';
import { duration, tcpPort, timeOption, wholeNumber } from './option-values.ts';
import { untilStopped } from './signals.ts';
import { columns, note, print, printJson } from './terminal.ts';

type FarmCommandOptions = Omit<FarmOptions, 'onEvent' | 'lifetimeMs' | 'clockSkewMs'> & {
  readonly lifetime: number;
  readonly clockSkew: number;
  readonly json?: boolean;
};

/** `wssc farm`: the demonstration farm. */
export function addFarm(program: Command): void {
  program
    .command('farm')
    .summary('run the demonstration farm')
    .description(
      'Runs the echo service on several node processes that share nothing but a key ring, behind one shared address.\n' +
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
    .option('--data <dir>', 'folder for certificates, key ring and users; made on the first run', './data')
    .addOption(timeOption('--lifetime <time>', 'life of a conversation', duration(60_000, 43_200_000), '10h'))
    .addOption(timeOption('--clock-skew <time>', 'difference of clocks that is tolerated', duration(0, 300_000), '60s'))
    .option('--no-restart', 'leave a node that died as it is')
    .option('--json', 'print one line of JSON when all nodes answer, and nothing else')
    .addHelpText('after', '\nExample:\n  $ wssc farm --nodes 3 --http 8080 --https 8443 --lifetime 1h')
    .action(farm);
}

async function farm({ lifetime, clockSkew, json = false, ...options }: FarmCommandOptions): Promise<void> {
  const running = await startFarm({ ...options, lifetimeMs: lifetime, clockSkewMs: clockSkew, onEvent: note });
  const stopped = untilStopped(
    () => running.drain(),
    () => running.kill(),
  );
  let stopTraffic = () => {};
  if (json) printJson(description(running));
  else {
    for (const line of greeting(running.description, running.password)) print(line);
    stopTraffic = printTraffic(running);
  }
  const code = await stopped;
  stopTraffic();
  process.exit(code);
}

function description({ description: { passwordFile: _, ...rest }, password }: Farm) {
  return { ...rest, password };
}

function greeting(farm: FarmDescription, password: string): string[] {
  const here = (file: string) =>
    relative(process.cwd(), file).startsWith('..') ? file : relative(process.cwd(), file);
  const rows = [
    ['WSDL', farm.wsdl],
    ...farm.nodes.map(({ name, http, https, pid }) => [name, `${https}  ${http}  (process ${pid})`]),
    ['demo user', `${farm.user}, password ${password} (kept in ${here(farm.passwordFile)})`],
    ['status page', `${farm.admin}/`],
  ];
  const tryIt = `npx --no wssc call --wsdl "${farm.wsdl}" --port EchoTls13 --ca ${here(farm.ca)} --user ${farm.user} --password-stdin WhoAmI < ${here(farm.passwordFile)}`;
  return [
    ...columns(rows),
    '',
    'To call it, paste:',
    `  ${tryIt}`,
    '',
    'Ctrl-C ends it, after the calls that are under way.',
  ];
}

const trafficMs = 1_000;

/** Prints a line a second while there is traffic. @returns stops it */
function printTraffic(running: Farm): () => void {
  let before: FarmStatus | undefined;
  let stopped = false;
  const look = async () => {
    const now = await running.status();
    const line = before && trafficLine(before, now);
    if (line !== undefined && !stopped) print(line);
    before = now;
    if (!stopped) timer = setTimeout(() => void look(), trafficMs);
  };
  let timer = setTimeout(() => void look(), 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** What each node did between two looks; undefined where that is nothing. */
function trafficLine(before: FarmStatus, now: FarmStatus): string | undefined {
  const parts = now.nodes.map((node, i) => {
    const last = before.nodes[i];
    const since = last !== undefined && last.pid === node.pid ? last : undefined;
    const calls = node.calls - (since?.calls ?? 0);
    const conversations = node.issued + node.opened.seal - (since ? since.issued + since.opened.seal : 0);
    return { calls, conversations, text: `${node.name} ${calls} calls, ${conversations} conversations` };
  });
  const busy = parts.some(({ calls, conversations }) => calls > 0 || conversations > 0);
  return busy ? `${new Date().toISOString().slice(11, 19)}  ${parts.map(({ text }) => text).join('  |  ')}` : undefined;
}
