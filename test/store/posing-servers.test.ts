import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';

const program = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

/** A message as PostgreSQL sends it. */
function message(kind: string, content: string, bytes = content.length): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(bytes + 4, 1);
  return Buffer.concat([head, Buffer.from(content, 'latin1')]);
}

const loggedIn = Buffer.concat([message('R', '\0\0\0\0'), message('Z', 'I')]);

/** Says the next thing whenever something comes, and the last one again and again. */
function saying(...answers: readonly (Buffer | string)[]) {
  let heard = 0;
  return (socket: Socket) => socket.write(answers[Math.min(heard++, answers.length - 1)] ?? '');
}

/** Sends octets for as long as somebody takes them. */
function endless(head: Buffer | string) {
  const more = Buffer.alloc(65_536);
  return (socket: Socket) => {
    const go = () => {
      if (socket.writable) socket.write(more, go);
    };
    socket.write(head, go);
  };
}

/** Servers that answer what no store answers, by the scheme that they are asked by. */
const posing: readonly (readonly [string, string, () => (socket: Socket) => void])[] = [
  ['postgres', 'cuts an error short instead of a login', () => saying(message('E', 'SFATAL\0C28P01'))],
  ['postgres', 'cuts an error short instead of an answer', () => saying(loggedIn, message('E', 'SERROR\0'))],
  ['postgres', 'describes rows that are not there', () => saying(loggedIn, message('T', '\x7f\xff'))],
  ['postgres', 'sends a message without an end', () => endless(message('E', 'S', 2 ** 31))],
  ['postgres', 'says nothing after the login', () => saying(loggedIn, '')],
  ['postgres', 'speaks HTTP', () => saying('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['redis', 'speaks HTTP', () => saying('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['redis', 'nests lists without an end', () => saying('*1\r\n'.repeat(100_000))],
  ['redis', 'says nothing', () => saying('')],
];

test.concurrent.each(posing)('%s: a server that %s ends a command, and hangs nothing', async (scheme, _, maker) => {
  const server = createServer(socket => {
    const answer = maker();
    socket.on('error', () => {});
    socket.on('data', () => answer(socket));
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const words = ['revoke', 'user', 'alice', '--store', `${scheme}://127.0.0.1:${port}`];
  const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>(resolve => {
    // A process whose loop turns for ever hears no gentler signal.
    const options = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [program, ...words], options, (error, _out, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^wssc: the store does not answer: /m) });
  expect(ended.stderr).not.toMatch(/^ +at /m);
});
