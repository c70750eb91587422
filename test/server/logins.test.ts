import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { bearerTokens } from '../../src/oauth/bearer-tokens.ts';
import { mountedTokens } from '../../src/oauth/token-server.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import type { Authenticate, Caller } from '../../src/users/authenticate.ts';
import { loginLimitsField } from '../../src/users/login-limits.ts';
import { gatedLogins, openLogins, usersOf } from '../../src/users/logins.ts';
import { addUser } from '../../src/users/users-file.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, loggedReasons } from '../support/faults.ts';
import { issueRequest } from '../support/initiator.ts';
import { keptLog, type PortName, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const cheap = { N: 1024, r: 1, p: 1 };
const agent = new Agent({ keepAlive: false, maxSockets: 200 });
const tlsAgent = new TlsAgent({ keepAlive: false, maxSockets: 200, ca: pem.ca.certificate });
const open: ListeningNode[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(node => node.close()));
});

async function started(options: Partial<EndpointOptions>): Promise<ListeningNode> {
  const node = await listen(options);
  open.push(node);
  return node;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

interface Sent {
  readonly answer: Promise<Answer | 'none'>;
  /** Settles when all of the message is on its way: then the node gets it, whatever becomes of the connection. */
  readonly isOut: Promise<unknown>;
  hangUp(): void;
}

/** Sends a bootstrap on a connection of its own. */
function begin(
  node: ListeningNode,
  port: PortName,
  { username = user.username, password = user.password, headers = {} as Readonly<Record<string, string>> } = {},
): Sent {
  const url = node.address(port);
  const message = issueRequest(port, { credentials: { username, password } }).sent.text;
  const settings = { method: 'POST', headers: { 'Content-Type': 'application/soap+xml', ...headers } };
  const outgoing = url.startsWith('https:')
    ? tlsRequest(url, { ...settings, agent: tlsAgent })
    : request(url, { ...settings, agent });
  const answer = new Promise<Answer | 'none'>(resolve => {
    outgoing.on('error', () => resolve('none'));
    outgoing.on('response', response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          retryAfter: response.headers['retry-after'],
        }),
      );
    });
  });
  const isOut = new Promise(resolve => void outgoing.once('finish', resolve));
  outgoing.end(message);
  return { answer, isOut, hangUp: () => outgoing.destroy() };
}

async function statusOf(sent: Sent): Promise<number> {
  const answer = await sent.answer;
  return answer === 'none' ? 0 : answer.status;
}

/** Somebody who checks passwords when they are let go. */
function heldCheck() {
  const asked: { readonly username: string; readonly caller: Caller; answer(): void }[] = [];
  const authenticate: Authenticate = (username, password, caller) =>
    new Promise(resolve => {
      const answer = () => resolve(password === user.password ? { user: username, roles: [] } : undefined);
      asked.push({ username, caller, answer });
    });
  return { authenticate, asked };
}

const through = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
const proxies = { trustedProxies: ['127.0.0.0/8', '::1'] };

/** A folder with a users file in it; the password of all users is the same. */
async function usersFile(names: readonly string[]): Promise<string> {
  const users = join(mkdtempSync(join(tmpdir(), 'logins-test-')), 'users.json');
  for (const name of names)
    await addUser(users, { name, password: user.password, roles: [] }, randomBytesPooled, cheap);
  return users;
}

describe.each<PortName>(['EchoTls13', 'EchoSymmetric'])('on %s', port => {
  test('the queue holds as many as it may; all others get 503, Retry-After and a Receiver fault', async () => {
    const { authenticate, asked } = heldCheck();
    const node = await started({ authenticate, loginLimits: { queue: 2, checksAtOnce: 1 } });
    const refused: Answer[] = [];
    const begun = Array.from({ length: 8 }, (_, i) => begin(node, port, { username: `user ${i}` }));
    for (const { answer } of begun) void answer.then(came => came !== 'none' && refused.push(came));
    await expect.poll(() => refused.length).toBe(5);
    for (const answer of refused) {
      expectFault(answer, 'busy');
      expect(answer.retryAfter).toMatch(/^[1-9]\d*$/);
    }
    expect(loggedReasons(node.lines)).toEqual(Array.from({ length: 5 }, () => 'queue-full'));
    for (let i = 0; i < 3; i += 1) {
      await expect.poll(() => asked.length).toBe(i + 1);
      asked[i]?.answer();
    }
    expect((await Promise.all(begun.map(statusOf))).filter(status => status === 200)).toHaveLength(3);
    expect(node.endpoint.statistics().issued).toBe(3);
  });

  test('a function that does not answer keeps nobody else out: 503, Retry-After, and its signal aborts', async () => {
    const { authenticate, asked } = heldCheck();
    const node = await started({
      authenticate: { usernameToken: authenticate, timeoutMs: 100 },
      loginLimits: { checksAtOnce: 1, failuresPerUserAndAddress: 1 },
    });
    const answer = await begin(node, port).answer;
    if (answer === 'none') return expect.fail('no answer');
    expectFault(answer, 'busy');
    expect(answer.retryAfter).toBe('5');
    expect(loggedReasons(node.lines)).toEqual(['authenticate-timeout']);
    expect(asked[0]?.caller.signal.aborted).toBe(true);
    asked[0]?.answer();
    const next = begin(node, port);
    await expect.poll(() => asked.length).toBe(2);
    asked[1]?.answer();
    expect(await statusOf(next)).toBe(200);
    expect(asked[1]?.caller.signal.aborted).toBe(false);
  });

  test('a password that is remembered passes a full queue', async () => {
    const users = usersOf(await usersFile([user.username]));
    const slow = heldCheck();
    const check: Authenticate = (username, ...rest) =>
      username === 'slow' ? slow.authenticate(username, ...rest) : users.source.check(username, ...rest);
    const limits = { ...loginLimitsField.read({ queue: 1 }, { of: 'loginLimits', path: '' }), checksAtOnce: 1 };
    const logins = gatedLogins({ ...users, source: { ...users.source, check } }, limits);
    const node = await started({ authenticate: logins });
    expect(await statusOf(begin(node, port))).toBe(200);
    const done: number[] = [];
    const guesses = Array.from({ length: 5 }, (_, i) => begin(node, port, { username: 'slow', password: `${i}` }));
    for (const guess of guesses) void statusOf(guess).then(status => done.push(status));
    await expect.poll(() => done.length).toBe(3);
    expect(await statusOf(begin(node, port))).toBe(200);
    expect(done).toEqual([503, 503, 503]);
    for (let i = 0; i < 2; i += 1) {
      await expect.poll(() => slow.asked.length).toBe(i + 1);
      slow.asked[i]?.answer();
    }
    await Promise.all(guesses.map(({ answer }) => answer));
    expect(done.slice(3)).toEqual([500, 500]);
  });

  test('a password that is remembered passes where too many others were wrong', async () => {
    const users = await usersFile([user.username]);
    const node = await started({ authenticate: users, loginLimits: { failuresPerAddress: 2 } });
    expect(await statusOf(begin(node, port))).toBe(200);
    for (const password of ['wrong 1', 'wrong 2']) expect(await statusOf(begin(node, port, { password }))).toBe(500);
    expectFault((await begin(node, port, { password: 'wrong 3' }).answer) as Answer, 'busy');
    expect(await statusOf(begin(node, port))).toBe(200);
  });

  test('a client that hung up is issued nothing, whether its check waits or runs', async () => {
    const { authenticate, asked } = heldCheck();
    const node = await started({ authenticate, loginLimits: { checksAtOnce: 1 } });
    const [running, waiting] = [begin(node, port, { username: 'runs' }), begin(node, port, { username: 'waits' })];
    await expect.poll(() => asked.length).toBe(1);
    await Promise.all([running.isOut, waiting.isOut]);
    for (const sent of [running, waiting]) sent.hangUp();
    await expect.poll(() => asked[0]?.caller.signal.aborted).toBe(true);
    // Before the node hears of it, the one that waits would be next.
    const gone = ['caller-gone', 'caller-gone'];
    await expect.poll(() => loggedReasons(node.lines)).toEqual(gone);
    asked[0]?.answer();
    const honest = begin(node, port, { username: 'honest' });
    await expect.poll(() => asked.length).toBe(2);
    asked[1]?.answer();
    expect(await statusOf(honest)).toBe(200);
    expect(asked[1]?.username).toBe('honest');
    const { issued, faults } = node.endpoint.statistics();
    expect({ issued, faults }).toEqual({ issued: 1, faults: {} });
    expect(loggedReasons(node.lines)).toEqual(gone);
  });

  test('wrong passwords from elsewhere do not keep a user from logging in; those from one place do there', async () => {
    const node = await started({ ...proxies, loginLimits: { failuresPerUserAndAddress: 2 } });
    for (let i = 1; i <= 5; i += 1) {
      const guess = { password: `guess ${i}`, ...through(`198.51.100.${i}`) };
      expect(await statusOf(begin(node, port, guess))).toBe(500);
      expect(await statusOf(begin(node, port, { ...guess, password: 'again' }))).toBe(500);
      expectFault((await begin(node, port, through(`198.51.100.${i}`)).answer) as Answer, 'busy');
    }
    expect(await statusOf(begin(node, port, through('203.0.113.1')))).toBe(200);
  });

  test('a user nobody has is refused in the same bytes and after as many tries as one whom somebody has', async () => {
    const users = await usersFile([user.username]);
    const node = await started({ authenticate: users, ...proxies, loginLimits: { failuresPerUserAndAddress: 2 } });
    const answersOf = async (username: string, address: string) => {
      const answers: string[] = [];
      for (let i = 0; i < 3; i += 1) {
        const answer = await begin(node, port, { username, password: `wrong ${i}`, ...through(address) }).answer;
        answers.push(JSON.stringify(answer).replace(/<a:RelatesTo>[^<]*<\/a:RelatesTo>/, ''));
      }
      return answers;
    };
    expect(await answersOf('nobody', '203.0.113.1')).toEqual(await answersOf(user.username, '203.0.113.2'));
  });
});

describe('where a login comes from', () => {
  const port = 'EchoSymmetric';

  test('is told to who checks the password: the address of the connection, or what a trusted proxy says', async () => {
    for (const [options, address] of [
      [{}, /^(127\.0\.0\.1|::1)$/],
      [proxies, /^203\.0\.113\.9$/],
    ] as const) {
      const seen: Caller[] = [];
      const node = await started({
        ...options,
        authenticate: async (username, _password, caller) => {
          seen.push(caller);
          return { user: username, roles: [] };
        },
      });
      expect(await statusOf(begin(node, port, through('203.0.113.9')))).toBe(200);
      expect(seen).toMatchObject([{ address: expect.stringMatching(address), signal: { aborted: false } }]);
    }
  });

  test('is not what a stranger says of himself', async () => {
    const node = await started({ loginLimits: { failuresPerAddress: 2 }, trustedProxies: ['10.0.0.0/8'] });
    const guess = (i: number, headers: Readonly<Record<string, string>>) =>
      statusOf(begin(node, port, { username: `user ${i}`, password: 'guess', headers }));
    expect(await guess(1, { 'X-Forwarded-For': '203.0.113.1' })).toBe(500);
    expect(await guess(2, { Forwarded: 'for=203.0.113.2' })).toBe(500);
    expect(await guess(3, { 'X-Forwarded-For': '203.0.113.3' })).toBe(503);
    expect(await guess(4, {})).toBe(503);
    expect(loggedReasons(node.lines).slice(-2)).toEqual(['failures-of-address', 'failures-of-address']);
  });

  test('is everywhere behind a trusted proxy that says nothing: no failure keeps others out', async () => {
    const node = await started({ ...proxies, loginLimits: { failuresPerAddress: 2, failuresPerUserAndAddress: 1 } });
    for (let i = 0; i < 5; i += 1) expect(await statusOf(begin(node, port, { password: `guess ${i}` }))).toBe(500);
    expect(await statusOf(begin(node, port))).toBe(200);
  });
});

test('logins that two doors have in common have one count of failures and one queue', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'two-doors-'));
  const ring = join(folder, 'ring.json');
  writeRingFile(ring, freshRing());
  const logins = openLogins({
    authenticate: await usersFile([user.username]),
    loginLimits: { failuresPerUserAndAddress: 2 },
  });
  const tokens = bearerTokens({
    ring,
    authenticate: logins,
    audience: 'urn:x',
    publicClients: { shop: [] },
    log: keptLog().log,
  });
  const node = await started({ authenticate: logins, mounted: mountedTokens(tokens) });
  for (const password of ['wrong', 'wrong again'])
    expect(await statusOf(begin(node, 'EchoTls13', { password }))).toBe(500);
  const form = { grant_type: 'password', client_id: 'shop', ...user };
  const answer = await new Promise<{ status: number | undefined; retryAfter: string | undefined }>(
    (resolve, reject) => {
      const url = `https://localhost:${node.https}/oauth/token`;
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const outgoing = tlsRequest(url, { method: 'POST', headers, agent: tlsAgent }, response => {
        response.resume();
        resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] });
      });
      outgoing.on('error', reject);
      outgoing.end(new URLSearchParams(form).toString());
    },
  );
  expect(answer).toEqual({ status: 429, retryAfter: expect.stringMatching(/^(900|89\d)$/) });
  rmSync(folder, { recursive: true });
});

describe('an object by kind of token', () => {
  const port: PortName = 'EchoTls13';

  test('says who users are as its usernameToken alone does', async () => {
    const { authenticate, asked } = heldCheck();
    const byFunction = await started({ authenticate: { usernameToken: authenticate } });
    const answer = statusOf(begin(byFunction, port));
    await expect.poll(() => asked.length).toBe(1);
    asked[0]?.answer();
    expect(await answer).toBe(200);
    const file = await usersFile([user.username]);
    const byFile = await started({ authenticate: openLogins({ authenticate: { usernameToken: file } }) });
    expect(await statusOf(begin(byFile, port))).toBe(200);
    expect(await statusOf(begin(byFile, port, { password: 'guess' }))).toBe(500);
    expect(openLogins({ authenticate: { usernameToken: file } }).find?.(user.username)).toMatchObject({
      user: user.username,
    });
  });

  test('is refused where a kind is missing, unknown, or nothing that checks', async () => {
    const problems: readonly [unknown, string][] = [
      [{}, 'authenticate lacks the key usernameToken'],
      [{ usernameToken: {} }, 'authenticate.usernameToken must be the path of a users file, or a function'],
      [
        { usernameToken: async () => undefined, samlToken: async () => undefined },
        'unknown key authenticate.samlToken',
      ],
    ];
    for (const [authenticate, problem] of problems) {
      expect(() => openLogins({ authenticate } as never)).toThrow(`openLogins: ${problem}`);
      await expect(listen({ authenticate } as never)).rejects.toThrow(`createEndpoint: ${problem}`);
      expect(() => bearerTokens({ authenticate } as never)).toThrow(`bearerTokens: ${problem}`);
    }
  });
});

test('limits beside logins that are open already are refused, and so are unknown options of openLogins', async () => {
  const authenticate = openLogins({ authenticate: await usersFile([user.username]) });
  await expect(listen({ authenticate, loginLimits: { queue: 1 } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'loginLimits has no use beside logins that are open already',
  });
  expect(() => openLogins({ authenticate: [] } as never)).toThrow(
    'openLogins: authenticate must be the path of a users file, or a function',
  );
  expect(() => openLogins({ authenticate: async () => undefined, loginLimits: { queue: 0 } })).toThrow(
    'openLogins: loginLimits.queue must be a whole number from 1 to 1000',
  );
});
