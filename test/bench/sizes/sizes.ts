/**
 * `npm run bench:sizes`: what a call with one large message costs each side: processor time for each MiB of payload,
 * the longest stop of the event loop, and the most memory beside what the process had. The payload is binary in base64,
 * in the request or in the answer. `--mib 1,4` other sizes than 1, 4, 16 and 64.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Payload, Server, SideFigures, Told } from './side-process.ts';

const mib = 1024 * 1024;
const rounds = 3;
/** How long a message is for each byte of the payload: base64, and base64 once more where it is encrypted. */
const growth = { EchoTls13: 4 / 3, EchoSymmetric: 16 / 9 } as const;
type Port = keyof typeof growth;
const ports: readonly Port[] = ['EchoTls13', 'EchoSymmetric'];
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

async function measure(port: Port, payload: Payload): Promise<readonly SideFigures[]> {
  const sides = [1, 2].map(() => fork(program, { execArgv: ['--expose-gc'] }));
  const [service, client] = sides as [ChildProcess, ChildProcess];
  try {
    const server = (await tell(service, { serve: port })) as Server;
    await tell(client, { call: port, server });
    const measured: SideFigures[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      await tell(service, { begin: undefined });
      await tell(client, { begin: payload });
      for (const [i, side] of sides.entries()) measured[i]?.push((await tell(side, { end: true })) as SideFigures);
    }
    return measured.map(least);
  } finally {
    for (const side of sides) side.kill();
  }
}

/** What a side does with the large message. */
const parts = { up: ['service reads', 'client writes'], down: ['service writes', 'client reads'] } as const;

function row(part: string, port: Port, size: number, { cpuMs, stopMs, peakBytes }: SideFigures): string {
  const message = size * growth[port];
  const stop = `${stopMs.toFixed(0)} ms (${(stopMs / size).toFixed(1)} for each MiB)`;
  const memory = `${(peakBytes / mib).toFixed(0)} MiB (${(peakBytes / mib / message).toFixed(1)} × the message)`;
  return `| \`${port}\`, ${part} | ${size} MiB | ${(cpuMs / size).toFixed(1)} ms | ${stop} | ${memory} |`;
}

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1,4,16,64' } } });
const print = (text: string) => process.stdout.write(`${text}\n`);
print('| | payload | processor time for each MiB | longest stop | memory beside |');
print('|---|---|---|---|---|');
for (const port of ports) {
  for (const way of ['up', 'down'] as const) {
    for (const size of values.mib.split(',').map(Number)) {
      const figures = await measure(port, { way, bytes: size * mib });
      for (const [i, side] of figures.entries()) print(row(parts[way][i] ?? '', port, size, side));
    }
  }
}
