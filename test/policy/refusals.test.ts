import { describe, expect, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { echoVariant } from './echo-variant.ts';
import {
  asymmetricBinding,
  bootstrapBinding,
  changeOf,
  expectRefusal,
  include,
  messageParts,
  type Row,
  sp11,
  sp12,
  x509,
} from './refusal.ts';

const contextToken = `<sp:SecureConversationToken ${include}/AlwaysToRecipient"/>`;
const endorsing = 'EndorsingSupportingTokens';
const endorsingContext = `<sp:${endorsing}><wsp:Policy>${contextToken}</wsp:Policy></sp:${endorsing}>`;
const endorsingX509 = `<sp:X509Token ${include}/AlwaysToRecipient"/>`;

const symmetricBindingProperty = (name: string): Row => ({
  port: 'EchoSymmetric',
  from: '<sp:OnlySignEntireHeadersAndBody/>',
  to: `<sp:${name}/>`,
  at: `<sp:${name}/>`,
  says: `${sp11}${name} is not implemented`,
});

const asymmetricToken = (side: 'initiator' | 'recipient', when: string): Row => ({
  port: 'EchoSymmetric',
  from: bootstrapBinding,
  to: asymmetricBinding({ [side]: x509(when) }),
  at: x509(when),
  says: `${sp11}X509Token with IncludeToken ${when.charAt(0).toLowerCase()}${when.slice(1)} is not implemented`,
});

const asymmetricProperty = (name: string): Row => ({
  port: 'EchoSymmetric',
  from: bootstrapBinding,
  to: asymmetricBinding({ properties: `<sp:${name}/>` }),
  at: `<sp:${name}/>`,
  says: `${sp11}${name} is not implemented in AsymmetricBinding`,
});

const besideAsymmetric = (kind: string, token: string, name: string): Row => ({
  port: 'EchoSymmetric',
  from: bootstrapBinding,
  to: `${asymmetricBinding({})}<sp:${kind}><wsp:Policy>${token}</wsp:Policy></sp:${kind}>`,
  at: token,
  says: `${sp11}${name} beside an AsymmetricBinding is not implemented`,
});

const hiddenBootstrap =
  /<sp:OnlySign\w*\/>\s*<\/wsp:Policy>\s*<\/sp:SymmetricBinding>\s*<sp:SignedSup.*?<\/sp:SignedSup[^>]*>/s;
const hiddenTokens = (endorsing: string, signed?: string) =>
  '<sp:EncryptSignature/></wsp:Policy></sp:SymmetricBinding>' +
  `<sp:EndorsingSupportingTokens><wsp:Policy>${endorsing}</wsp:Policy></sp:EndorsingSupportingTokens>` +
  (signed === undefined
    ? ''
    : `<sp:SignedSupportingTokens><wsp:Policy>${signed}</wsp:Policy></sp:SignedSupportingTokens>`);

const suiteNotImplemented = (name: string): Row => ({
  port: 'EchoTls11',
  from: '<sp:Basic256/>',
  to: `<sp:${name}/>`,
  at: `<sp:${name}/>`,
  says: `${sp11}${name} is not implemented`,
});

const wssOption = (name: string): Row => ({
  port: 'EchoTls11',
  from: '<sp:Wss11><wsp:Policy/></sp:Wss11>',
  to: `<sp:Wss11><wsp:Policy><sp:${name}/></wsp:Policy></sp:Wss11>`,
  at: `<sp:${name}/>`,
  says: `${sp11}${name} is not implemented`,
});

const trustOption = (name: string): Row => ({
  port: 'EchoTls13',
  from: '<sp:RequireServerEntropy/>',
  to: `<sp:${name}/>`,
  at: `<sp:${name}/>`,
  says: `${sp12}${name} is not implemented`,
});

const contextProperty = (name: string): Row => ({
  port: 'EchoTls13',
  from: '<sp:MustNotSendAmend/>',
  to: `<sp:${name}/>`,
  at: `<sp:${name}/>`,
  says: `${sp12}${name} is not implemented`,
});

const usernameProperty = (name: string): Row => ({
  port: 'EchoTls13',
  from: '<sp:WssUsernameToken10/>',
  to: `<sp:WssUsernameToken10/><sp:${name}/>`,
  at: `<sp:${name}/>`,
  says: `${sp12}${name} is not implemented`,
});

const httpsToken = (asks: string, place: string): Row => ({
  port: 'EchoTls13',
  from: '<sp:HttpsToken/>',
  to: `<sp:HttpsToken><wsp:Policy><sp:${asks}/></wsp:Policy></sp:HttpsToken>`,
  at: `<sp:${asks}/>`,
  says: `${sp12}${asks}${place} is not implemented`,
});

const besides = (assertion: string, name: string): Row => ({
  port: 'EchoTls11',
  from: '<wsaw:UsingAddressing/>',
  to: `<wsaw:UsingAddressing/>${assertion}`,
  at: assertion,
  says: `${name} is not implemented`,
});

const parts = (name: string): Row => besides(`<sp:${name}/>`, `${sp11}${name}`);

const supporting = (assertion: string, name: string): Row =>
  besides(`<sp:${name}><wsp:Policy>${assertion}</wsp:Policy></sp:${name}>`, `${sp11}${name}`);

const unsupported: Readonly<Record<string, Row>> = {
  'a context that endorses beside an AsymmetricBinding': {
    port: 'EchoSymmetric',
    from: /<sp:SymmetricBinding>.*<\/sp:SymmetricBinding>(?=\s*<sp:Wss11>)/s,
    to: `${asymmetricBinding({})}${endorsingContext}`,
    at: contextToken,
    says: `${sp11}SecureConversationToken beside an AsymmetricBinding is not implemented`,
  },
  'an initiator who sends its certificate with answers': asymmetricToken('initiator', 'Always'),
  'an initiator whose certificate only answers have': asymmetricToken('initiator', 'AlwaysToInitiator'),
  'a recipient whose certificate requests have': asymmetricToken('recipient', 'AlwaysToRecipient'),
  'a recipient whose certificate all messages have': asymmetricToken('recipient', 'Always'),
  'keys derived for an initiator': {
    port: 'EchoSymmetric',
    from: bootstrapBinding,
    to: asymmetricBinding({ initiator: x509('Once', '<sp:RequireDerivedKeys/>') }),
    at: '<sp:RequireDerivedKeys/></wsp:Policy></sp:X509Token></wsp:Policy></sp:InitiatorToken>',
    says: `${sp11}RequireDerivedKeys is not implemented in X509Token`,
  },
  'an encrypted signature by certificates': asymmetricProperty('EncryptSignature'),
  'encryption before a signature by certificates': asymmetricProperty('EncryptBeforeSigning'),
  'a UsernameToken beside an AsymmetricBinding': besideAsymmetric(
    'SignedSupportingTokens',
    `<sp:UsernameToken ${include}/Once"/>`,
    'UsernameToken',
  ),
  'another certificate beside an AsymmetricBinding': besideAsymmetric(
    'EndorsingSupportingTokens',
    `<sp:X509Token ${include}/Once"/>`,
    'X509Token',
  ),
  'an AsymmetricBinding whose answers may hold the whole key': {
    port: 'EchoSymmetric',
    from: new RegExp(`${bootstrapBinding.source}.*?<sp:RequireClientEntropy/>`, 's'),
    to: `${asymmetricBinding({})}<sp:Trust10><wsp:Policy>`,
    at: '<sp:AsymmetricBinding>',
    says: `${sp11}AsymmetricBinding without RequireClientEntropy is not implemented`,
  },
  'an AsymmetricBinding whose Body is not encrypted': {
    port: 'EchoSymmetric',
    from: new RegExp(`<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>\\s*${bootstrapBinding.source}`, 's'),
    to: asymmetricBinding({}),
    at: '<sp:AsymmetricBinding>',
    says: `${sp11}AsymmetricBinding without Body in EncryptedParts is not implemented`,
  },
  'an encrypted header in an AsymmetricBinding': {
    port: 'EchoSymmetric',
    from: new RegExp(`<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>\\s*${bootstrapBinding.source}`, 's'),
    to: `<sp:EncryptedParts><sp:Body/><sp:Header Namespace="urn:h"/></sp:EncryptedParts>${asymmetricBinding({})}`,
    at: '<sp:Header Namespace="urn:h"/>',
    says: `${sp11}Header in EncryptedParts of an AsymmetricBinding is not implemented`,
  },
  'tokens apart for signature and encryption': symmetricBindingProperty('SignatureToken'),
  'a TripleDes suite': suiteNotImplemented('TripleDes'),
  'an Rsa15 suite': suiteNotImplemented('Basic256Rsa15'),
  'a GCM suite outside its namespace': suiteNotImplemented('Basic256GCM'),
  'an unknown suite': suiteNotImplemented('Basic512'),
  'a property of every object as a suite': suiteNotImplemented('constructor'),
  'an option of the suite': {
    ...suiteNotImplemented('Basic256'),
    to: '<sp:Basic256/><sp:XPath10/>',
    at: '<sp:XPath10/>',
    says: `${sp11}XPath10 beside a suite is not implemented`,
  },
  'signature confirmation by WSS 1.0': {
    ...wssOption('RequireSignatureConfirmation'),
    to: '<sp:Wss10><wsp:Policy><sp:RequireSignatureConfirmation/></wsp:Policy></sp:Wss10>',
    says: `${sp11}RequireSignatureConfirmation is not implemented in Wss10`,
  },
  'embedded token references': wssOption('MustSupportRefEmbeddedToken'),
  'challenges of the server': trustOption('MustSupportServerChallenge'),
  RequireAppliesTo: trustOption('RequireAppliesTo'),
  'implied derived keys': contextProperty('RequireImpliedDerivedKeys'),
  'external references to the context': contextProperty('RequireExternalUriReference'),
  'a hashed password': usernameProperty('HashPassword'),
  'a UsernameToken without password': usernameProperty('NoPassword'),
  'an endorsing certificate': {
    ...supporting(endorsingX509, 'EndorsingSupportingTokens'),
    says: `${sp11}X509Token beside a SecureConversationToken is not implemented`,
  },
  'a Kerberos token': {
    ...supporting(`<sp:KerberosToken ${include}/Once"/>`, 'SupportingTokens'),
    says: `${sp11}KerberosToken is not implemented`,
  },
  'an issued token': {
    ...supporting(`<sp:IssuedToken ${include}/Always"/>`, 'SignedSupportingTokens'),
    says: `${sp11}IssuedToken is not implemented`,
  },
  SignedElements: parts('SignedElements'),
  EncryptedElements: parts('EncryptedElements'),
  RequiredElements: parts('RequiredElements'),
  'SignedParts without parts': {
    ...parts('SignedParts'),
    says: `${sp11}SignedParts (without parts: the body and every header) is not implemented`,
  },
  'signed attachments': {
    ...parts('SignedParts'),
    to: '<sp:SignedParts><sp:Attachments/></sp:SignedParts>',
    at: '<sp:Attachments/>',
    says: `${sp11}Attachments is not implemented`,
  },
  'an assertion of a namespace that is not known': besides('<m:Mtom xmlns:m="urn:m"/>', '{urn:m}Mtom'),
  'an assertion whose namespace is a property of every object': besides(
    '<m:name xmlns:m="constructor"/>',
    '{constructor}name',
  ),
  'an assertion of the next SecurityPolicy': besides('<s:Created xmlns:s="urn:s"/>', '{urn:s}Created'),
  'Trust13 in SecurityPolicy 1.1': {
    port: 'EchoTls11',
    from: /<sp:Trust10>.*?<\/sp:Trust10>/s,
    to: '<sp:Trust13/>',
    at: '<sp:Trust13/>',
    says: `${sp11}Trust13 is not implemented`,
  },
  'a digest of a password for HTTP': httpsToken('HttpDigestAuthentication', ''),
  'a password for HTTP with each call of a conversation': httpsToken(
    'HttpBasicAuthentication',
    ' beside a SecureConversationToken',
  ),
  'a password for HTTP, and a certificate': {
    ...httpsToken('HttpBasicAuthentication', ' beside RequireClientCertificate'),
    to:
      '<sp:HttpsToken><wsp:Policy><sp:HttpBasicAuthentication/><sp:RequireClientCertificate/></wsp:Policy>' +
      '</sp:HttpsToken>',
  },
  'a password for HTTP, and one in the message': {
    port: 'EchoTls13',
    from: /(?<=<sp:BootstrapPolicy>.*)<sp:HttpsToken\/>/s,
    to: '<sp:HttpsToken><wsp:Policy><sp:HttpBasicAuthentication/></wsp:Policy></sp:HttpsToken>',
    at: '<sp:UsernameToken',
    says: `${sp12}UsernameToken beside HttpBasicAuthentication is not implemented`,
  },
  'content of an assertion that has none': {
    port: 'EchoTls11',
    from: '<sp:IncludeTimestamp/>',
    to: '<sp:IncludeTimestamp><sp:Body/></sp:IncludeTimestamp>',
    at: '<sp:Body/>',
    says: `${sp11}Body is not implemented`,
  },
  'a context that is sent once': {
    port: 'EchoSymmetric',
    from: 'IncludeToken/AlwaysToRecipient',
    to: 'IncludeToken/Once',
    at: 'IncludeToken/Once',
    says: `${sp11}SecureConversationToken with IncludeToken once is not implemented`,
  },
  'a context without IncludeToken': {
    port: 'EchoSymmetric',
    from: /<sp:SecureConversationToken [^>]*>/,
    to: '<sp:SecureConversationToken>',
    at: '<sp:SecureConversationToken>',
    says: `${sp11}SecureConversationToken without IncludeToken is not implemented`,
  },
  "the service's certificate in the message": {
    port: 'EchoSymmetric',
    from: 'IncludeToken/Never',
    to: 'IncludeToken/Always',
    at: '<sp:X509Token',
    says: `${sp11}X509Token with IncludeToken always is not implemented`,
  },
  'a UsernameToken that is never sent': {
    port: 'EchoTls11',
    from: /(?<=<sp:UsernameToken [^>]*)AlwaysToRecipient/,
    to: 'Never',
    at: '<sp:UsernameToken',
    says: `${sp11}UsernameToken with IncludeToken never is not implemented`,
  },
  'embedded references to the certificate': {
    port: 'EchoSymmetric',
    from: '<sp:RequireThumbprintReference/>',
    to: '<sp:RequireEmbeddedTokenReference/>',
    at: '<sp:RequireEmbeddedTokenReference/>',
    says: `${sp11}RequireEmbeddedTokenReference is not implemented`,
  },
  'a UsernameToken beside the context': {
    ...supporting(`<sp:UsernameToken ${include}/Always"/>`, 'SignedSupportingTokens'),
    says: `${sp11}UsernameToken beside a SecureConversationToken is not implemented`,
  },
  'a UsernameToken beside a SymmetricBinding of the context': {
    port: 'EchoSymmetric',
    from: '<wsaw:UsingAddressing/>',
    to:
      '<sp:SignedSupportingTokens><wsp:Policy>' +
      `<sp:UsernameToken ${include}/Always"/></wsp:Policy></sp:SignedSupportingTokens><wsaw:UsingAddressing/>`,
    at: '<sp:SignedSupportingTokens><wsp:Policy><sp:UsernameToken',
    says: `${sp11}SignedSupportingTokens beside a SymmetricBinding of a SecureConversationToken is not implemented`,
  },
  'an unsigned UsernameToken outside TLS': {
    port: 'EchoSymmetric',
    from: /<sp:SignedSupportingTokens>.*?<\/sp:SignedSupportingTokens>/s,
    to: `<sp:SupportingTokens><wsp:Policy><sp:UsernameToken ${include}/Once"/></wsp:Policy></sp:SupportingTokens>`,
    at: '<sp:SupportingTokens>',
    says: `${sp11}SupportingTokens over a SymmetricBinding is not implemented`,
  },
  'a UsernameToken where all is encrypted before it is signed': {
    port: 'EchoSymmetric',
    from: /(?=<sp:OnlySignEntireHeadersAndBody\/>\s*<\/wsp:Policy>\s*<\/sp:SymmetricBinding>\s*<sp:Signed)/,
    to: '<sp:EncryptBeforeSigning/>',
    at: '<sp:UsernameToken',
    says: `${sp11}UsernameToken in a SymmetricBinding with EncryptBeforeSigning is not implemented`,
  },
  'a signature that is encrypted where all else is encrypted before it is signed': {
    port: 'EchoSymmetric',
    from: /(?=<sp:OnlySignEntireHeadersAndBody\/>\s*<\/wsp:Policy>\s*<\/sp:SymmetricBinding>\s*<sp:Wss11>)/,
    to: '<sp:EncryptBeforeSigning/><sp:EncryptSignature/>',
    at: '<sp:SymmetricBinding>',
    says: `${sp11}SymmetricBinding with EncryptBeforeSigning and EncryptSignature is not implemented`,
  },
  'a certificate that only an encrypted signature names': {
    port: 'EchoSymmetric',
    from: hiddenBootstrap,
    to: hiddenTokens(`<sp:X509Token ${include}/Never"/>`),
    at: `<sp:X509Token ${include}/Never"/>`,
    says: `${sp11}X509Token with IncludeToken never in a SymmetricBinding with EncryptSignature is not implemented`,
  },
  'two tokens of a client beside an encrypted signature': {
    port: 'EchoSymmetric',
    from: hiddenBootstrap,
    to: hiddenTokens(endorsingX509, `<sp:UsernameToken ${include}/AlwaysToRecipient"/>`),
    at: endorsingX509,
    says: `${sp11}X509Token beside another in a SymmetricBinding with EncryptSignature is not implemented`,
  },
  'two UsernameTokens': {
    port: 'EchoTls11',
    from: /(?=<sp:UsernameToken )/,
    to: `<sp:UsernameToken ${include}/Once"/>`,
    at: '<sp:UsernameToken',
    says: `${sp11}UsernameToken beside another of its kind is not implemented`,
  },
  'a context that endorses in the bootstrap': {
    port: 'EchoTls11',
    from: /<sp:SignedSupportingTokens>.*?<\/sp:SignedSupportingTokens>/s,
    to:
      '<sp:EndorsingSupportingTokens><wsp:Policy>' +
      `<sp:SecureConversationToken ${include}/AlwaysToRecipient"/></wsp:Policy></sp:EndorsingSupportingTokens>`,
    at: `<sp:SecureConversationToken ${include}/AlwaysToRecipient"/>`,
    says: `${sp11}SecureConversationToken inside a BootstrapPolicy is not implemented`,
  },
  'a context without BootstrapPolicy': {
    port: 'EchoTls11',
    from: /<sp:BootstrapPolicy>.*?<\/sp:BootstrapPolicy>/s,
    to: '',
    at: '<sp:SecureConversationToken',
    says: `${sp11}SecureConversationToken without a BootstrapPolicy is not implemented`,
  },
  'a context that bootstraps itself': {
    port: 'EchoSymmetric',
    from: /<sp:X509Token [^>]*>.*?<\/sp:X509Token>/s,
    to: `<sp:SecureConversationToken ${include}/AlwaysToRecipient"/>`,
    at: `<sp:SecureConversationToken ${include}/AlwaysToRecipient"/>`,
    says: `${sp11}SecureConversationToken inside a BootstrapPolicy is not implemented`,
  },
  'a port without Timestamp': {
    port: 'EchoTls11',
    from: '<sp:IncludeTimestamp/>',
    to: '',
    at: '<sp:TransportBinding>',
    says: `${sp11}TransportBinding without IncludeTimestamp is not implemented`,
  },
  'a Body that is not signed': {
    port: 'EchoSymmetric',
    within: messageParts,
    from: '<sp:Body/>',
    to: '',
    at: '<sp:SymmetricBinding>',
    says: `${sp11}SymmetricBinding without Body in SignedParts is not implemented`,
  },
  'entropies in clear': {
    port: 'EchoSymmetric',
    from: '<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>',
    to: '',
    at: /<sp:SymmetricBinding>(?=\s*<wsp:Policy>\s*<sp:ProtectionToken>\s*<wsp:Policy>\s*<sp:X509Token)/,
    says: `${sp11}SymmetricBinding without Body in EncryptedParts is not implemented`,
  },
  'an encrypted header outside TLS': {
    port: 'EchoSymmetric',
    within: messageParts,
    from: '<sp:EncryptedParts><sp:Body/>',
    to: '<sp:EncryptedParts><sp:Body/><sp:Header Namespace="urn:h"/>',
    at: '<sp:Header Namespace="urn:h"/>',
    says: `${sp11}Header in EncryptedParts of a SymmetricBinding is not implemented`,
  },
  'a binding on a message': {
    port: 'EchoSymmetric',
    within: messageParts,
    from: '<sp:SignedParts>',
    to: '<sp:TransportBinding/><sp:SignedParts>',
    at: '<sp:TransportBinding/>',
    says: `${sp11}TransportBinding is not implemented`,
  },
  'a port without security': {
    port: 'EchoTls11',
    within: '<wsdl:binding name="EchoTls11"',
    from: '<wsp:PolicyReference URI="#EchoTls11_policy"/>',
    to: '',
    at: '<wsdl:binding name="EchoTls11"',
    says: 'no TransportBinding, SymmetricBinding or AsymmetricBinding',
  },
  'addresses for answers other than anonymous': {
    port: 'EchoTls11',
    from: '<wsaw:UsingAddressing/>',
    to: `<a:Addressing xmlns:a="${ns.wsam}"><wsp:Policy><a:NonAnonymousResponses/></wsp:Policy></a:Addressing>`,
    at: '<a:NonAnonymousResponses/>',
    says: `{${ns.wsam}}NonAnonymousResponses is not implemented`,
  },
  'what a fault policy asks for beyond parts': {
    port: 'EchoSymmetric',
    within: '<wsdl:binding name="EchoSymmetric"',
    from: '</wsdl:output>',
    to: '</wsdl:output><wsdl:fault name="f"><wsp:Policy><sp:Mystery xmlns:sp="urn:m"/></wsp:Policy></wsdl:fault>',
    at: '<sp:Mystery',
    says: '{urn:m}Mystery is not implemented',
  },
};

describe('POLICY_UNSUPPORTED, with name, file and line', () => {
  it.each(Object.entries(unsupported))('%s', (_name, row) => expectRefusal('POLICY_UNSUPPORTED', row));
});

it('one port that is not implemented leaves the others as they are', () => {
  const wsdl = echoVariant(changeOf(suiteNotImplemented('TripleDes')));
  expect(() => planOf(wsdl, 'EchoTls11')).toThrow('(port EchoTls11)');
  expect(planOf(wsdl, 'EchoTls13').port).toBe('EchoTls13');
});
