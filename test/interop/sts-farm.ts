import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { prepareDemoData } from '../../src/farm/demo-data.ts';
import { freePort, loopbackHosts } from '../../src/farm/ports.ts';
import { schemes, type WsdlPort } from './farm-process.ts';
import { type Program, startProgram } from './program.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));
const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));

/** An issuer and nodes that issue nothing, each a process of its own, with one ring and one store. */
export interface StsFarm {
  readonly nodes: readonly { readonly http: string; readonly https: string }[];
  readonly user: string;
  readonly password: string;
  /** PEM files. */
  readonly ca: string;
  readonly serviceCertificate: string;
  /** The address of a WSDL port on each node. */
  addresses(port: WsdlPort): string[];
  /** Ends the issuer as a crash does. */
  killSts(): Promise<void>;
  /** Settles when it listens again. */
  restartSts(): Promise<void>;
  /** Drains all of them; settles when each has ended with exit code 0. */
  stop(): Promise<void>;
}

/** Starts a farm of three nodes on free ports. @param lifetimeS of its conversations, renewals aside */
export async function startStsFarm(lifetimeS = 600): Promise<StsFarm> {
  const folder = mkdtempSync(join(tmpdir(), 'wssc-sts-'));
  const data = await prepareDemoData(folder, Date.now(), systemRandom);
  const taken = new Set<number>();
  const port = async () => {
    const free = await freePort(loopbackHosts(), taken);
    taken.add(free);
    return free;
  };
  const relay = await port();
  const sockets = await Promise.all(Array.from({ length: 3 }, async () => [await port(), await port()] as const));
  const nodes = sockets.map(([http, https]) => ({
    http: `http://localhost:${http}`,
    https: `https://localhost:${https}`,
  }));
  const shared = {
    wsdl,
    ring: data.ring,
    tls: data.tls,
    addresses: nodes.flatMap(({ http, https }) => [http, https]),
    lifetimeS,
  };
  const configure = (name: string, config: object) => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ ...shared, ...config }));
    return file;
  };
  const stsFile = configure('sts.json', { users: data.users, ...data.service, relays: { ca: data.ca } });
  const nodeFile = configure('node.json', { service, issuer: { ca: data.ca, ...data.node } });

  /** Runs `wssc` until it says that it listens. */
  const start = async (words: readonly string[], listens: RegExp): Promise<Program> => {
    const program = startProgram(process.execPath, [main, ...words]);
    while (!listens.test(await program.line()));
    void program.rest();
    return program;
  };
  const startSts = () => start(['sts', '--config', stsFile, '--relay', `${relay}`], /service nodes/);
  let sts = await startSts();
  const programs = await Promise.all(
    sockets.map(([http, https]) =>
      start(
        [
          ...['serve', '--config', nodeFile, '--http', `${http}`, '--https', `${https}`],
          ...['--no-issue', '--issuer', `https://localhost:${relay}`],
        ],
        /on https/,
      ),
    ),
  );
  return {
    nodes,
    user: 'demo',
    password: readFileSync(data.passwordFile, 'utf8').trim(),
    ca: data.ca,
    serviceCertificate: data.service.certificate,
    addresses: name => nodes.map(node => `${node[schemes[name]]}/${name}`),
    async killSts() {
      sts.signal('SIGKILL');
      await sts.ended;
    },
    async restartSts() {
      sts = await startSts();
    },
    async stop() {
      for (const program of [...programs, sts]) program.signal('SIGTERM');
      const codes = await Promise.all([...programs, sts].map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
      expect(codes).toEqual(codes.map(() => 0));
    },
  };
}
