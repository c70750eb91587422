import { describe, expect, test } from 'vitest';
import { parseTokenRequest, writeCancelRequest, writeIssueRequest } from '../../src/conversation/token-request.ts';
import { Refusal } from '../../src/errors.ts';
import { type Dialect, dialects, ns, type TrustRequest } from '../../src/names.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { scanText } from '../../src/xml/scan.ts';

const feb2005 = dialects.feb2005;
const entropy = Buffer.alloc(32, 7);
const base64 = entropy.toString('base64');

function parse(content: string, dialect: Dialect = feb2005, request: TrustRequest = 'issue') {
  return parseTokenRequest(scanText(content).root, dialect, request);
}

/** An RST with the children given, in the dialect of February 2005. */
function rst(children: string, type: TrustRequest = 'issue'): string {
  return (
    `<t:RequestSecurityToken xmlns:t="${feb2005.wst}" xmlns:c="${feb2005.wsc}" xmlns:o="${ns.wsse}">` +
    `<t:RequestType>${feb2005.requestType[type]}</t:RequestType>${children}</t:RequestSecurityToken>`
  );
}

const secret = (text: string, type = feb2005.nonce) =>
  `<t:Entropy><t:BinarySecret Type="${type}">${text}</t:BinarySecret></t:Entropy>`;

const cancelOf = (children: string) => rst(children, 'cancel');
const targetOf = (inside: string) => `<t:CancelTarget>${inside}</t:CancelTarget>`;
const named = (uri: string, beside = '') =>
  `<o:SecurityTokenReference><o:Reference URI="${uri}"/>${beside}</o:SecurityTokenReference>`;
const target = targetOf(named('urn:uuid:1'));
const identifier = '<c:Identifier>urn:uuid:1</c:Identifier>';

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal && error.fault === 'invalidRequest') return error.reason;
    throw error;
  }
  return 'accepted';
}

describe.each(Object.values(dialects))('a request in $name', dialect => {
  test('to issue is read as it was written', () => {
    const { content } = writeIssueRequest(dialect, 256, entropy);
    expect(parse(content, dialect)).toEqual({
      request: 'issue',
      tokenType: dialect.sct,
      keySizeBits: 256,
      entropy,
      target: undefined,
    });
  });

  test('to cancel names its target by the reference that was issued, where the dialect has it', () => {
    const cancelling = () => writeCancelRequest(dialect, writeContextReference(dialect, 'urn:uuid:1'));
    if (dialect.requestType.cancel === undefined) return expect(cancelling).toThrow(TypeError);
    const { content } = cancelling();
    return expect(parse(content, dialect, 'cancel').target).toEqual({ id: 'urn:uuid:1', instance: undefined });
  });

  test('of another dialect is refused', () => {
    for (const other of Object.values(dialects).filter(one => one !== dialect)) {
      const { content } = writeIssueRequest(other, 256, entropy);
      expect(reasonOf(() => parse(content, dialect))).toBe('rst-missing');
    }
  });
});

describe('a request of April 2004', () => {
  const april = dialects['2004-04'];
  const request = (type: string) =>
    '<wst:RequestSecurityToken xmlns:wst="http://schemas.xmlsoap.org/ws/2004/04/trust">' +
    '<wst:TokenType>http://schemas.xmlsoap.org/ws/2004/04/security/sc/sct</wst:TokenType>' +
    `<wst:RequestType>${type}</wst:RequestType><wst:Entropy>` +
    '<wst:BinarySecret Type="http://schemas.xmlsoap.org/ws/2004/04/security/trust/Nonce">' +
    'ERERERERERERERERERERERERERERERERERERERERERE=</wst:BinarySecret></wst:Entropy><wst:KeySize>128</wst:KeySize>' +
    '</wst:RequestSecurityToken>';

  test.each([
    'http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue',
    'http://schemas.xmlsoap.org/ws/2004/04/trust/Issue',
  ])('asks for a context by the type %s', type => {
    expect(parse(request(type), april)).toEqual({
      request: 'issue',
      tokenType: 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/sct',
      keySizeBits: 128,
      entropy: Buffer.alloc(32, 0x11),
      target: undefined,
    });
  });

  test.each([
    'http://schemas.xmlsoap.org/ws/2005/02/trust/Issue',
    'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue',
    'http://schemas.xmlsoap.org/ws/2004/04/security/trust/Renew',
    'urn:example/trust/Issue',
    '',
  ])('does not by the type %j', type => {
    expect(reasonOf(() => parse(request(type), april))).toBe('rst-request-type');
  });

  test('needs a type, and nothing but an Issue has two of them', () => {
    const untyped = request('').replace('<wst:RequestType></wst:RequestType>', '');
    for (const asked of ['issue', 'cancel'] as const)
      expect(reasonOf(() => parse(untyped, april, asked))).toBe('rst-request-type');
    const cancelling = request('http://schemas.xmlsoap.org/ws/2004/04/trust/Issue');
    expect(reasonOf(() => parse(cancelling, april, 'cancel'))).toBe('rst-request-type');
  });
});

test('an empty Body is no request', () => {
  expect(reasonOf(() => parseTokenRequest(undefined, feb2005, 'issue'))).toBe('rst-missing');
});

test('nothing but RequestType is required of an Issue: WCF leaves out AppliesTo, KeyType and Context', () => {
  expect(parse(rst(''))).toMatchObject({ tokenType: undefined, keySizeBits: undefined, entropy: undefined });
});

test('elements and attributes of others, white space and the id that WCF gives a secret are allowed', () => {
  const content =
    ` <x xmlns="urn:x"/><y xmlns="urn:x"/> <t:KeySize>\n256 </t:KeySize>` +
    secret(base64).replace(' Type', ` xmlns:u="${ns.wsu}" u:Id="uuid-1" Type`);
  expect(parse(rst(content).replace('<t:RequestSecurityToken', '<t:RequestSecurityToken Context="a"'))).toMatchObject({
    keySizeBits: 256,
    entropy,
  });
});

test('a target may be the whole token, with its Instance and whatever stands behind', () => {
  const token =
    '<c:SecurityContextToken><c:Identifier>urn:uuid:1</c:Identifier><c:Instance>urn:uuid:2</c:Instance>' +
    '<x xmlns="urn:x"/></c:SecurityContextToken>';
  expect(parse(rst(`<t:CancelTarget>${token}</t:CancelTarget>`, 'cancel'), feb2005, 'cancel').target).toEqual({
    id: 'urn:uuid:1',
    instance: 'urn:uuid:2',
  });
});

const cancelTarget = (target: string) => rst(`<t:CancelTarget>${target}</t:CancelTarget>`, 'cancel');
const reference = (child: string) => `<o:SecurityTokenReference>${child}</o:SecurityTokenReference>`;
const token = (children: string) => `<c:SecurityContextToken>${children}</c:SecurityContextToken>`;
const instance = '<c:Instance>urn:uuid:2</c:Instance>';

const targets: readonly (readonly [law: string, target: string, reason: string])[] = [
  ['an empty CancelTarget', '', 'rst-target-missing'],
  ['a token of another namespace', token(identifier).replaceAll('c:Sec', 't:Sec'), 'rst-target'],
  ['a reference of another namespace', reference('').replaceAll('o:Sec', 't:Sec'), 'rst-target'],
  ['a token without Identifier', token(instance), 'rst-target-token'],
  ['a token with two Instances', token(identifier + instance + instance), 'rst-target-duplicate-child'],
  ['a token whose Identifier holds an element', token('<c:Identifier>urn:<c:x/></c:Identifier>'), 'leaf-content'],
  ['an empty reference', reference(''), 'rst-target-reference'],
  ['a key identifier', reference('<o:KeyIdentifier>AAAA</o:KeyIdentifier>'), 'rst-target-reference'],
  ['a reference of another namespace inside', reference('<c:Reference URI="urn:uuid:1"/>'), 'rst-target-reference'],
  ['a reference without URI', reference('<o:Reference/>'), 'rst-target-reference'],
  ['a reference whose URI is in a namespace', reference('<o:Reference o:URI="urn:uuid:1"/>'), 'rst-attribute'],
];

test.each(targets)('a Cancel of %s is refused as InvalidRequest', (_law, target, reason) => {
  expect(reasonOf(() => parse(cancelTarget(target), feb2005, 'cancel'))).toBe(reason);
});

test('a Cancel with two targets is refused as InvalidRequest', () => {
  const twice = cancelTarget(token(identifier)).replace(/<t:CancelTarget>.*<\/t:CancelTarget>/, both => both + both);
  expect(reasonOf(() => parse(twice, feb2005, 'cancel'))).toBe('rst-duplicate-child');
});

test('a reference names the Instance in an attribute of the conversation’s namespace', () => {
  const target = reference(`<o:Reference URI="urn:uuid:1" ValueType="${feb2005.sct}" c:Instance="urn:uuid:2"/>`);
  expect(parse(cancelTarget(target), feb2005, 'cancel').target).toEqual({ id: 'urn:uuid:1', instance: 'urn:uuid:2' });
});

const refused: readonly (readonly [law: string, content: string, reason: string, request?: TrustRequest])[] = [
  ['RequestType that is not what the Action asked for', rst('', 'cancel'), 'rst-request-type'],
  ['no RequestType', `<t:RequestSecurityToken xmlns:t="${feb2005.wst}"/>`, 'rst-request-type'],
  ['another element', `<t:RequestSecurityTokenResponse xmlns:t="${feb2005.wst}"/>`, 'rst-missing'],
  ['two KeySizes', rst('<t:KeySize>256</t:KeySize><t:KeySize>256</t:KeySize>'), 'rst-duplicate-child'],
  ...['', '+256', '0x100', '2.56e2', '-1', '0', '00256', '12345678901', '２５６'].map(
    size => [`KeySize "${size}"`, rst(`<t:KeySize>${size}</t:KeySize>`), 'rst-key-size'] as const,
  ),
  ['15 bytes of entropy', rst(secret(Buffer.alloc(15).toString('base64'))), 'base64'],
  ['65 bytes of entropy', rst(secret(Buffer.alloc(65).toString('base64'))), 'base64'],
  ['entropy that is not base64', rst(secret('*'.repeat(44))), 'base64'],
  ['entropy that says to be the key', rst(secret(base64, feb2005.symmetricKey)), 'rst-entropy-type'],
  ['entropy without BinarySecret', rst('<t:Entropy/>'), 'rst-entropy'],
  ['entropy with two BinarySecrets', rst(secret(base64).replace(/<t:B.*Secret>/, both => both + both)), 'rst-entropy'],
  ['entropy that holds something else', rst(secret(base64).replaceAll('BinarySecret', 'Nonce')), 'rst-entropy'],
  ['entropy in another namespace', rst(secret(base64).replaceAll('t:BinarySecret', 'c:BinarySecret')), 'rst-entropy'],
  ['two Entropies', rst(secret(base64) + secret(base64)), 'rst-duplicate-child'],
  ['a comment inside entropy', rst(secret(`${base64.slice(0, 9)}<!-- -->${base64.slice(9)}`)), 'leaf-content'],
  ['a Cancel without target', rst('', 'cancel'), 'rst-target-missing', 'cancel'],
  [
    'a target that is no token',
    rst('<t:CancelTarget><x xmlns="urn:x"/></t:CancelTarget>', 'cancel'),
    'rst-target',
    'cancel',
  ],
  [
    'a target of another token type',
    rst(
      '<t:CancelTarget><o:SecurityTokenReference>' +
        '<o:Reference URI="urn:uuid:1" ValueType="urn:x"/></o:SecurityTokenReference></t:CancelTarget>',
      'cancel',
    ),
    'rst-target-reference',
    'cancel',
  ],
  [
    'a target with two Identifiers',
    rst(
      '<t:CancelTarget><c:SecurityContextToken><c:Identifier>a</c:Identifier>' +
        '<c:Identifier>b</c:Identifier></c:SecurityContextToken></t:CancelTarget>',
      'cancel',
    ),
    'rst-target-duplicate-child',
    'cancel',
  ],
  ['a second CancelTarget', cancelOf(target + target), 'rst-duplicate-child', 'cancel'],
  ['a second token in the CancelTarget', cancelOf(targetOf(named('a') + named('b'))), 'rst-target-second', 'cancel'],
  [
    'something behind the token in the CancelTarget',
    cancelOf(targetOf(`${named('a')}<x/>`)),
    'rst-target-second',
    'cancel',
  ],
  ['text in the CancelTarget', cancelOf(targetOf(`${named('a')}b`)), 'rst-text', 'cancel'],
  ['an attribute of the CancelTarget', cancelOf(target.replace('>', ' a="">')), 'rst-attribute', 'cancel'],
  [
    'a RenewTarget in a Cancel',
    cancelOf(target + target.replaceAll('Cancel', 'Renew')),
    'rst-target-unexpected',
    'cancel',
  ],
  ['a CancelTarget in an Issue', rst(target), 'rst-target-unexpected'],
  ['a ValidateTarget in an Issue', rst('<t:ValidateTarget/>'), 'rst-target-unexpected'],
  ['a target of another WS-Trust', rst('<CancelTarget xmlns="urn:other"/>'), 'rst-target-unexpected'],
  [
    'two References in the target',
    cancelOf(targetOf(named('a', '<o:Reference URI="b"/>'))),
    'rst-target-reference',
    'cancel',
  ],
  ['text beside the Reference of the target', cancelOf(targetOf(named('a', 'b'))), 'rst-text', 'cancel'],
  [
    'a Reference with content',
    cancelOf(targetOf(named('a').replace('/></o', '><x/></o:Reference></o'))),
    'rst-target-reference',
    'cancel',
  ],
  [
    'an unknown attribute of the Reference',
    cancelOf(targetOf(named('a').replace(' URI', ' Id="b" URI'))),
    'rst-attribute',
    'cancel',
  ],
  [
    'text in a target that is the whole token',
    cancelOf(targetOf(`<c:SecurityContextToken>b${identifier}</c:SecurityContextToken>`)),
    'rst-target-text',
    'cancel',
  ],
  [
    'two States in a target that is the whole token',
    cancelOf(targetOf(`<c:SecurityContextToken>${identifier}<k/><k/></c:SecurityContextToken>`)),
    'rst-target-duplicate-child',
    'cancel',
  ],
  ['a second RequestType', rst(`<t:RequestType>${feb2005.requestType.cancel}</t:RequestType>`), 'rst-duplicate-child'],
  ['two Entropies', rst(secret(base64) + secret(base64)), 'rst-duplicate-child'],
  ['two TokenTypes', rst('<t:TokenType>a</t:TokenType><t:TokenType>b</t:TokenType>'), 'rst-duplicate-child'],
  ['two elements of others that are one', rst('<x xmlns="urn:x"/><y:x xmlns:y="urn:x"/>'), 'rst-duplicate-child'],
  ['text behind the last element', rst('<t:KeySize>256</t:KeySize>x'), 'rst-text'],
  ['an attribute of KeySize', rst('<t:KeySize a="">256</t:KeySize>'), 'rst-attribute'],
  ['an attribute of Entropy', rst(secret(base64).replace('>', ' a="">')), 'rst-attribute'],
  [
    'an unknown attribute of BinarySecret',
    rst(secret(base64).replace(' Type', ' EncodingType="" Type')),
    'rst-attribute',
  ],
  ['text in Entropy', rst(secret(base64).replace('</t:Entropy>', 'x</t:Entropy>')), 'rst-text'],
  ['a second secret in Entropy', rst(secret(base64).replace('</t:Entropy>', '<x/></t:Entropy>')), 'rst-entropy'],
  ['KeySize between spaces that XML has not', rst('<t:KeySize>\u00a0256</t:KeySize>'), 'rst-key-size'],
];

for (const [law, content, reason, request] of refused) {
  test(`${law} is refused as InvalidRequest`, () => {
    expect(reasonOf(() => parse(content, feb2005, request))).toBe(reason);
  });
}
