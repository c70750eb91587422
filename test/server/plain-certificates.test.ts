import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { planOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { echoContent } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
const bob = await makeCertificate({ subject: 'CN=bob', issuer: authority });
const stranger = await makeCertificate({ subject: 'CN=alice' });

const folder = mkdtempSync(join(tmpdir(), 'plain-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The port of wsdl/plain.wsdl whose TLS shows who the client is, with a password beside that or without. */
function wsdlFor(tokens: 'certificate' | 'both'): string {
  const text = readFileSync('wsdl/plain.wsdl', 'utf8')
    .replace('location="echo.wsdl"', `location="${resolve('wsdl/echo.wsdl')}"`)
    .replace(
      '<sp:HttpsToken/>',
      '<sp:HttpsToken><wsp:Policy><sp:RequireClientCertificate/></wsp:Policy></sp:HttpsToken>',
    )
    .replace(tokens === 'both' ? /$^/ : /<sp:SignedEncrypted(.*?)<\/sp:SignedEncryptedSupportingTokens>/s, '');
  const file = join(folder, `${tokens}.wsdl`);
  writeFileSync(file, text);
  return file;
}

interface Shape {
  readonly wsdl: string;
  readonly service: string;
  readonly port: string;
  /** What the client shows beside its certificate. */
  readonly beside: object;
  readonly user: string;
  /** What a call is refused for by whoever shows nobody’s certificate, and another than is signed with. */
  readonly untrusted: string;
}

const wcf = {
  wsdl: resolve('test/vectors/wsdl/wcf/service.wsdl'),
  service: 'EchoService',
  beside: {},
  user: 'CN=alice',
};
const own = { service: 'PlainService', port: 'PasswordTls', untrusted: 'certificate-untrusted' };
const shapes: readonly Shape[] = [
  ...['WSHttpBinding_EchoPortType5', 'WSHttpBinding_EchoPortType7', 'WS2007HttpBinding_EchoPortType5'].map(port => ({
    ...wcf,
    port,
    untrusted: 'certificate-untrusted',
  })),
  { ...own, wsdl: wsdlFor('certificate'), beside: {}, user: 'CN=alice' },
  { ...own, wsdl: wsdlFor('both'), beside: user, user: user.username },
];

describe.each(shapes)('a port without a conversation: $port of $wsdl', ({ wsdl, service, port, beside, ...shape }) => {
  let node: ListeningNode;
  let seen: object[] = [];

  beforeAll(async () => {
    const operations = {
      Echo({ text }: { text: string }) {
        const { id, user, authenticatedBy } = currentContext();
        seen.push({ id, user, authenticatedBy });
        return { text };
      },
    };
    node = await listen({
      wsdl,
      services: { [service]: { [port]: operations } },
      ports: { [port]: {} },
      paths: 'port',
      trust: authority.pem,
    });
  });
  afterAll(() => node.close());
  beforeEach(() => {
    seen = [];
    node.lines.length = 0;
  });

  const plan = planOf(readWsdl(wsdl), port);
  const call = async ({ pem: certificate, key }: Made, trace?: (request: string) => void) => {
    const session = openSession({
      ...{ plan, certificate, key, ...beside, ca: pem.ca.certificate },
      addresses: [`https://localhost:${node.https}/${port}`],
      trace: ({ request }) => trace?.(request),
    });
    try {
      const operation = plan.operations.find(({ name }) => name === 'Echo') as never;
      return await session.call({ operation, body: { declarations: '', content: echoContent('hello') } });
    } finally {
      await session.close();
    }
  };

  test('is called by the certificate of its client, with each call anew', async () => {
    for (let n = 0; n < 2; n += 1) expect((await call(alice)).envelope).toContain('>hello</');
    const authenticatedBy = shape.user === user.username ? 'usernameToken' : 'x509';
    expect(seen).toEqual([0, 1].map(() => ({ id: undefined, user: shape.user, authenticatedBy })));
    await call(bob);
    expect(seen[2]).toMatchObject({ user: shape.user.replace('CN=alice', 'CN=bob') });
  });

  test('refuses a certificate that nobody it believes has issued', async () => {
    await expect(call(stranger)).rejects.toMatchObject({ code: 'FAULT' });
    expect(loggedReasons(node.lines)).toEqual([shape.untrusted]);
    expect(seen).toEqual([]);
  });

  test('can’t be called without one', () => {
    const addresses = [`https://localhost:${node.https}/${port}`];
    expect(() => openSession({ plan, ...user, addresses })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringContaining('certificate') }),
    );
  });

  test('refuses the copy of a call, and one that is sent without the certificate', async () => {
    const sent: string[] = [];
    await call(alice, request => sent.push(request));
    seen = [];
    const [copy = ''] = sent;
    // What no signature covers makes no other message of it.
    const longer = copy.replace(/(?<=<o:BinarySecurityToken [^>]*>)[^<]*/, text =>
      Buffer.concat([Buffer.from(text, 'base64'), Buffer.alloc(1)]).toString('base64'),
    );
    for (const message of [copy, longer]) expect(await fetchPlain(node, port, message)).toBe(500);
    const isByTls = plan.operations[0]?.request.protection;
    const reason = isByTls?.kind === 'transport' && isByTls.clientCertificate ? 'client-certificate-missing' : 'replay';
    expect(loggedReasons(node.lines)).toEqual([reason, reason]);
    expect(seen).toEqual([]);
  });
});

/** Posts octets by a connection that shows no certificate. */
async function fetchPlain(node: ListeningNode, port: string, body: string): Promise<number> {
  const { request } = await import('node:https');
  return new Promise((settle, reject) => {
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
    const options = { method: 'POST', headers, ca: pem.ca.certificate };
    const sent = request(`https://localhost:${node.https}/${port}`, options, answer => {
      answer.resume();
      settle(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
