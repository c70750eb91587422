import { describe, expect, it } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { explain } from '../../src/policy/explain.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { echoFile, echoVariant } from './echo-variant.ts';

const echo = readWsdl(echoFile);
const portType = 'urn:soap-secure-conversation:echo/EchoPortType';

describe('a plan is explained', () => {
  it('over TLS', () => {
    expect(explain(planOf(echo, 'EchoTls13'))).toBe(
      `port EchoTls13 of service {urn:soap-secure-conversation:echo}EchoService
  address    https://localhost:8443/EchoTls13 (TLS only)
  audience   {urn:soap-secure-conversation:echo}EchoService/EchoTls13
  versions   SOAP 1.2, WS-Addressing 1.0, dialect 200512
  like       WCF's WS2007HttpBinding, TransportWithMessageCredential, UserName
  see        docs/serve-wcf-clients.md
  here       served and called
  weak       the suite digests and signs with SHA-1; those whose names end in Sha256 do not
  suite      Basic256
  entropy    required of client and server
  client may cancel and renew
bootstrap (issue)
  request    TLS; suite Basic256; layout strict; Timestamp; UsernameToken
  response   TLS; suite Basic256; layout strict; Timestamp
renew
  request    TLS; suite Basic256; layout strict; Timestamp; UsernameToken; SecurityContextToken that endorses
  response   TLS; suite Basic256; layout strict; Timestamp
cancel
  request    TLS; suite Basic256; layout strict; Timestamp; SecurityContextToken that endorses
  response   TLS; suite Basic256; layout strict; Timestamp
operation Echo: ${portType}/Echo → ${portType}/EchoResponse
operation Add: ${portType}/Add → ${portType}/AddResponse
operation WhoAmI: ${portType}/WhoAmI → ${portType}/WhoAmIResponse
  request    TLS; suite Basic256; layout strict; Timestamp; SecurityContextToken that endorses
  response   TLS; suite Basic256; layout strict; Timestamp`,
    );
  });

  it('with answers that confirm the signatures of their requests', () => {
    const text = explain(planOf(readWsdl('test/interop/wsdl/plain-ping.wsdl'), 'PlainCertificatesConfirmed'));
    expect(text.match(/SignatureConfirmation/g)).toHaveLength(1);
    expect(text).toMatch(/\n {2}response .*; Timestamp; SignatureConfirmation\n/);
  });

  it('with message protection: keys, signed and encrypted parts', () => {
    const text = explain(planOf(echo, 'EchoSymmetric'));
    const addressing =
      'To, From, FaultTo, ReplyTo, MessageID, RelatesTo, Action of http://www.w3.org/2005/08/addressing';
    expect(text).toContain('(plain HTTP will do)');
    expect(text).toContain("keys derived from an EncryptedKey for the service's certificate (named by its thumbprint)");
    expect(text).toContain('sign, then encrypt with keys derived from the SecurityContextToken (in the header)');
    expect(text).toContain('keys derived from the SecurityContextToken (referred to)');
    expect(text).toContain('Timestamp; UsernameToken signed\n');
    expect(text).toContain(`signed: Body; ${addressing}\n`);
    expect(text).toContain('encrypted: Body\n');
  });

  it('between certificates, either way', () => {
    const text = explain(planOf(readWsdl('test/interop/wsdl/ping.wsdl'), '_X10_IPingService'));
    const named =
      "then encrypt with an EncryptedKey for the recipient's certificate (named by its subject key identifier)";
    expect(text).toContain(`sign with the key of the sender's X509Token (in the header), ${named}; suite Basic128`);
    const referred = '(referred to, named by its subject key identifier)';
    expect(text).toContain(`sign with the key of the sender's X509Token ${referred}, ${named}; suite Basic128`);
  });

  it('with the order of signing and encrypting', () => {
    const whole = '<sp:OnlySignEntireHeadersAndBody/>';
    const outer = (to: string) =>
      explain(planOf(echoVariant({ within: 'wsu:Id="EchoSymmetric_policy"', from: whole, to }), 'EchoSymmetric'));
    const first = echoVariant({
      within: '<sp:BootstrapPolicy',
      from: /<sp:OnlySignEntireHeadersAndBody\/>(?=\s*<\/wsp:Policy>\s*<\/sp:SymmetricBinding>\s*<sp:Wss11>)/,
      to: '<sp:EncryptBeforeSigning/>',
    });
    expect(explain(planOf(first, 'EchoSymmetric'))).toContain('encrypt, then sign with keys derived from the Sec');
    const hidden = outer(`<sp:EncryptSignature/>${whole}`);
    expect(hidden).toContain('sign, then encrypt, signature encrypted with keys derived from');
    expect(hidden).toContain('weak       an encrypted signature is decrypted before anything is verified');
    expect(explain(planOf(first, 'EchoSymmetric'))).not.toContain('encrypted signature');
  });

  it('with operations that have no answer', () => {
    const oneWay = echoVariant({ within: '<wsdl:portType', from: /<wsdl:output[^>]*>/, to: '' });
    const text = explain(planOf(oneWay, 'EchoTls13'));
    expect(text).toContain('operation Echo: urn:soap-secure-conversation:echo/EchoPortType/Echo (one-way)\n');
    expect(text).toContain('EchoPortType/Add → urn:');
  });

  it('with what the client may not do', () => {
    const ping = readWsdl('test/vectors/wsdl/ping/ping.wsdl');
    expect(explain(planOf(ping, 'AC'))).toContain('client may renew\n');
    expect(explain(planOf(ping, 'AC'))).toContain('sign, then encrypt with key of the SecurityContextToken');
    const plan = { ...planOf(ping, 'AC'), mayRenew: false, entropy: { client: false, server: false } };
    expect(explain(plan)).toContain('client may neither cancel nor renew\n');
    expect(explain(plan)).not.toContain('\nrenew\n');
    expect(explain(plan)).toContain('entropy    required of neither side\n');
  });
});
