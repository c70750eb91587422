import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientWsdl } from '../../src/client/client-plan.ts';
import { openClient } from '../../src/client/open-client.ts';
import { type SecureClientOptions, secureClient } from '../../src/client/secure-client.ts';
import { serviceCertificateOf } from '../../src/client/service-certificate.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { identityCertificates } from '../../src/policy/identity.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { wsdlFor } from '../../src/policy/publish.ts';
import { parseWsdl, portNamed, readWsdl } from '../../src/policy/wsdl.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const localhost = new x509.SubjectAlternativeNameExtension([
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
]);
const root = await makeCertificate({ subject: 'CN=root of services', isAuthority: true });
const made = { issuer: root, extensions: [localhost] };
const service = await makeCertificate({ subject: 'CN=service', ...made });

/** Certificates of a service that are not to be believed by their chain to `root`, and why. */
const unbelieved: Readonly<Record<string, Made>> = {
  'certificate-untrusted': await makeCertificate({
    subject: 'CN=service',
    issuer: await makeCertificate({ subject: 'CN=root of services', isAuthority: true }),
    extensions: [localhost],
  }),
  'certificate-expired': await makeCertificate({ subject: 'CN=service', ...made, until: new Date(0) }),
  'certificate-usage': await makeCertificate({
    subject: 'CN=service',
    ...made,
    extendedUsage: ['1.3.6.1.5.5.7.3.2'],
  }),
  'it is not for localhost': await makeCertificate({ subject: 'CN=elsewhere.example', issuer: root }),
};

const nodes: ListeningNode[] = [];
const serving = async (of: Made) => {
  const node = await listen({ certificate: of.pem, key: of.key });
  nodes.push(node);
  return node;
};
let node: ListeningNode;
beforeAll(async () => {
  node = await serving(service);
});
afterAll(() => Promise.all(nodes.map(each => each.close())));

const port = 'EchoSymmetric';
const addressOf = ({ https }: ListeningNode, path = '/') => `https://localhost:${https}${path}?wsdl`;
const open = (at: ListeningNode, options: SecureClientOptions = {}) =>
  secureClient(addressOf(at), { port, ...user, ca: pem.ca.certificate, ...options });

/** One call, and the conversation's end. */
async function says(opening: Promise<Awaited<ReturnType<typeof open>>>): Promise<unknown> {
  const { client, conversation } = await opening;
  try {
    return (await client.EchoAsync({ text: 'in one line' }))[0];
  } finally {
    await conversation.close();
  }
}

const fingerprint = service.certificate.fingerprint256;

describe('a client from a WSDL alone', () => {
  test.each(portNames)('calls %s with the certificate that the WSDL has', async name => {
    expect(await says(open(node, { port: name, serviceTrust: root.pem }))).toEqual({ text: 'in one line' });
  });

  test('needs no name of a port where the WSDL has one', async () => {
    const options = { ...user, ca: pem.ca.certificate, serviceTrust: root.pem };
    expect(await says(secureClient(addressOf(node, '/EchoSymmetric'), options))).toEqual({ text: 'in one line' });
    await expect(secureClient(addressOf(node), options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: `give port, one of ${portNames.join(', ')}`,
    });
  });

  test.each([fingerprint, fingerprint.replaceAll(':', '').toLowerCase()])('takes a pinned certificate: %s', async pin =>
    expect(await says(open(node, { serviceFingerprint: pin }))).toEqual({ text: 'in one line' }),
  );

  test('takes a certificate that was given before one of the WSDL', async () => {
    const other = { serviceCertificate: pem.service.certificate };
    await expect(says(open(node, { ...other, serviceTrust: root.pem }))).rejects.toMatchObject({ code: 'FAULT' });
  });

  test('believes none that the WSDL has by itself, and says how it could', async () => {
    await expect(open(node)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('that of the WSDL is not believed'),
      hint: expect.stringContaining(fingerprint.replaceAll(':', '').toLowerCase()),
    });
  });

  test.each(Object.keys(unbelieved))('takes no certificate that is not good by its chain: %s', async why => {
    const at = await serving(unbelieved[why] as Made);
    await expect(open(at, { serviceTrust: root.pem })).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
      message: expect.stringContaining(why),
    });
  });

  test('takes one for the name that it is given, where that is not the address', async () => {
    const at = await serving(unbelieved['it is not for localhost'] as Made);
    const options = { serviceTrust: root.pem, serviceName: 'elsewhere.example' };
    expect(await says(open(at, options))).toEqual({ text: 'in one line' });
    await expect(open(node, options)).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
      message: expect.stringContaining('not for elsewhere.example'),
    });
  });

  test('takes one for the host that calls go to, and not for the one that the WSDL names', async () => {
    const to = (host: string) => ({ addresses: [`http://${host}:${node.http}/EchoSymmetric`] });
    await expect(open(node, { serviceTrust: root.pem, ...to('[::1]') })).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
      message: expect.stringContaining('not for [::1]'),
    });
    const { conversation } = await open(node, { serviceTrust: root.pem, ...to('127.0.0.1') });
    await conversation.close();
  });

  test('takes no certificate with another fingerprint, whoever issued it', async () => {
    const options = { serviceTrust: root.pem, serviceFingerprint: '00'.repeat(32) };
    await expect(open(node, options)).rejects.toMatchObject({ code: 'CERTIFICATE_INVALID' });
  });

  test('takes no alternative that needs no certificate because the WSDL has none', async () => {
    const read = readWsdl(wsdl);
    const [symmetric, tls] = compilePolicy(read, { ports: [port, 'EchoTls13'] }) as [Plan, Plan];
    const now = Date.now();
    expect(await serviceCertificateOf(read, [symmetric, tls], {}, now)).toBeUndefined();
    await expect(
      serviceCertificateOf(read, [symmetric, tls], { serviceFingerprint: fingerprint }, now),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('its WSDL has none') });
  });

  test('refuses a text that is no fingerprint, and an option that there is not', async () => {
    await expect(open(node, { serviceFingerprint: '00' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(open(node, { servicePin: '00' } as object)).rejects.toThrow('secureClient');
  });
});

describe('the Identity of a published port', () => {
  const published = async (at: ListeningNode) => clientWsdl(await openClient(addressOf(at), pem.ca.certificate));

  test('is the certificate of the service, where clients encrypt to it', async () => {
    const read = await published(node);
    const identities = portNames.map(name => identityCertificates(portNamed(read, name)));
    const own = service.certificate.raw;
    expect(identities).toEqual(portNames.map(name => (name === port ? [own] : [])));
  });

  test('follows the certificate when another one is used', async () => {
    const at = await serving(service);
    const other = unbelieved['it is not for localhost'] as Made;
    at.endpoint.useCertificates({ service: { certificate: other.pem, key: other.key } });
    const [identity] = identityCertificates(portNamed(await published(at), port));
    expect(identity).toEqual(other.certificate.raw);
  });

  test.each([
    ['no base64', '<X509Certificate>%</X509Certificate>'],
    ['five certificates', '<X509Certificate>AAAA</X509Certificate>'.repeat(5)],
  ])('is refused where it has %s', (_, certificates) => {
    const der = service.certificate.raw;
    const text = wsdlFor(readWsdl(wsdl), { certificateOf: () => der });
    const changed = text.replaceAll(/<X509Certificate>.*?<\/X509Certificate>/g, certificates);
    const read = parseWsdl({ name: 'changed.wsdl', text: changed });
    expect(() => identityCertificates(portNamed(read, port))).toThrow(
      expect.objectContaining({ code: 'WSDL_INVALID' }),
    );
  });
});
