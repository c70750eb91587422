/**
 * `npm run bench:sizes`: what calls with large messages cost: processor time for each MiB of payload, the longest stop
 * of the event loop and the memory beside what the process had, for the service and for our client. The payload is
 * binary in base64, there and back. `--mib 1,4` other sizes than 1, 4, 16 and 64.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Server, SideFigures, Told } from './side-process.ts';

const mib = 1024 * 1024;
const rounds = 3;
const ports = ['EchoTls13', 'EchoSymmetric'] as const;
const program = fileURLToPath(new URL('./side-process.js', import.meta.url));

async function tell(side: ChildProcess, told: Told): Promise<unknown> {
  side.send(told);
  const [{ value }] = await once(side, 'message');
  return value;
}

/** The least of several rounds: a machine that does other things makes each of them longer, and none shorter. */
function least(measured: readonly SideFigures[]): SideFigures {
  const of = (name: keyof SideFigures) => Math.min(...measured.map(figures => figures[name]));
  // The most memory that a process had never becomes less again.
  return { cpuMs: of('cpuMs'), stopMs: of('stopMs'), peakBytes: Math.max(...measured.map(each => each.peakBytes)) };
}

async function measure(port: (typeof ports)[number], bytes: number): Promise<readonly SideFigures[]> {
  const sides = [1, 2].map(() => fork(program, { execArgv: ['--expose-gc'] }));
  const [service, client] = sides as [ChildProcess, ChildProcess];
  try {
    const server = (await tell(service, { serve: port })) as Server;
    await tell(client, { call: port, server });
    const measured: SideFigures[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      await tell(service, { begin: 0 });
      await tell(client, { begin: bytes });
      for (const [i, side] of sides.entries()) measured[i]?.push((await tell(side, { end: true })) as SideFigures);
    }
    return measured.map(least);
  } finally {
    for (const side of sides) side.kill();
  }
}

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1,4,16,64' } } });
const print = (text: string) => process.stdout.write(`${text}\n`);
print('| port, side | payload | processor time for each MiB | longest stop | memory beside |');
print('|---|---|---|---|---|');
for (const port of ports) {
  for (const size of values.mib.split(',').map(Number)) {
    for (const [i, { cpuMs, stopMs, peakBytes }] of (await measure(port, size * mib)).entries()) {
      const side = i === 0 ? 'service' : 'client';
      const memory = `${(peakBytes / mib).toFixed(0)} MiB (${(peakBytes / mib / size).toFixed(1)} ×)`;
      const times = `${(cpuMs / size).toFixed(1)} ms | ${stopMs.toFixed(0)} ms (${(stopMs / size).toFixed(1)} for each MiB)`;
      print(`| \`${port}\`, ${side} | ${size} MiB | ${times} | ${memory} |`);
    }
  }
}
