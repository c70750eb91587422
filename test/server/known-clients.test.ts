import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SecureConversationOptions, secureConversation } from '../../src/index.ts';
import { currentContext } from '../../src/server/current-context.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { type Change, echoText } from '../policy/echo-variant.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { eventually } from '../support/eventually.ts';
import { type PortName, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');
const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const middle = await makeCertificate({ subject: 'CN=middle', issuer: authority, isAuthority: true });
const alice = await makeCertificate({ subject: 'O=example,CN=alice', issuer: authority });
const bob = await makeCertificate({ subject: 'CN=bob', issuer: authority });
const carol = await makeCertificate({ subject: 'CN=carol', issuer: middle });
const stranger = await makeCertificate({ subject: 'CN=alice' });

const supporting = /<sp:Signed(?:Encrypted)?SupportingTokens>.*?<\/sp:Signed(?:Encrypted)?SupportingTokens>/s;
const sp11 = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy';
const to = '<sp:SignedParts><sp:Header Name="To" Namespace="http://www.w3.org/2005/08/addressing"/></sp:SignedParts>';

function x509Token(include: string, properties: string, assertion = 'EndorsingSupportingTokens', parts = ''): string {
  const included = `sp:IncludeToken="${sp11}/IncludeToken/${include}"`;
  const token = `<sp:X509Token ${included}><wsp:Policy>${properties}</wsp:Policy></sp:X509Token>`;
  return `<sp:${assertion}><wsp:Policy>${token}${parts}</wsp:Policy></sp:${assertion}>`;
}

interface Shape {
  readonly port: PortName;
  readonly tokens: string;
  readonly client: Made;
  readonly user: string;
}

const thumbprint = '<sp:RequireThumbprintReference/><sp:WssX509V3Token10/>';
const own = { client: alice, user: 'CN=alice,O=example' };
const shapes: Readonly<Record<string, Shape>> = {
  'over TLS, as WCF': {
    ...own,
    port: 'EchoTls11',
    tokens: x509Token('AlwaysToRecipient', thumbprint, 'EndorsingSupportingTokens', to),
  },
  'over TLS, by the id of its token': { ...own, port: 'EchoTls11', tokens: x509Token('Once', '') },
  'over TLS, in a path': {
    port: 'EchoTls11',
    client: { ...carol, pem: carol.pem + middle.pem },
    user: 'CN=carol',
    tokens: x509Token('AlwaysToRecipient', '<sp:WssX509PkiPathV1Token11/>'),
  },
  'over TLS, referred to by its thumbprint': { ...own, port: 'EchoTls11', tokens: x509Token('Never', thumbprint) },
  'over TLS, referred to by its subject key identifier': {
    ...own,
    port: 'EchoTls11',
    tokens: x509Token('Never', '<sp:RequireKeyIdentifierReference/>'),
  },
  'over TLS, referred to by issuer and serial number': {
    ...own,
    port: 'EchoTls11',
    tokens: x509Token('Never', '<sp:RequireIssuerSerialReference/>', 'SignedEndorsingSupportingTokens'),
  },
  'in a message, as CXF': { ...own, port: 'EchoSymmetric', tokens: x509Token('AlwaysToRecipient', thumbprint) },
  'in a message, with parts of its own': {
    ...own,
    port: 'EchoSymmetric',
    tokens: x509Token('AlwaysToRecipient', '<sp:RequireDerivedKeys/>', 'EndorsingSupportingTokens', to),
  },
  'in a message, signed': {
    ...own,
    port: 'EchoSymmetric',
    tokens: x509Token('AlwaysToRecipient', thumbprint, 'SignedEndorsingSupportingTokens'),
  },
  'in a message, referred to': {
    ...own,
    port: 'EchoSymmetric',
    tokens: x509Token('Never', '<sp:RequireIssuerSerialReference/>'),
  },
};

/** What a WSDL's port is served with, and the client of it. */
interface Serving {
  readonly node: ListeningNode;
  readonly wsdl: string;
}

interface Who {
  readonly user: string | undefined;
  readonly authenticatedBy: string;
}
const seen: Who[] = [];
const operations = {
  Echo: ({ text }: { text: string }) => {
    const { user: name, authenticatedBy } = currentContext();
    seen.push({ user: name, authenticatedBy });
    return { text };
  },
  Add: () => {
    currentContext().requireUser();
    return { sum: 1 };
  },
};

async function serve(
  port: PortName,
  change: readonly Change[],
  options: Partial<EndpointOptions> = {},
): Promise<Serving> {
  const wsdl = join(mkdtempSync(join(folder, 'wsdl-')), 'echo.wsdl');
  writeFileSync(wsdl, echoText(...change));
  const node = await listen({
    wsdl,
    services: { EchoService: { [port]: operations } },
    ports: { [port]: {} },
    trust: authority.pem + alice.pem,
    ...options,
  });
  return { node, wsdl };
}

interface EchoClient extends Client {
  EchoAsync(args: { text: string }): Promise<[{ text: string }]>;
  AddAsync(args: { a: number; b: number }): Promise<[{ sum: number }]>;
}

async function connect({ node, wsdl }: Serving, port: PortName, options: Partial<SecureConversationOptions>) {
  const client = (await soap.createClientAsync(wsdl, { disableCache: true })) as EchoClient;
  const security = secureConversation(client, {
    port,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    ...options,
  });
  client.setSecurity(security);
  return { client, security };
}

const pairOf = ({ pem: certificate, key }: Pick<Made, 'pem' | 'key'>) => ({ certificate, key });
const policyOf = (port: PortName) => `wsu:Id="${port}_policy"`;
const reasons = ({ lines }: ListeningNode) => lines.flatMap(line => JSON.parse(line).reason ?? []);

describe.each(Object.entries(shapes))('a certificate that signs a bootstrap, %s', (_, shape) => {
  const { port, tokens, client: holder } = shape;
  let serving: Serving;
  beforeAll(async () => {
    serving = await serve(port, [{ within: policyOf(port), from: supporting, to: tokens }], { lifetimeMs: 2_000 });
  });
  afterAll(() => serving.node.close());

  test('says who calls, renews the conversation, and ends it', async () => {
    // A client that stands still over the end of its conversation begins another: then the next one shows it.
    await eventually(async () => {
      seen.length = 0;
      const before = serving.node.endpoint.statistics();
      const { client, security } = await connect(serving, port, pairOf(holder));
      await expect
        .poll(async () => {
          await client.EchoAsync({ text: 'hello' });
          return security.session.renewals;
        })
        .toBeGreaterThan(0);
      expect(seen.length).toBeGreaterThan(1);
      for (const who of seen) expect(who).toEqual({ user: shape.user, authenticatedBy: 'x509' });
      expect((await client.AddAsync({ a: 1, b: 2 }))[0]).toEqual({ sum: 1 });
      expect(await security.close()).toBe(true);
      expect(security.session.bootstraps).toBe(1);
      const { issued, cancelled } = serving.node.endpoint.statistics();
      expect([issued - before.issued, cancelled - before.cancelled]).toEqual([1, 1]);
    });
  });

  test('is refused where nobody who is trusted has issued it', async () => {
    const { client, security } = await connect(serving, port, pairOf(stranger));
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'FAULT' });
    await security.close();
    expect(reasons(serving.node)).toContainEqual(expect.stringMatching(/^certificate-(?:untrusted|unknown)$/));
  });
});

describe('a user of certificates', () => {
  const tls = shapes['over TLS, as WCF'] as Shape;
  const change = [{ within: policyOf('EchoTls11'), from: supporting, to: tls.tokens }];

  test('is whom the service finds for one, with roles, and nobody where it finds none', async () => {
    const found: string[] = [];
    const serving = await serve('EchoTls11', change, {
      async userOfCertificate({ subject }) {
        found.push(subject);
        return subject.includes('alice') ? { user: 'al', roles: ['reader'] } : undefined;
      },
    });
    seen.length = 0;
    const first = await connect(serving, 'EchoTls11', pairOf(alice));
    await first.client.EchoAsync({ text: 'x' });
    expect(seen).toEqual([{ user: 'al', authenticatedBy: 'x509' }]);
    const second = await connect(serving, 'EchoTls11', pairOf(bob));
    await expect(second.client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
      faultSubcode: { local: 'FailedAuthentication' },
    });
    expect(found).toEqual(['O=example\nCN=alice', 'CN=bob']);
    await Promise.all([first.security.close(), second.security.close()]);
    await serving.node.close();
  });

  test('is refused in a path where the policy wants the certificate alone, and the other way round', async () => {
    const { tokens } = shapes['over TLS, in a path'] as Shape;
    const [alone, path] = [
      await serve('EchoTls11', change),
      await serve('EchoTls11', [{ within: policyOf('EchoTls11'), from: supporting, to: tokens }]),
    ];
    for (const [{ node }, { wsdl }] of [
      [alone, path],
      [path, alone],
    ] as const) {
      const { client, security } = await connect({ node, wsdl }, 'EchoTls11', pairOf(alice));
      await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'FAULT' });
      await security.close();
      expect(reasons(node)).toEqual(['binary-token-type']);
      await node.close();
    }
  });

  test('is asked for the key and the certificate that the policy wants, on both sides', async () => {
    const serving = await serve('EchoTls11', change);
    const missing = (hint: string) =>
      expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringMatching(hint) });
    await expect(connect(serving, 'EchoTls11', {})).rejects.toEqual(missing('^give certificate and key'));
    await expect(connect(serving, 'EchoTls11', user)).rejects.toEqual(missing('^give certificate and key'));
    await expect(connect(serving, 'EchoTls11', { certificate: alice.pem })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await expect(connect(serving, 'EchoTls11', { certificate: alice.pem, key: stranger.key })).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
    });
    await expect(serve('EchoTls11', change, { trust: undefined as never })).rejects.toEqual(missing('^give trust'));
    await expect(serve('EchoTls11', change, { ports: { EchoTls11: { trust: 'nonsense' } } })).rejects.toMatchObject({
      message: 'ports.EchoTls11.trust: holds no certificate in PEM format',
    });
    await serving.node.close();
  });

  test('needs no users file; a port that asks for a password does', async () => {
    const without = { authenticate: undefined as never };
    const serving = await serve('EchoTls11', change, without);
    const { client, security } = await connect(serving, 'EchoTls11', pairOf(alice));
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    await security.close();
    await serving.node.close();
    await expect(serve('EchoTls13', [], without)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'give authenticate',
    });
  });
});

describe.each(['EchoTls11', 'EchoSymmetric'] as const)('an anonymous conversation on %s', port => {
  let serving: Serving;
  beforeAll(async () => {
    const refused = async () => Promise.reject(new Error('nobody is asked'));
    const change = [{ within: policyOf(port), from: supporting, to: '' }];
    serving = await serve(port, change, { authenticate: refused, issueRate: { perSecond: 0.001, burst: 2 } });
  });
  afterAll(() => serving.node.close());

  test('has no user, and an operation may ask for one', async () => {
    seen.length = 0;
    const { client, security } = await connect(serving, port, {});
    expect((await client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    expect(seen).toEqual([{ user: undefined, authenticatedBy: 'anonymous' }]);
    await expect(client.AddAsync({ a: 1, b: 2 })).rejects.toThrow('This operation is for users who say who they are.');
    expect(await security.close()).toBe(true);
  });

  test('is one of as many as an address may begin', async () => {
    const second = await connect(serving, port, {});
    await second.client.EchoAsync({ text: 'x' });
    const third = await connect(serving, port, {});
    await expect(third.client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'BUSY' });
    await Promise.all([second.security.close(), third.security.close()]);
  });
});

describe('a client whose certificate TLS shows', () => {
  const https = { from: 'RequireClientCertificate="false"', to: 'RequireClientCertificate="true"' };
  const inBootstrap = { within: '<sp:BootstrapPolicy>', ...https };
  const everywhere = [{ within: policyOf('EchoTls11'), ...https }, inBootstrap];
  const noToken = { within: policyOf('EchoTls11'), from: supporting, to: '' };

  test('is who calls, on the calls too, where the policy asks for it there', async () => {
    const serving = await serve('EchoTls11', [...everywhere, noToken]);
    seen.length = 0;
    const { client, security } = await connect(serving, 'EchoTls11', pairOf(alice));
    await client.EchoAsync({ text: 'x' });
    expect(seen).toEqual([{ user: 'CN=alice,O=example', authenticatedBy: 'x509' }]);
    expect(await security.close()).toBe(true);
    const others = [
      [stranger, 'certificate-untrusted'],
      [{ ...carol, pem: carol.pem + middle.pem }, undefined],
    ] as const;
    for (const [made, reason] of others) {
      const other = await connect(serving, 'EchoTls11', pairOf(made));
      const called = other.client.EchoAsync({ text: 'x' });
      if (reason === undefined) await called;
      else await expect(called).rejects.toMatchObject({ code: 'FAULT' });
      if (reason !== undefined) expect(reasons(serving.node)).toContain(reason);
      await other.security.close();
    }
    expect(seen.at(-1)?.user).toBe('CN=carol');
    await expect(connect(serving, 'EchoTls11', {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await serving.node.close();
  });

  test('is asked for it, and refused without, but not on other ports of the same socket', async () => {
    const serving = await serve('EchoTls11', [inBootstrap], {
      ports: { EchoTls11: {}, EchoTls13: {} },
      services: { EchoService: { EchoTls11: operations, EchoTls13: operations } },
    });
    const bare = { ...serving, wsdl: 'wsdl/echo.wsdl' };
    const { client, security } = await connect(bare, 'EchoTls11', user);
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'FAULT' });
    expect(reasons(serving.node)).toContain('client-certificate-missing');
    const other = await connect(bare, 'EchoTls13', user);
    expect((await other.client.EchoAsync({ text: 'x' }))[0]).toEqual({ text: 'x' });
    seen.length = 0;
    const both = await connect(serving, 'EchoTls11', { ...user, ...pairOf(bob) });
    await both.client.EchoAsync({ text: 'x' });
    expect(seen).toEqual([{ user: user.username, authenticatedBy: 'usernameToken' }]);
    await Promise.all([security, other.security, both.security].map(each => each.close()));
    await serving.node.close();
  });
});
