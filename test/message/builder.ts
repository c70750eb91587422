import { sign } from 'node:crypto';
import { encrypt } from '../../src/crypto/cipher.ts';
import { digest } from '../../src/crypto/digest.ts';
import { hmacBase64, hmacKey } from '../../src/crypto/hmac.ts';
import { pSha1 } from '../../src/crypto/psha1.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import type { OwnCertificate } from '../../src/crypto/x509.ts';
import { algorithms, dialects, ns, tokenTypes } from '../../src/names.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanText } from '../../src/xml/scan.ts';
import { own } from './captures.ts';

/**
 * Makes messages that are signed and encrypted by the rules, and can be made to break any of them at any point: before
 * the digests, in SignedInfo before the HMAC, in the Signature, before encryption, at the end. It shares nothing with
 * src/message/send but the primitives, and is deterministic: same recipe, same bytes.
 */
export interface Recipe {
  /**
   * Changes the whole message before anything is signed. The Signature's place is `<SIGNATURE/>`, that of one which
   * endorses it `<ENDORSEMENT/>`, the ReferenceList's `<REFERENCES/>`.
   */
  readonly unsigned?: (xml: string) => string;
  /** Ids that are signed, in this order. */
  readonly sign?: readonly string[];
  /** PrefixList of the reference to one part, and the id of that; default: the Body. */
  readonly prefixes?: readonly string[];
  readonly listed?: string;
  readonly reference?: (text: string, id: string) => string;
  readonly signedInfo?: (text: string) => string;
  readonly signature?: (text: string) => string;
  /** Key of the HMAC instead of the one that KeyInfo names. */
  readonly secret?: Uint8Array;
  /** Whose key signs by RSA instead. */
  readonly signer?: OwnCertificate;
  /** The same of the Signature that endorses: the ids that it covers, and its steps. */
  readonly endorsement?: Pick<Recipe, 'sign' | 'signedInfo' | 'signature' | 'secret' | 'signer'>;
  /** Changes the content of the Body after it was digested, before it is encrypted. */
  readonly plaintext?: (text: string) => string;
  /** Changes the UsernameToken after it was digested, before it is encrypted. */
  readonly token?: (text: string) => string;
  /** Changes a Signature after it was made, before it is encrypted, where it is. */
  readonly revealed?: (text: string) => string;
  /** Changes its ciphertext. */
  readonly hidden?: (bytes: Buffer) => Buffer;
  readonly encryptedData?: (text: string) => string;
  readonly cipher?: (bytes: Buffer) => Buffer;
  /** Changes the finished message. */
  readonly finished?: (xml: string) => string;
}

export const nowMs = Date.UTC(2026, 10, 26, 12);
export const { wsc, sct, dk } = dialects.feb2005;
export const contextId = 'urn:uuid:6f0d2c1e-5b1a-4c5e-9d5c-0d1b5a0a4e7f';
export const contextSecret = Buffer.from(Array.from({ length: 32 }, (_, index) => index + 1));
export const str = (inner: string) => `<wsse:SecurityTokenReference>${inner}</wsse:SecurityTokenReference>`;
export const reference = (uri: string, valueType: string) => `<wsse:Reference URI="${uri}" ValueType="${valueType}"/>`;

const nonces = { DKs: Buffer.alloc(16, 0xa1), DKe: Buffer.alloc(16, 0xb2), DKx: Buffer.alloc(16, 0xe5) };
const label = Buffer.from('WS-SecureConversationWS-SecureConversation');

export const parts = {
  timestamp:
    '<wsu:Timestamp wsu:Id="TS"><wsu:Created>2026-11-26T12:00:00.000Z</wsu:Created>' +
    '<wsu:Expires>2026-11-26T12:05:00.000Z</wsu:Expires></wsu:Timestamp>',
  sct:
    `<wsc:SecurityContextToken wsu:Id="SCT"><wsc:Identifier>${contextId}</wsc:Identifier>` +
    `<k:State xmlns:k="${ns.state}">AAAA</k:State></wsc:SecurityContextToken>`,
  usernameToken:
    '<wsse:UsernameToken wsu:Id="UT"><wsse:Username>alice</wsse:Username>' +
    `<wsse:Password Type="${tokenTypes.passwordText}">ecila</wsse:Password></wsse:UsernameToken>`,
  action: '<wsa:Action wsu:Id="Action">urn:example:Echo</wsa:Action>',
  messageId: '<wsa:MessageID wsu:Id="MessageID">urn:uuid:00000000-0000-4000-8000-000000000001</wsa:MessageID>',
  replyTo: `<wsa:ReplyTo wsu:Id="ReplyTo"><wsa:Address>${ns.wsa10}/anonymous</wsa:Address></wsa:ReplyTo>`,
  to: '<wsa:To wsu:Id="To">http://localhost:8080/EchoSymmetric</wsa:To>',
  content: '<m:Echo><m:text>pay 1 to bob</m:text></m:Echo>',
  keyInfo: `<ds:KeyInfo>${str(reference('#DKs', dk))}</ds:KeyInfo>`,
};

/** SignatureValues of a request, in base64, that an answer can confirm. */
export const requestValues: readonly string[] = [0x71, 0x72].map(octet => Buffer.alloc(20, octet).toString('base64'));

export function confirmation(id: string, attribute: string): string {
  return `<wsse11:SignatureConfirmation xmlns:wsse11="${ns.wsse11}" wsu:Id="${id}"${attribute}/>`;
}

const confirmations = requestValues.map((value, index) => confirmation(`SC${index}`, ` Value="${value}"`)).join('');

export const alice = own('alice');

export function binaryToken(id: string, { certificate }: OwnCertificate): string {
  const types = `ValueType="${tokenTypes.x509v3}" EncodingType="${tokenTypes.base64Binary}"`;
  const der = certificate.raw.toString('base64');
  return `<wsse:BinarySecurityToken wsu:Id="${id}" ${types}>${der}</wsse:BinarySecurityToken>`;
}

export function derivedKeyToken(id: keyof typeof nonces, source: string): string {
  return (
    `<wsc:DerivedKeyToken wsu:Id="${id}">${source}<wsc:Offset>0</wsc:Offset><wsc:Length>16</wsc:Length>` +
    `<wsc:Nonce>${nonces[id].toString('base64')}</wsc:Nonce></wsc:DerivedKeyToken>`
  );
}

/** What one kind of message starts from. */
interface Base {
  readonly security: string;
  readonly sign: readonly string[];
  readonly keyInfo: string;
  /** KeyInfo of what is encrypted; default: it names the derived key, or where none is that of the Signature. */
  readonly encryptionKeyInfo?: string;
  readonly secret: Buffer;
  readonly derived: boolean;
  readonly encrypted: boolean;
  /** Whether its signatures are encrypted, too. */
  readonly hidden?: boolean;
  /** Whether it is encrypted before it is signed: then the digest of its Body covers no name of the content. */
  readonly encryptedFirst?: boolean;
  /** PrefixList of the reference to the Body, where a recipe says nothing. */
  readonly prefixes?: readonly string[];
  readonly content?: string;
  /** Whose key makes the Signature by RSA. */
  readonly signer?: OwnCertificate;
  /** The envelope in another version. */
  readonly envelope?: (xml: string) => string;
  /** A second Signature, by the conversation. */
  readonly endorsed?: { readonly sign: readonly string[]; readonly keyInfo: string; readonly secret: Uint8Array };
}

const wsaIds = ['To', 'ReplyTo', 'MessageID', 'Action'];
const attached = str(reference('#SCT', sct));
const unattached = str(reference(contextId, sct));
const dkts = (source: string) => derivedKeyToken('DKs', source) + derivedKeyToken('DKe', source);
/** Where nothing is encrypted. */
const unused = derivedKeyToken('DKe', attached);
const calls: Base = {
  security: `${parts.timestamp}${parts.sct}${dkts(attached)}<REFERENCES/><SIGNATURE/>`,
  sign: ['TS', 'Body', ...wsaIds],
  keyInfo: parts.keyInfo,
  secret: contextSecret,
  derived: true,
  encrypted: true,
};

/** EncryptedKey of a recorded bootstrap (captures/cxf/UXDC/01-req), and the key in it. */
export interface RecordedKey {
  readonly cipher: string;
  readonly thumbprint: string;
  readonly secret: Buffer;
  readonly sha1: string;
}

const encryptedKeyReference = (inner: string) =>
  `<wsse:SecurityTokenReference xmlns:wsse11="${ns.wsse11}" wsse11:TokenType="${tokenTypes.encryptedKey}">` +
  `${inner}</wsse:SecurityTokenReference>`;
export const encryptedKeyStr = encryptedKeyReference(reference('#EK', tokenTypes.encryptedKey));
const keyIdentifier = (valueType: string, value: string) =>
  `<wsse:KeyIdentifier EncodingType="${tokenTypes.base64Binary}" ValueType="${valueType}">` +
  `${value}</wsse:KeyIdentifier>`;

function encryptedKeyText({ cipher, thumbprint }: RecordedKey, referenceList = ''): string {
  const recipient = str(keyIdentifier(tokenTypes.thumbprintSha1, thumbprint));
  return (
    `<xenc:EncryptedKey Id="EK"><xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/>` +
    `<ds:KeyInfo>${recipient}</ds:KeyInfo>` +
    `<xenc:CipherData><xenc:CipherValue>${cipher}</xenc:CipherValue></xenc:CipherData>` +
    `${referenceList}</xenc:EncryptedKey>`
  );
}

function bootstrap(recorded: RecordedKey): Base {
  const tokens = encryptedKeyText(recorded) + dkts(encryptedKeyStr);
  return {
    ...calls,
    security: `${parts.timestamp}${tokens}<REFERENCES/>${parts.usernameToken}<SIGNATURE/>`,
    sign: ['TS', 'UT', 'Body', ...wsaIds],
    secret: recorded.secret,
  };
}

/** The certificate of the client signs, and a key for that of the service encrypts. */
function certificateBootstrap(recorded: RecordedKey): Base {
  const tokens = encryptedKeyText(recorded, '<REFERENCES/>') + binaryToken('BST', alice);
  return {
    ...calls,
    security: `${parts.timestamp}${tokens}<SIGNATURE/>`,
    keyInfo: `<ds:KeyInfo>${str(reference('#BST', tokenTypes.x509v3))}</ds:KeyInfo>`,
    encryptionKeyInfo: `<ds:KeyInfo>${encryptedKeyStr}</ds:KeyInfo>`,
    secret: recorded.secret,
    derived: false,
    signer: alice,
  };
}

/** A bootstrap that a conversation endorses: by its own key, or by one derived from it. */
function endorsed(base: Base, derived: boolean): Base {
  const token = derived ? parts.sct + derivedKeyToken('DKx', attached) : parts.sct;
  const keyInfo = derived ? byDerivedKey : direct;
  return {
    ...base,
    security: base.security
      .replace('<REFERENCES/>', `${token}<REFERENCES/>`)
      .replace('<SIGNATURE/>', '<SIGNATURE/><ENDORSEMENT/>'),
    endorsed: { sign: ['SIG'], keyInfo, secret: derived ? derivedBytes(contextSecret, 'DKx') : contextSecret },
  };
}

function bootstrapAnswer({ sha1, secret }: RecordedKey): Base {
  const source = encryptedKeyReference(keyIdentifier(tokenTypes.encryptedKeySha1, sha1));
  return { ...calls, security: `${parts.timestamp}${dkts(source)}<REFERENCES/><SIGNATURE/>`, secret };
}

const direct = `<ds:KeyInfo>${attached}</ds:KeyInfo>`;
const byEncryptionKey = `<ds:KeyInfo>${str(reference('#DKe', dk))}</ds:KeyInfo>`;
const byDerivedKey = `<ds:KeyInfo>${str(reference('#DKx', dk))}</ds:KeyInfo>`;

/** DerivedKeyTokens and their names in the dialect of 200512. */
const otherDialect = (text: string) =>
  text
    .replaceAll('<wsc:DerivedKeyToken', `<x:DerivedKeyToken xmlns:x="${dialects['200512'].wsc}"`)
    .replace(/<(\/?)wsc:(DerivedKeyToken|Offset|Length|Nonce)>/g, '<$1x:$2>')
    .replaceAll(dk, dialects['200512'].dk);

/** Names of April 2004, written out: what a message of that dialect has in place of those of the others. */
const april = [
  [sct, 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/sct'],
  [dk, 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk'],
  [wsc, 'http://schemas.xmlsoap.org/ws/2004/04/sc'],
  [`${ns.wsa10}/anonymous`, 'http://schemas.xmlsoap.org/ws/2004/03/addressing/role/anonymous'],
  [ns.wsa10, 'http://schemas.xmlsoap.org/ws/2004/03/addressing'],
  [/(<\/?)wsc:Nonce/g, '$1wsse:Nonce'],
  [
    /<wsc:DerivedKeyToken( wsu:Id="\w+")>/g,
    '<wsc:DerivedKeyToken$1 wsc:Algorithm="http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk/p_sha1">',
  ],
] as const;

const inApril = (text: string) => april.reduce((named, [from, to]) => named.replaceAll(from, to), text);

/** The same message in that dialect. */
const aprilOf = (base: Base): Base => ({
  ...base,
  envelope: inApril,
  keyInfo: inApril(base.keyInfo),
  encryptionKeyInfo: inApril(byEncryptionKey),
});

const soap11 = (xml: string) =>
  xml.replaceAll(ns.soap12, ns.soap11).replace('soap:mustUnderstand="true"', 'soap:mustUnderstand="1"');

const withoutAddressing = (xml: string) => xml.replace(/<wsa:Action.*<\/wsa:To>/, '');

const answer: Base = { ...calls, security: `${parts.timestamp}${dkts(unattached)}<REFERENCES/><SIGNATURE/>` };

const tlsCalls: Base = {
  ...calls,
  security: `${parts.timestamp}${parts.sct}<SIGNATURE/>`,
  sign: ['TS'],
  keyInfo: direct,
  derived: false,
  encrypted: false,
};

const confirming: Base = {
  ...answer,
  security: answer.security.replace('<SIGNATURE/>', `${confirmations}<SIGNATURE/>`),
  sign: ['TS', 'Body', ...wsaIds, 'SC0', 'SC1'],
};

export function bases(recorded: RecordedKey) {
  const protectedBootstrap = { ...bootstrap(recorded), sign: [...bootstrap(recorded).sign, 'EK'] };
  return {
    'confirming-answer': confirming,
    'protected-calls': { ...calls, sign: [...calls.sign, 'SCT'] },
    'protected-bootstrap': protectedBootstrap,
    'protected-endorsed-bootstrap': {
      ...endorsed(protectedBootstrap, true),
      endorsed: { sign: ['SIG', 'SCT'], keyInfo: byDerivedKey, secret: derivedBytes(contextSecret, 'DKx') },
    },
    'protected-certificate-bootstrap': {
      ...certificateBootstrap(recorded),
      sign: [...certificateBootstrap(recorded).sign, 'BST'],
    },
    'hidden-confirming-answer': { ...confirming, hidden: true },
    'tls-confirming-answer': {
      ...calls,
      security: parts.timestamp + confirmation('SC0', ''),
      sign: [],
      encrypted: false,
    },
    calls,
    'soap11-calls': { ...calls, envelope: soap11 },
    'plain-calls': { ...calls, sign: ['TS', 'Body'], envelope: withoutAddressing },
    'mixed-calls': { ...calls, security: otherDialect(calls.security), keyInfo: otherDialect(calls.keyInfo) },
    'april-calls': aprilOf(calls),
    'april-answer': aprilOf(answer),
    'april-tls-calls': aprilOf(tlsCalls),
    'calls-encrypted-first': {
      ...calls,
      security: `${parts.timestamp}${parts.sct}${dkts(attached)}<SIGNATURE/><REFERENCES/>`,
      encryptedFirst: true,
      prefixes: ['m'],
    },
    'calls-hidden-signature': { ...calls, hidden: true },
    'hidden-answer': { ...answer, hidden: true },
    'hidden-bootstrap': { ...bootstrap(recorded), hidden: true },
    'hidden-endorsed-bootstrap': { ...endorsed(bootstrap(recorded), false), hidden: true },
    'signed-calls': { ...calls, security: calls.security.replace(`${unused}<REFERENCES/>`, ''), encrypted: false },
    'calls-without-derived-keys': {
      ...calls,
      security: `${parts.timestamp}${parts.sct}<REFERENCES/><SIGNATURE/>`,
      keyInfo: direct,
      derived: false,
    },
    answer,
    bootstrap: bootstrap(recorded),
    'certificate-bootstrap': certificateBootstrap(recorded),
    'certificate-calls': {
      ...certificateBootstrap(recorded),
      security: `${parts.timestamp}${binaryToken('BST', alice)}<SIGNATURE/>`,
      encrypted: false,
    },
    'tls-alone': { ...calls, security: '', sign: [], encrypted: false },
    'bootstrap-answer': bootstrapAnswer(recorded),
    'endorsed-bootstrap': endorsed(bootstrap(recorded), false),
    'endorsed-by-derived-key': endorsed(bootstrap(recorded), true),
    'tls-calls': tlsCalls,
    'tls-answer': { ...calls, security: parts.timestamp, sign: [], encrypted: false },
    'tls-bootstrap': { ...calls, security: parts.timestamp + parts.usernameToken, sign: [], encrypted: false },
    'tls-endorsed-bootstrap': {
      ...calls,
      security: `${parts.timestamp}${parts.usernameToken}${parts.sct}<SIGNATURE/>`,
      sign: ['TS'],
      keyInfo: direct,
      derived: false,
      encrypted: false,
    },
    'tls-endorsed-certificate': {
      ...calls,
      security: `${parts.timestamp}${binaryToken('BST', alice)}${parts.sct}<SIGNATURE/><ENDORSEMENT/>`,
      sign: ['TS', 'To'],
      keyInfo: `<ds:KeyInfo>${str(reference('#BST', tokenTypes.x509v3))}</ds:KeyInfo>`,
      signer: alice,
      derived: false,
      encrypted: false,
      endorsed: { sign: ['TS'], keyInfo: direct, secret: contextSecret },
    },
  } satisfies Record<string, Base>;
}

export type BaseName = keyof ReturnType<typeof bases>;

const prefixes = [
  ['soap', ns.soap12],
  ['wsa', ns.wsa10],
  ['wsse', ns.wsse],
  ['wsu', ns.wsu],
  ['wsc', wsc],
  ['ds', ns.ds],
  ['xenc', ns.xenc],
  ['m', 'urn:example'],
];

export const same = (text: string) => text;

/** The message of a recipe. */
export function build(base: Base, recipe: Recipe = {}): string {
  const declarations = prefixes.map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('');
  const { action, messageId, replyTo, to, content } = parts;
  const envelope = (base.envelope ?? same)(
    `<soap:Envelope${declarations}><soap:Header>${action}${messageId}${replyTo}${to}` +
      `<wsse:Security soap:mustUnderstand="true">${base.security}</wsse:Security></soap:Header>` +
      `<soap:Body wsu:Id="Body">${base.content ?? content}</soap:Body></soap:Envelope>`,
  );
  const clear = (recipe.unsigned ?? same)(envelope);
  const unsigned = base.encryptedFirst ? encryptedMessage(clear, base, recipe) : clear;
  const signature = base.sign.length === 0 ? '' : signatureOf(unsigned, base, recipe);
  const once = unsigned.replace('<SIGNATURE/>', () => signature);
  const signed = base.endorsed ? once.replace('<ENDORSEMENT/>', () => endorsementOf(once, base, recipe)) : once;
  return (recipe.finished ?? same)(
    base.encrypted && !base.encryptedFirst ? encryptedMessage(signed, base, recipe) : signed,
  );
}

function endorsementOf(signed: string, { endorsed }: Base, { endorsement = {} }: Recipe): string {
  if (endorsed === undefined) return '';
  const { keyInfo, secret, sign } = endorsed;
  const recipe = { sign, secret, ...endorsement };
  return signatureOf(signed.replace('<ENDORSEMENT/>', ''), { keyInfo }, recipe, 'END');
}

function signatureOf(
  unsigned: string,
  base: Pick<Base, 'keyInfo'> & Partial<Base>,
  recipe: Recipe,
  signatureId = 'SIG',
): string {
  const readable = unsigned.replace(/<(?:SIGNATURE|ENDORSEMENT|REFERENCES)\/>/g, '');
  const { ids } = scanText(readable);
  const references = (recipe.sign ?? base.sign ?? []).map(id => {
    const element = ids.find(({ attribute }) => attribute.value === id)?.element;
    const prefixes = (id === (recipe.listed ?? 'Body') && (recipe.prefixes ?? base.prefixes)) || [];
    const canonical = element === undefined ? '' : canonicalize(element, { prefixes });
    const text = signedReference(`#${id}`, digest('sha1', canonical), prefixes);
    return (recipe.reference ?? same)(text, id);
  });
  const signer = recipe.signer ?? (recipe.secret === undefined ? base.signer : undefined);
  const signedInfo = (recipe.signedInfo ?? same)(
    `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${algorithms.excC14n}"/>` +
      `<ds:SignatureMethod Algorithm="${signer === undefined ? algorithms.hmacSha1 : algorithms.rsaSha1}"/>` +
      `${references.join('')}</ds:SignedInfo>`,
  );
  const canonical = canonicalSignedInfo(signedInfo);
  const hmac = () => hmacBase64(hmacKey(recipe.secret ?? keyBytes(base as Base, 'DKs', 32), 'sha1'), canonical);
  const value = signer === undefined ? hmac() : rsaSha1(signer, canonical);
  return (recipe.signature ?? same)(
    `<ds:Signature Id="${signatureId}">${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>` +
      `${base.keyInfo}</ds:Signature>`,
  );
}

export function signedReference(uri: string, digestValue: string, prefixes: readonly string[] = []): string {
  const inclusive = `<ec:InclusiveNamespaces xmlns:ec="${ns.excC14n}" PrefixList="${prefixes.join(' ')}"/>`;
  const transform =
    prefixes.length === 0
      ? `<ds:Transform Algorithm="${algorithms.excC14n}"/>`
      : `<ds:Transform Algorithm="${algorithms.excC14n}">${inclusive}</ds:Transform>`;
  return (
    `<ds:Reference URI="${uri}"><ds:Transforms>${transform}</ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${algorithms.sha1}"/><ds:DigestValue>${digestValue}</ds:DigestValue></ds:Reference>`
  );
}

function rsaSha1({ privateKey }: OwnCertificate, text: string): string {
  return sign('sha1', Buffer.from(text), privateKey).toString('base64');
}

function canonicalSignedInfo(text: string): string {
  const root = scanText(`<x ${prefixes.map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`).join(' ')}>${text}</x>`).root;
  const [element] = root.children;
  return element === undefined ? '' : canonicalize(element);
}

function keyBytes(base: Base, id: 'DKs' | 'DKe', underivedBytes: number): Buffer {
  return base.derived ? derivedBytes(base.secret, id) : base.secret.subarray(0, underivedBytes);
}

export function derivedBytes(secret: Uint8Array, id: keyof typeof nonces): Buffer {
  return pSha1(secret, Buffer.concat([label, nonces[id]]), 16);
}

/** What is hidden where signatures are, and the ids of the EncryptedData in their places. */
const hiddenParts: readonly (readonly [text: RegExp, data: string])[] = [
  [/<ds:Signature Id="SIG">.*?<\/ds:Signature>/s, 'EDs'],
  [/<ds:Signature Id="END">.*?<\/ds:Signature>/s, 'EDx'],
  [/<wsse11:SignatureConfirmation [^>]*"SC0"[^>]*>/, 'EDc0'],
  [/<wsse11:SignatureConfirmation [^>]*"SC1"[^>]*>/, 'EDc1'],
];

/** Encrypts the content of the Body, the UsernameToken where there is one, and the signatures where they are hidden. */
function encryptedMessage(signed: string, base: Base, recipe: Recipe): string {
  const [start, end] = [signed.lastIndexOf('<soap:Body'), signed.lastIndexOf('</soap:Body>')];
  const contentStart = signed.indexOf('>', start) + 1;
  const plaintext = (recipe.plaintext ?? same)(signed.slice(contentStart, end));
  const keyInfo = base.encryptionKeyInfo ?? (base.derived ? byEncryptionKey : base.keyInfo);
  const data = (id: string, type: string, text: string) => {
    const key = new SecretKey(keyBytes(base, 'DKe', 16));
    const algorithm = {
      uri: algorithms.aes128Cbc,
      cipher: 'aes-128-cbc',
      mode: 'cbc',
      keyBytes: 16,
      ivBytes: 16,
      supported: true,
    } as const;
    const bytes = encrypt(algorithm, key, text, count => Buffer.alloc(count, id === 'EDu' ? 0xd4 : 0xc3));
    const change = type === algorithms.encryptedElement && id !== 'EDu' ? recipe.hidden : recipe.cipher;
    const cipher = (change ?? (same as never as (bytes: Buffer) => Buffer))(bytes).toString('base64');
    return (
      `<xenc:EncryptedData Id="${id}" Type="${type}">` +
      `<xenc:EncryptionMethod Algorithm="${algorithms.aes128Cbc}"/>${keyInfo}` +
      `<xenc:CipherData><xenc:CipherValue>${cipher}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
    );
  };
  const body = (recipe.encryptedData ?? same)(data('EDb', algorithms.encryptedContent, plaintext));
  const dataReferences = ['<xenc:DataReference URI="#EDb"/>'];
  let message = signed.slice(0, contentStart) + body + signed.slice(end);
  const token = /<(\w+:\w+) wsu:Id="UT".*<\/\1>/.exec(message)?.[0];
  if (token !== undefined) {
    message = message.replace(token, () => data('EDu', algorithms.encryptedElement, (recipe.token ?? same)(token)));
    dataReferences.push('<xenc:DataReference URI="#EDu"/>');
  }
  for (const [part, dataId] of base.hidden ? hiddenParts : []) {
    const text = part.exec(message)?.[0];
    if (text === undefined) continue;
    message = message.replace(text, () => data(dataId, algorithms.encryptedElement, (recipe.revealed ?? same)(text)));
    dataReferences.push(`<xenc:DataReference URI="#${dataId}"/>`);
  }
  return message.replace('<REFERENCES/>', `<xenc:ReferenceList>${dataReferences.join('')}</xenc:ReferenceList>`);
}
