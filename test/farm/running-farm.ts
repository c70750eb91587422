import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import type { SessionOptions } from '../../src/client/session-options.ts';
import type { FarmDescription, FarmStatus } from '../../src/farm/description.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { OperationPlan, Plan } from '../../src/policy/plan.ts';
import { eventually } from '../support/eventually.ts';
import { spawn } from '../support/started.ts';

export const mainProgram = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const plans = compilePolicy(fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url)));

/** Runs wssc to its end. */
export function wssc(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [mainProgram, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A farm in a process group of its own, as a terminal starts it. */
export interface RunningFarm extends FarmDescription {
  readonly password: string;
  readonly data: string;
  /** Lines on standard error so far. */
  readonly said: readonly string[];
  /** What the first line on standard output said. */
  readonly line: string;
  status(): Promise<FarmStatus>;
  /** Settles when all nodes are up, with other process ids than these. */
  allUp(before?: readonly number[]): Promise<void>;
  /** Ends a node as a crash does. */
  kill(node: number): void;
  /** Sends Ctrl-C as npm and a terminal do: to every process of the group. @returns the exit code */
  interrupt(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test has left behind. */
export function endFarms(): void {
  for (const child of running)
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  running.clear();
}

export async function startFarm(data: string, ...words: string[]): Promise<RunningFarm> {
  const free = ['--http', '0', '--https', '0', '--admin', '0'];
  const child = spawn(process.execPath, [mainProgram, 'farm', '--json', '--data', data, ...free, ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', text => said.push(text));
  running.add(child);
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`the farm ended with exit code ${code}: ${said.join('; ')}`);
  });
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  ended.catch(() => {});
  const description: FarmDescription & { password: string } = JSON.parse(line);
  const status = async () => (await fetch(`${description.admin}/status.json`)).json() as Promise<FarmStatus>;
  return {
    ...description,
    data,
    line,
    said,
    status,
    allUp: (before = []) =>
      eventually(async () => {
        const { nodes } = await status();
        expect(nodes.filter(({ up, pid }) => up && !before.includes(pid))).toHaveLength(description.nodes.length);
      }),
    kill: node => process.kill(description.nodes[node]?.pid ?? 0, 'SIGKILL'),
    async interrupt() {
      process.kill(-(child.pid ?? 0), 'SIGINT');
      const [code] = await once(child, 'close');
      running.delete(child);
      return code;
    },
  };
}

export function planOf(port: string): Plan {
  const plan = plans.find(candidate => candidate.port === port);
  if (plan === undefined) throw new Error(`no port ${port}`);
  return plan;
}

/** Addresses of a port at each node. */
export function nodeAddresses(farm: FarmDescription, port: string): string[] {
  return farm.nodes.map(node => `${node[planOf(port).transport]}/${port}`);
}

/** A conversation of the demo user. */
export function sessionOf(farm: RunningFarm, port: string, options: Partial<SessionOptions> = {}): Session {
  return openSession({
    plan: planOf(port),
    username: farm.user,
    password: farm.password,
    ca: readFileSync(farm.ca, 'utf8'),
    serviceCertificate: readFileSync(farm.serviceCertificate, 'utf8'),
    addresses: nodeAddresses(farm, port),
    ...options,
  });
}

function operationOf(port: string, name: string): OperationPlan {
  const operation = planOf(port).operations.find(candidate => candidate.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation;
}

const echoNamespace = 'urn:soap-secure-conversation:echo';

/** Calls Echo and checks the answer. */
export async function echo(session: Session, port: string, address?: string): Promise<void> {
  const content = `<e:Echo xmlns:e="${echoNamespace}"><e:text>hello</e:text></e:Echo>`;
  const { envelope } = await session.call({
    operation: operationOf(port, 'Echo'),
    body: { declarations: '', content },
    address,
  });
  expect(envelope).toContain('>hello</');
}

/** Calls WhoAmI. @returns node and openedFrom */
export async function whoAmI(
  session: Session,
  port: string,
  address?: string,
): Promise<{ node: string; openedFrom: string; contextId: string }> {
  const content = `<e:WhoAmI xmlns:e="${echoNamespace}"/>`;
  const { envelope } = await session.call({
    operation: operationOf(port, 'WhoAmI'),
    body: { declarations: '', content },
    address,
  });
  const value = (name: string) => new RegExp(`<(?:\\w+:)?${name}[^>]*>([^<]*)</`).exec(envelope)?.[1] ?? '';
  return { node: value('node'), openedFrom: value('openedFrom'), contextId: value('contextId') };
}
