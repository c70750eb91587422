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

export const versions: readonly Scenario[] = scenarios;
