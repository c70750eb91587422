import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { freePort, loopbackHosts } from '../../src/farm/ports.ts';
import { spawn } from '../support/started.ts';
import { type Block, repository } from './blocks.ts';
import { compile } from './compile.ts';

/*
 * A page is run in a folder of its own, as in a fresh clone where `npm ci` and the build have been: the same dist/ and
 * node_modules/. `wssc` and `npm` are found first in the folder bin/ there. They do what the real ones do, but a farm
 * takes free TCP ports and nothing is built again; the ports that the documentation names are put in place of the real
 * ones, in commands, files and output. A file of TypeScript is compiled; commands and configurations that name NAME.mts
 * get what came of it, NAME.mjs, for Node 20 does not take types away.
 */

const wsscShim = `#!/bin/sh
case "$1" in
  farm) shift; exec node dist/cli/main.js farm "$@" --http 0 --https 0 --admin 0 ;;
  *) exec node dist/cli/main.js "$@" ;;
esac
`;

/**
 * The tests are what runs this; `npm ci` was before them. What `npm install` installs is tried by test/package, from
 * the packed file.
 */
const npmShim = `#!/bin/sh
case "$*" in
  ci | test) exit 0 ;;
  'install soap-secure-conversation') exec node -e "if (require('./package.json').name !== '$2') process.exit(1)" ;;
  start | 'start -- '*) shift $(( $# > 1 ? 2 : 1 )); exec wssc farm "$@" ;;
  'run load' | 'run load -- '*) shift $(( $# > 2 ? 3 : 2 )); exec wssc load "$@" ;;
  *) echo "npm $*: test/docs does not know what that runs" >&2; exit 64 ;;
esac
`;

/** Commands that do not end by themselves. */
const servers = [
  ...[
    'npm start',
    'wssc farm',
    'wssc serve',
    'wssc sts',
    'wssc tokens',
    'node serve.mts',
    'node below.mjs',
    'node app.mjs',
  ],
  ...['server.mjs', 'bearer-api.mjs', 'aspnet-migration/api.mjs'].map(name => `node examples/${name}`),
  ...['server.mts', 'bearer-api.mts', 'aspnet-api.mts'].map(name => `node examples/typescript/${name}`),
];
/** One that is tried out (`--dry-run`) ends. */
const server = new RegExp(`\\b(?:${servers.map(escaped).join('|')})\\b(?:(?! --dry-run)[^|\\n])*$`);

/** A server that has not printed what the page says by then has printed something else. */
const patienceMs = 120_000;

/** TCP ports that servers of the documentation have beside a farm's. */
const serverPorts: readonly number[] = [6390, 9080, 9082, 9443, 9444, 9445, 9446];

interface Run {
  readonly child: ChildProcess;
  readonly command: string;
  output: string;
  /** Set when output came or the program ended. */
  onOutput: () => void;
}

/** Runs the blocks of one page. */
export interface PageRun {
  run(block: Block): Promise<void>;
  /** Ends the servers as Ctrl-C does; each ends with exit code 0. */
  stop(): Promise<void>;
  /** Ends what a failure has left behind. */
  clear(): void;
}

export function openPage(): PageRun {
  const folder = mkdtempSync(join(tmpdir(), 'wssc-docs-'));
  furnish(folder);
  const running: Run[] = [];
  const runs: Run[] = [];
  /** Documented TCP port → real one. */
  const ports = new Map<number, number>();

  const real = async (text: string): Promise<string> => {
    if (['examples/', ...serverPorts].some(mark => text.includes(String(mark)))) await reserve();
    return text.replace(/\b\d{4}\b/g, port => String(ports.get(Number(port)) ?? port));
  };
  const documented = (text: string): string => {
    const names = new Map([...ports].map(([name, port]) => [String(port), String(name)]));
    return text.replace(/\b\d{4,5}\b/g, port => names.get(port) ?? port);
  };
  const reserve = async () => {
    for (const port of serverPorts.filter(wanted => !ports.has(wanted)))
      ports.set(port, await freePort(loopbackHosts(), new Set(ports.values())));
    const examples = readdirSync(join(folder, 'examples'), { recursive: true, encoding: 'utf8' });
    for (const name of examples.filter(each => /\.m[jt]s$/.test(each))) {
      const file = join(folder, 'examples', name);
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(/\b\d{4}\b/g, port => String(ports.get(Number(port)) ?? port)),
      );
    }
  };

  const start = async ({ text, place }: Block): Promise<Run> => {
    const isServer = server.test(text);
    const command = compiledNames(text);
    // A server takes the place of its shell, so that its exit code is seen.
    const script = `exec 2>&1\n${await real(isServer ? command.replace(/(.*&& |^)(.*)$/, '$1exec $2') : command)}`;
    for (const [example] of text.matchAll(/\bexamples\/typescript\/[\w-]+\.mts\b/g))
      await compile([join(folder, example)], place);
    const child = spawn('sh', ['-eu', '-c', script], {
      cwd: folder,
      env: environment(folder),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const run: Run = { child, command: text, output: '', onOutput: () => {} };
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      run.output += chunk;
      run.onOutput();
    });
    child.once('close', () => run.onOutput());
    runs.push(run);
    if (isServer) running.push(run);
    else if ((await once(child, 'close'))[0] !== 0)
      throw new Error(`${place}: exit code ${child.exitCode}\n${run.output}`);
    return run;
  };

  const compare = async ({ of, text, place }: Block) => {
    const run = of === '' ? runs.at(-1) : runs.findLast(({ command }) => command.includes(of));
    if (run === undefined) throw new Error(`${place}: there is no command before it that printed this`);
    const pattern = patternOf(text);
    const output = () => oneSpace(documented(run.output));
    let isLate = false;
    const patience = setTimeout(() => {
      isLate = true;
      run.onOutput();
    }, patienceMs);
    while (running.includes(run) && isRunning(run.child) && !isLate) {
      noteFarmPorts(folder, ports);
      if (pattern.test(output())) break;
      await new Promise<void>(resolve => {
        run.onOutput = resolve;
      });
    }
    clearTimeout(patience);
    noteFarmPorts(folder, ports);
    if (!pattern.test(output())) expect(output(), place).toBe(oneSpace(text));
  };

  const file = async ({ kind, file: name, text, place }: Block) => {
    if (name === undefined) throw new Error(`${place}: a block of ${kind} without <!-- file: NAME --> before it`);
    if (name.startsWith('examples/')) expect(`${text}\n`, place).toBe(readFileSync(join(repository, name), 'utf8'));
    else writeFileSync(join(folder, name), await real(kind === 'json' ? compiledNames(text) : text));
    if (kind === 'ts') await compile([join(folder, name)], place);
  };

  const steps: Readonly<Record<Block['kind'], (block: Block) => Promise<unknown>>> = {
    sh: start,
    text: compare,
    js: file,
    ts: file,
    json: file,
    xml: file,
    csharp: file,
    java: file,
  };
  return {
    async run(block) {
      await steps[block.kind](block);
    },
    async stop() {
      for (const { child, command } of running.splice(0).reverse()) {
        expect(isRunning(child), `${command} still runs`).toBe(true);
        process.kill(-(child.pid ?? 0), 'SIGINT');
        const [code] = await once(child, 'close');
        expect(code, command).toBe(0);
      }
    },
    clear() {
      for (const { child } of running) if (isRunning(child)) process.kill(-(child.pid ?? 0), 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function furnish(folder: string): void {
  for (const name of ['package.json', 'package-lock.json', 'wsdl', 'examples'])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  for (const name of ['dist', 'node_modules']) symlinkSync(join(repository, name), join(folder, name));
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of Object.entries({ wssc: wsscShim, npm: npmShim })) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
}

function compiledNames(text: string): string {
  return text.replace(/\.mts\b/g, '.mjs');
}

/** The environment without what npm and vitest have put into it; output as wide as on a terminal. */
function environment(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_|INIT_CWD$)/i.test(name));
  const path = [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(':');
  return { ...Object.fromEntries(kept), PATH: path, COLUMNS: '120', npm_config_update_notifier: 'false' };
}

/** Documented ports of a farm that runs with the page's data folder: the defaults of `wssc farm`. */
function noteFarmPorts(folder: string, ports: Map<number, number>): void {
  const file = join(folder, 'data/farm.json');
  if (!existsSync(file)) return;
  const { shared, admin, nodes } = JSON.parse(readFileSync(file, 'utf8'));
  const note = (port: number, address: string) => ports.set(port, Number(new URL(address).port));
  note(8079, admin);
  for (const [i, { http, https }] of [shared, ...nodes].entries()) {
    note(8080 + i, http);
    note(8443 + i, https);
  }
}

/** Columns are as wide as what stands in them: runs of blanks count as one, and every line ends. */
function oneSpace(text: string): string {
  return `${text.trim().replace(/[ \t]+/g, ' ')}\n`;
}

function patternOf(text: string): RegExp {
  const parts = oneSpace(text)
    .trimEnd()
    .split('\n')
    .map(line => (line.trim() === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(escaped).join('[^\\n]*?')}\\n`));
  return new RegExp(`^${parts.join('')}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
