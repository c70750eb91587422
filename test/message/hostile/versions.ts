import { dialects, ns, tokenTypes } from '../../../src/names.ts';
import { contextId, dk, parts, sct } from '../builder.ts';
import { insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';

/** Versions and dialects that are no message's together, or not this one's: the letter Q. */
const { add, scenarios } = scenarioList();
const other = dialects['200512'];

add('soap11-calls', 'Q01-control', 'a message of SOAP 1.1', {});
add('soap11-calls', 'Q01-must-understand-of-the-other-version', 'mustUnderstand as SOAP 1.2 writes it', {
  unsigned: replace('soap:mustUnderstand="1"', 'soap:mustUnderstand="true"'),
});
add('soap11-calls', 'Q01-role-of-the-other-version', 'a role, which is no attribute of SOAP 1.1', {
  unsigned: replace('soap:mustUnderstand="1"', `soap:role="${ns.soap12}/role/ultimateReceiver"`),
});
add('soap11-calls', 'Q01-attribute-of-the-other-namespace', 'mustUnderstand in the namespace of SOAP 1.2', {
  unsigned: replace('soap:mustUnderstand="1"', `x:mustUnderstand="1" xmlns:x="${ns.soap12}"`),
});
add('soap11-calls', 'Q01-actor', 'a Security header for another node: what is ours has none', {
  unsigned: replace('soap:mustUnderstand="1"', 'soap:actor="urn:example:other"'),
});
add('soap11-calls', 'Q01-actor-next', 'a Security header for the next node, whoever that is', {
  unsigned: replace('soap:mustUnderstand="1"', 'soap:actor="http://schemas.xmlsoap.org/soap/actor/next"'),
});
add('soap11-calls', 'Q02-envelope-changed-on-the-way', 'the Envelope made one of SOAP 1.2 after it was signed', {
  finished: text => text.replaceAll(ns.soap11, ns.soap12),
});
add('calls', 'Q02-actor-in-soap12', 'an actor, which is no attribute of SOAP 1.2', {
  unsigned: replace('soap:mustUnderstand="true"', 'soap:actor=""'),
});

add('plain-calls', 'Q03-control', 'a message without addressing headers', {});
add('plain-calls', 'Q03-header-added', 'an addressing header that was put into a message which had none', {
  finished: insertBefore('<wsse:Security', '<wsa:Action>urn:example:Other</wsa:Action>'),
});

add('mixed-calls', 'Q04-control', 'derived keys named by the other dialect, where the port takes them', {});
add('calls', 'Q04-mixed-dialects', 'the same where it does not', {}, 'mixed-calls');
add('mixed-calls', 'Q04-context-token-of-the-other-dialect', 'the token itself of the other dialect', {
  unsigned: text =>
    text
      .replace(/(<\/?)wsc:(SecurityContextToken|Identifier)/g, '$1y:$2')
      .replace('<soap:Envelope', `<soap:Envelope xmlns:y="${other.wsc}"`),
});
add('mixed-calls', 'Q04-two-context-tokens', 'a token of each dialect', {
  unsigned: insertAfter(
    parts.sct,
    `<y:SecurityContextToken xmlns:y="${other.wsc}"><y:Identifier>${contextId}</y:Identifier></y:SecurityContextToken>`,
  ),
});
add('mixed-calls', 'Q04-derived-key-of-two-dialects', 'a DerivedKeyToken whose Nonce is of the other dialect', {
  unsigned: text => text.replace(/<x:Nonce>([^<]*)<\/x:Nonce>/, '<wsc:Nonce>$1</wsc:Nonce>'),
});
add('mixed-calls', 'Q04-many-derived-keys', 'more DerivedKeyTokens of the other dialect than a header may hold', {
  unsigned: text =>
    text.replace(
      /<x:DerivedKeyToken .*?<\/x:DerivedKeyToken>/,
      key => Array.from({ length: 20 }, (_, i) => key.replace('"DKs"', `"DK${i}"`)).join('') + key,
    ),
});
add(
  'mixed-calls',
  'Q04-another-token-of-the-other-dialect',
  'a child of the other dialect that is no DerivedKeyToken',
  {
    unsigned: text => text.replaceAll('x:DerivedKeyToken', 'x:DerivedKey'),
  },
);
add('mixed-calls', 'Q04-type-of-neither', 'a derived key named by a type of neither dialect', {
  signature: replace(other.dk, 'urn:example:dk'),
});
add('mixed-calls', 'Q04-type-of-the-token-control', 'a derived key named by the type of what it is derived from', {
  signature: replace(other.dk, sct),
});
add('calls', 'Q04-type-of-the-token', 'the same where the port does not take mixed dialects', {
  signature: replace(dk, tokenTypes.encryptedKey),
});
const trust2005 = dialects.feb2005;
const wsa2004 = 'http://schemas.xmlsoap.org/ws/2004/03/addressing';
const derivation = ' wsc:Algorithm="http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk/p_sha1"';
const relates = (type: string) =>
  insertAfter(parts.to, `<wsa:RelatesTo wsu:Id="RelatesTo" RelationshipType="${type}">urn:uuid:1</wsa:RelatesTo>`);
const withRelation = ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'RelatesTo'];

add('april-calls', 'Q05-control', 'a message of April 2004: derived keys, and a sealed state in the token', {});
add('april-tls-calls', 'Q05-control-over-tls', 'the same over TLS', {});
add('april-answer', 'Q05-control-answer', 'an answer of April 2004', {});
add('april-calls', 'Q05-control-without-algorithm', 'keys that are derived without a word of how', {
  unsigned: text => text.replaceAll(derivation, ''),
});
add('april-answer', 'Q05-control-response', 'an answer that says that it is one, as WS-Addressing 2004/03 names it', {
  unsigned: relates('wsa:Response'),
  sign: withRelation,
});
add('april-answer', 'Q05-relationship-of-2004-08', 'the same as 2004/08 names it', {
  unsigned: relates('wsa:Reply'),
  sign: withRelation,
});
add('april-calls', 'Q05-message-of-february-2005', 'a message of February 2005, where 2004 is spoken', {}, 'calls');
add('calls', 'Q05-message-of-april-2004', 'a message of April 2004, where February 2005 is spoken', {}, 'april-calls');
add('mixed-calls', 'Q05-mixed-dialects', 'the same where dialects may be mixed', {}, 'april-calls');
add('april-calls', 'Q05-mixed-with-200512', 'derived keys of 200512 in a token of February 2005', {}, 'mixed-calls');
add('april-calls', 'Q05-algorithm-not-qualified', 'the Algorithm of a derived key in no namespace', {
  unsigned: replace(derivation, derivation.replace('wsc:', '')),
});
add('april-calls', 'Q05-algorithm-of-another-namespace', 'the same in the namespace of February 2005', {
  unsigned: replace(derivation, derivation.replace('wsc:', `xmlns:y="${trust2005.wsc}" y:`)),
});
add('april-calls', 'Q05-algorithm-of-february-2005', 'P_SHA1 by the name that February 2005 has for it', {
  unsigned: replace(derivation, ` wsc:Algorithm="${trust2005.dkPsha1}"`),
});
add('april-calls', 'Q05-nonce-of-the-later-dialects', 'a Nonce in the namespace of WS-SecureConversation', {
  unsigned: text => text.replace(/(<\/?)wsse:Nonce/g, '$1wsc:Nonce'),
});
add('calls', 'Q05-nonce-of-wss', 'a Nonce of WS-Security in a derived key of February 2005', {
  unsigned: text => text.replace(/(<\/?)wsc:Nonce/g, '$1wsse:Nonce'),
});
add('april-calls', 'Q05-two-nonces', 'a Nonce of either kind', {
  unsigned: replace('<wsse:Nonce>', '<wsc:Nonce>AAAAAAAAAAAAAAAAAAAAAA==</wsc:Nonce><wsse:Nonce>'),
});
add('april-calls', 'Q05-instance', 'an Instance, which tokens of that time do not have', {
  unsigned: replace('</wsc:Identifier>', '</wsc:Identifier><wsc:Instance>urn:uuid:2</wsc:Instance>'),
});
add('april-calls', 'Q05-instance-in-a-reference', 'an Instance in the reference to the token', {
  unsigned: replace('<wsse:Reference URI="#SCT"', '<wsse:Reference URI="#SCT" wsc:Instance="urn:uuid:2"'),
});
add('april-calls', 'Q05-type-of-february-2005', 'the token named by the type of February 2005', {
  unsigned: text => text.replaceAll('http://schemas.xmlsoap.org/ws/2004/04/security/sc/sct', trust2005.sct),
});
add('april-calls', 'Q05-derived-key-type-of-february-2005', 'the signing key named by the type of February 2005', {
  signature: replace('http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk', trust2005.dk),
});
add('april-calls', 'Q05-two-context-tokens', 'a token of each dialect', {
  unsigned: replace(
    '</wsc:SecurityContextToken>',
    '</wsc:SecurityContextToken>' +
      `<y:SecurityContextToken xmlns:y="${trust2005.wsc}"><y:Identifier>${contextId}</y:Identifier>` +
      '</y:SecurityContextToken>',
  ),
});
add('april-calls', 'Q05-state-of-another-element', 'an element in the place of the state that is not ours', {
  unsigned: replace(`<k:State xmlns:k="${ns.state}">AAAA</k:State>`, '<y:Cookie xmlns:y="urn:example">AAAA</y:Cookie>'),
});
add('april-calls', 'Q05-two-versions-of-addressing', 'a header of WS-Addressing 1.0 among those of 2004/03', {
  unsigned: insertBefore('<wsse:Security', `<y:From xmlns:y="${ns.wsa10}"/>`),
});
add('april-calls', 'Q05-anonymous-of-2004-08', 'the anonymous address of WS-Addressing 2004/08', {
  unsigned: replace(`${wsa2004}/role/anonymous`, `${ns.wsa200408}/role/anonymous`),
});

export const versions: readonly Scenario[] = scenarios;
