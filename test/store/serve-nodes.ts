import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemRandom } from '../../src/crypto/random.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { addUser } from '../../src/users/users-file.ts';
import { mainProgram } from '../farm/running-farm.ts';
import { newFolder } from '../support/data-folder.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

/** A process of `wssc serve`, started by itself: it is told nothing but what it reads. */
export interface ServeNode {
  /** What it said on standard output before it listened. */
  readonly said: readonly string[];
  /** Sends a message to EchoSymmetric. */
  post(message: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Ends what a test has left behind. */
export function endNodes(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));
const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));

/** A folder with all that the nodes of one service read. */
export async function serviceFolder(more: object = {}): Promise<string> {
  const folder = newFolder();
  const options = { mode: 0o600 };
  writeFileSync(join(folder, 'service.pem'), pem.service.certificate, options);
  writeFileSync(join(folder, 'service-key.pem'), pem.service.key, options);
  writeRingFile(join(folder, 'ring.json'), createRing({ nowMs: Date.now(), random: systemRandom }));
  const { username: name, password } = user;
  await addUser(join(folder, 'users.json'), { name, password, roles: [] }, systemRandom);
  const config = {
    ...{ wsdl, service, users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
    ...{ addresses: ['http://localhost:8080'], ports: { EchoSymmetric: {} }, ...more },
  };
  writeFileSync(join(folder, 'node.json'), JSON.stringify(config), options);
  return folder;
}

/** Starts a node of the service of a folder. */
export async function startNode(folder: string, ...words: readonly string[]): Promise<ServeNode> {
  const program = [mainProgram, 'serve', '--config', join(folder, 'node.json'), '--http', '0', ...words];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  const said: string[] = [];
  let base = '';
  for await (const line of createInterface({ input: child.stdout })) {
    base = /^listening on (http:\S+)$/.exec(line)?.[1] ?? '';
    if (base !== '') break;
    said.push(line);
  }
  if (base === '') throw new Error(`the node ended: ${said.join('; ')}`);
  return {
    said,
    async post(message) {
      const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
      const response = await fetch(`${base}/EchoSymmetric`, { method: 'POST', headers, body: message });
      return { status: response.status, body: await response.text() };
    },
    async kill() {
      running.delete(child);
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
