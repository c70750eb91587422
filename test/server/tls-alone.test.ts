import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { planOf } from '../../src/policy/compile.ts';
import { explain } from '../../src/policy/explain.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { parseBasic } from '../../src/server/basic-authentication.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { echoContent } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-alone-'));
afterAll(() => rmSync(folder, { recursive: true }));

const authorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
const asksForPassword = '<sp:HttpsToken><wsp:Policy><sp:HttpBasicAuthentication/></wsp:Policy></sp:HttpsToken>';
const clientTokens = /<sp:SignedEncryptedSupportingTokens>.*?<\/sp:SignedEncryptedSupportingTokens>/s;

function fileOf(name: string, text: string): string {
  const file = join(folder, `${name}.wsdl`);
  writeFileSync(file, text);
  return file;
}

/** The port PasswordTls of wsdl/plain.wsdl without its token. */
function plainText(httpsToken: string, isTimed: boolean): string {
  const text = readFileSync('wsdl/plain.wsdl', 'utf8')
    .replace('location="echo.wsdl"', `location="${resolve('wsdl/echo.wsdl')}"`)
    .replace('<sp:HttpsToken/>', httpsToken)
    .replace(clientTokens, '');
  return isTimed ? text : text.replace('<sp:IncludeTimestamp/>', '');
}

/** The port EchoTls13 whose bootstrap asks for user name and password over HTTP. */
const bootstrapText = () =>
  echoText(
    { within: 'wsu:Id="EchoTls13_policy"', from: clientTokens, to: '' },
    { within: 'wsu:Id="EchoTls13_policy"', from: /(?<=<sp:BootstrapPolicy>.*)<sp:HttpsToken\/>/s, to: asksForPassword },
  );

const plain = { service: 'PlainService', port: 'PasswordTls' };
const https = '<sp:HttpsToken/>';
const shapes = {
  anonymous: { ...plain, text: () => plainText(https, true), isByPassword: false },
  'anonymous without a Timestamp': { ...plain, text: () => plainText(https, false), isByPassword: false },
  password: { ...plain, text: () => plainText(asksForPassword, true), isByPassword: true },
  'password without a Timestamp': { ...plain, text: () => plainText(asksForPassword, false), isByPassword: true },
  bootstrap: { service: 'EchoService', port: 'EchoTls13', text: bootstrapText, isByPassword: true },
};

type Shape = (typeof shapes)[keyof typeof shapes];

/** A node that serves the port of a shape to the tests around. */
function serving(name: string, { service, port, text }: Shape) {
  const wsdl = fileOf(name, text());
  const plan = planOf(readWsdl(wsdl), port);
  const seen: object[] = [];
  let node: ListeningNode;

  beforeAll(async () => {
    const operations = {
      Echo({ text }: { text: string }) {
        const { user, authenticatedBy } = currentContext();
        seen.push({ user, authenticatedBy });
        return { text };
      },
    };
    const services = { [service]: { [port]: operations } };
    node = await listen({ wsdl, services, ports: { [port]: {} }, paths: 'port' });
  });
  afterAll(() => node.close());
  beforeEach(() => {
    seen.length = 0;
    node.lines.length = 0;
  });
  const addressOf = () => `https://localhost:${node.https}/${port}`;

  return {
    plan,
    seen,
    reasons: () => loggedReasons(node.lines),
    /** @returns what was sent, a bootstrap first */
    async call(password: string): Promise<{ readonly envelope: string; readonly sent: readonly string[] }> {
      const sent: string[] = [];
      const session = openSession({
        ...{ plan, username: user.username, password, ca: pem.ca.certificate, addresses: [addressOf()] },
        trace: ({ request }) => sent.push(request),
      });
      try {
        const operation = plan.operations.find(({ name }) => name === 'Echo') as never;
        const { envelope } = await session.call({
          operation,
          body: { declarations: '', content: echoContent('hello') },
        });
        return { envelope, sent: [...sent] };
      } finally {
        await session.close();
      }
    },
    post: (message: string, authorization: string | string[] | undefined) => post(addressOf(), message, authorization),
  };
}

describe.each(Object.entries(shapes))('TLS without a token: %s', (name, shape) => {
  const { plan, seen, call } = serving(name, shape);
  const { isByPassword } = shape;

  test('is called by its client', async () => {
    expect((await call(user.password)).envelope).toContain('>hello</');
    const known = { user: user.username, authenticatedBy: 'usernameToken' };
    expect(seen).toEqual([isByPassword ? known : { user: undefined, authenticatedBy: 'anonymous' }]);
  });

  test('is explained', () => {
    const said = explain(plan);
    expect(said.includes('user name and password in HTTP (Basic)')).toBe(isByPassword);
    expect(said.includes('anonymous')).toBe(!isByPassword);
    expect(said.includes('no Timestamp')).toBe(name.includes('without'));
  });
});

const byPassword = Object.entries(shapes).filter(([, { isByPassword }]) => isByPassword);

describe.each(byPassword)('user name and password in HTTP: %s', (name, shape) => {
  const { plan, seen, reasons, call, post } = serving(name, shape);

  test('a wrong password gets FailedAuthentication and nothing else', async () => {
    await expect(call('wrong')).rejects.toMatchObject({
      code: 'FAULT',
      faultSubcode: expect.objectContaining({ local: 'FailedAuthentication' }),
    });
    expect(reasons()).toEqual(['user-or-password']);
    expect(seen).toEqual([]);
  });

  test('no session is opened without a password, or with a name that HTTP can’t say', () => {
    const open = (credentials: object) => () => openSession({ plan, ...credentials });
    for (const credentials of [{}, { username: 'a:b', password: 'x' }, { username: 'a\nb', password: 'x' }])
      expect(open(credentials)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test.each([
    [undefined, 'basic-missing'],
    ['Bearer abc', 'basic-malformed'],
    [`${authorization} x`, 'basic-malformed'],
    [`Basic ${Buffer.from('alice').toString('base64')}`, 'basic-malformed'],
    [`Basic ${Buffer.from('alice:wrong').toString('base64')}`, 'user-or-password'],
    [[authorization, authorization], 'basic-malformed'],
  ])('is asked for where HTTP says %j', async (said, reason) => {
    const { sent } = await call(user.password);
    seen.length = 0;
    const { status, asked } = await post(sent[0] ?? '', said);
    expect({ status, asked }).toEqual({ status: 401, asked: 'Basic realm="service", charset="UTF-8"' });
    expect(reasons().at(-1)).toBe(reason);
    expect(seen).toEqual([]);
  });

  test('makes no second message of a copy', async () => {
    const { sent } = await call(user.password);
    const { status } = await post(sent[0] ?? '', authorization);
    expect({ status, reasons: reasons() }).toEqual({ status: 500, reasons: ['replay'] });
  });
});

test('a Basic header is read in one way or not at all', () => {
  const of = (text: string | Buffer) => `Basic ${Buffer.from(text as string).toString('base64')}`;
  expect(parseBasic(of('alice:a:b c'))).toEqual({ username: 'alice', password: 'a:b c' });
  expect(parseBasic(of('zoë:日本').replace('Basic', 'basic'))).toEqual({ username: 'zoë', password: '日本' });
  for (const header of [
    ...['', 'Basic', 'Basic ', of('alice'), of('a\0b:c'), of('a:b\n'), of(Buffer.from([0x61, 0x3a, 0xc3]))],
    ...[of('ab:c').replace(/=*$/, ''), `${of('a:b')}=`, of('a:b').replace(' ', '\t'), of(`a:${'b'.repeat(4_000)}`)],
    // Bits that no octet has.
    'Basic YTpiYx==',
  ])
    expect(parseBasic(header), header).toBeUndefined();
});

/** Posts a message with an Authorization of one's own. */
function post(address: string, body: string, authorization: string | string[] | undefined) {
  return new Promise<{ status: number; asked: string | undefined }>((settle, reject) => {
    const headers = {
      'Content-Type': 'application/soap+xml; charset=utf-8',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    const options = { method: 'POST', headers, ca: pem.ca.certificate };
    const sending = request(address, options, answer => {
      answer.resume();
      settle({ status: answer.statusCode ?? 0, asked: answer.headers['www-authenticate'] });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
