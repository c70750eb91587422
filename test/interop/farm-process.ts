import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startProgram } from './program.ts';

/** What `wssc farm --json` says of itself; addresses are base addresses, `ca` and `serviceCertificate` PEM files. */
interface FarmLine {
  readonly wsdl: string;
  readonly admin: string;
  readonly shared: { readonly http: string; readonly https: string };
  readonly nodes: readonly FarmNode[];
  readonly user: string;
  readonly password: string;
  readonly ca: string;
  readonly serviceCertificate: string;
}

export interface FarmNode {
  readonly name: string;
  readonly pid: number;
  readonly http: string;
  readonly https: string;
}

interface NodeStatus {
  readonly name: string;
  readonly pid: number;
  readonly up: boolean;
  readonly calls: number;
  readonly issued: number;
  readonly renewed: number;
  readonly opened: { readonly cache: number; readonly seal: number; readonly store: number };
  readonly faults: Readonly<Record<string, number>>;
}

interface FarmStatus {
  readonly nodes: readonly NodeStatus[];
  readonly ring: {
    readonly generation: number;
    readonly keys: readonly { readonly id4: string; readonly state: string }[];
  };
}

/** A running `wssc farm` in a data folder of its own. */
export interface FarmProcess extends FarmLine {
  /** The address of a WSDL port on each node, in the order of the nodes. */
  addresses(port: WsdlPort): string[];
  status(): Promise<FarmStatus>;
  /** Conversations issued by these nodes together, since each was started. Default: by all. */
  issued(names?: readonly string[]): Promise<number>;
  /** Conversations renewed by all nodes together, and the faults that they answered with. */
  renewals(): Promise<{ readonly renewed: number; readonly faults: Readonly<Record<string, number>> }>;
  /** Ends a node as a crash does; settles when the farm has seen it. */
  kill(name: string): Promise<void>;
  /** Settles when all nodes are up. */
  allUp(): Promise<void>;
  /** Ends all nodes as a crash does; settles when the farm has started all of them again. */
  restartAll(): Promise<void>;
  /** Rotates the key ring, without waiting for the propagation time; settles when the farm has seen the new key. */
  rotate(): Promise<void>;
  /** Drains and ends the farm and deletes its data; settles with its exit code. */
  stop(): Promise<number | null>;
}

/** The ports of wsdl/echo.wsdl and the scheme that each is served on. */
export const schemes = { EchoTls11: 'https', EchoTls13: 'https', EchoSymmetric: 'http' } as const;
export type WsdlPort = keyof typeof schemes;
export const wsdlPorts = Object.keys(schemes) as WsdlPort[];

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * Starts a farm of three nodes on free ports.
 * @param sibling a farm whose certificates and users this one shares, but not its key ring
 * @param words further options of `wssc farm`
 */
export async function startFarm(sibling?: FarmProcess, words: readonly string[] = []): Promise<FarmProcess> {
  if (!existsSync(main)) throw new Error('dist/cli/main.js is missing: run npm run build');
  const data = mkdtempSync(join(tmpdir(), 'wssc-interop-'));
  if (sibling !== undefined) copyWithoutRing(dirname(sibling.ca), data);
  const program = startProgram(process.execPath, [
    main,
    'farm',
    '--json',
    '--http',
    '0',
    '--https',
    '0',
    '--admin',
    '0',
    '--data',
    data,
    ...words,
  ]);
  const line: FarmLine = JSON.parse(await program.line());
  // What the farm says later must be read, or it would block on a full pipe.
  void program.rest();

  const status = async (): Promise<FarmStatus> =>
    (await fetch(`${line.admin}/status.json`)).json() as Promise<FarmStatus>;
  const nodeOf = async (name: string) => {
    const node = (await status()).nodes.find(candidate => candidate.name === name);
    if (node === undefined) throw new Error(`the farm has no node ${name}`);
    return node;
  };
  const kill = async (name: string) => {
    const { pid } = await nodeOf(name);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect(await nodeOf(name)).not.toMatchObject({ pid, up: true }));
  };
  const allUp = () =>
    eventually(async () => expect((await status()).nodes.map(({ up }) => up)).toEqual(line.nodes.map(() => true)));
  return {
    ...line,
    addresses: port => line.nodes.map(node => `${node[schemes[port]]}/${port}`),
    status,
    issued: async (names = line.nodes.map(({ name }) => name)) =>
      (await status()).nodes.filter(({ name }) => names.includes(name)).reduce((sum, node) => sum + node.issued, 0),
    async renewals() {
      const { nodes } = await status();
      const faults: Record<string, number> = {};
      for (const [fault, count] of nodes.flatMap(node => Object.entries(node.faults)))
        faults[fault] = (faults[fault] ?? 0) + count;
      return { renewed: nodes.reduce((sum, node) => sum + node.renewed, 0), faults };
    },
    kill,
    allUp,
    async restartAll() {
      await Promise.all(line.nodes.map(({ name }) => kill(name)));
      await allUp();
    },
    async rotate() {
      const { generation } = (await status()).ring;
      const rotation = startProgram(process.execPath, [
        main,
        'keys',
        'rotate',
        '--now',
        '--ring',
        join(data, 'ring.json'),
      ]);
      expect(await rotation.ended).toBe(0);
      await eventually(async () => expect((await status()).ring.generation).toBeGreaterThan(generation));
    },
    async stop() {
      program.signal('SIGINT');
      const code = await program.ended;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

/** Stops the farms of a test file, of which some may not have come up. Each must drain and end in order. */
export async function stopAll(farms: readonly (FarmProcess | undefined)[]): Promise<void> {
  const codes = await Promise.all(farms.filter(farm => farm !== undefined).map(farm => farm.stop()));
  expect(codes).toEqual(codes.map(() => 0));
}

function copyWithoutRing(from: string, to: string): void {
  const own = new Set(['ring.json', 'farm.json']);
  cpSync(from, to, { recursive: true, filter: file => !own.has(basename(file)) });
}
