import { ns, tokenTypes } from '../../../src/names.ts';
import { contextId, parts, reference, sct } from '../builder.ts';
import { insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';
import { strayKey } from './structures.ts';

/** The closed grammar of the Security header: the letter G, to 16. */
const { add, scenarios } = scenarioList();

add('calls', 'G01-unknown-child', 'an unknown child of the Security header', {
  unsigned: insertAfter(parts.sct, '<m:x/>'),
});
add('calls', 'G02-text', 'text in the Security header', { unsigned: insertAfter(parts.sct, 'x') });
add('calls', 'G03-unknown-attribute', 'an unknown attribute of the Security header', {
  unsigned: replace('<wsse:Security ', '<wsse:Security m:x="" '),
});
add('calls', 'G04-two-states', 'two State elements in the token', {
  unsigned: insertBefore('</wsc:SecurityContextToken>', `<k:State xmlns:k="${ns.state}">AAAA</k:State>`),
});
add('calls', 'G04-foreign-state', 'a cookie of somebody else in the token', {
  unsigned: text => text.replace(`"${ns.state}"`, '"http://schemas.microsoft.com/ws/2006/05/security"'),
});
add('calls', 'G04-state-too-long', 'a State above the limit', { unsigned: replace('AAAA<', `${'A'.repeat(4100)}<`) });
add('calls', 'G05-identifier-not-first', 'Identifier is not the first child', {
  unsigned: text => text.replace(/(<wsc:Identifier>.*?<\/wsc:Identifier>)(<k:State.*?<\/k:State>)/, '$2$1'),
});
add('calls', 'G06-no-context-token', 'no token in the header', {
  unsigned: text => text.replace(parts.sct, '').replaceAll(reference('#SCT', sct), reference(contextId, sct)),
});
add('calls', 'G07-unknown-context', 'a token that nobody knows', {
  unsigned: text =>
    text.replace(`<wsc:Identifier>${contextId}`, '<wsc:Identifier>urn:uuid:00000000-0000-4000-8000-00000000000c'),
});
add('tls-answer', 'G08-signature-in-answer', 'an answer over TLS holds a Timestamp and nothing else', {
  unsigned: insertAfter(parts.timestamp, parts.sct),
});
add('tls-answer', 'G08-no-security-header', 'an answer without a Security header', {
  finished: text => text.replace(/<wsse:Security.*<\/wsse:Security>/, ''),
});
add('answer', 'G09-context-token-in-answer', 'a token in an answer', {
  unsigned: insertAfter(parts.timestamp, parts.sct),
});
for (const plan of ['calls', 'answer', 'tls-calls', 'bootstrap-answer'] as const) {
  add(plan, `G13-encrypted-key-in-${plan}`, 'an EncryptedKey where the plan has none', {
    unsigned: insertAfter(parts.timestamp, strayKey),
  });
}
for (const plan of ['bootstrap', 'bootstrap-answer'] as const) {
  add(plan, `G14-context-token-in-${plan}`, 'a SecurityContextToken in a bootstrap', {
    unsigned: insertAfter(parts.timestamp, parts.sct),
  });
}
add('bootstrap', 'G15-no-encrypted-key', 'a bootstrap without its EncryptedKey', {
  unsigned: text => text.replace(/<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/, ''),
});
add('bootstrap-answer', 'G16-another-key', 'an answer that refers to an EncryptedKey of another exchange', {
  unsigned: text => text.replace(/(#EncryptedKeySHA1">)[^<]*/g, '$1AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
});
add('tls-bootstrap', 'G10-no-username-token', 'no UsernameToken where the plan wants one', {
  unsigned: replace(parts.usernameToken, ''),
});
add('tls-bootstrap', 'G10-two-username-tokens', 'two UsernameTokens', {
  unsigned: insertAfter(parts.usernameToken, parts.usernameToken.replace('"UT"', '"UT2"')),
});
add('tls-calls', 'G10-username-token-unexpected', 'a UsernameToken where the plan has none', {
  unsigned: insertAfter(parts.sct, parts.usernameToken),
});
const endOfToken = '</wsse:UsernameToken>';
const nonce = '<wsse:Nonce>MTIzNDU2Nzg5MDEyMzQ1Ng==</wsse:Nonce>';
const createdAt = '<wsu:Created>2026-11-26T12:00:00Z</wsu:Created>';
const encodedNonce = nonce.replace('>', ` EncodingType="${tokenTypes.base64Binary}">`);
for (const [name, comment, change] of [
  ['password-without-type', 'a Password without Type', replace(` Type="${tokenTypes.passwordText}"`, '')],
  ['nonce-and-created', 'Nonce and Created, as WSS4J adds them', insertBefore(endOfToken, encodedNonce + createdAt)],
  ['created-and-nonce', 'in the other order, without EncodingType', insertBefore(endOfToken, createdAt + nonce)],
  ['created-first', 'Created before the Password', insertBefore('<wsse:Password', createdAt)],
] as const)
  add('tls-bootstrap', `G11-control-${name}`, `as others write a UsernameToken: ${comment}`, { unsigned: change });
for (const [name, comment, children] of [
  ['two-nonces', 'two Nonces', nonce + nonce],
  ['two-created', 'two Created', createdAt + createdAt],
  ['nonce-encoding', 'a Nonce in hexadecimal', nonce.replace('>', ' EncodingType="#HexBinary">')],
  ['nonce-no-base64', 'a Nonce that is no base64', '<wsse:Nonce>&#160;</wsse:Nonce>'],
  ['nonce-empty', 'an empty Nonce', '<wsse:Nonce></wsse:Nonce>'],
  ['nonce-too-long', 'a Nonce above the limit', `<wsse:Nonce>${'AAAA'.repeat(43)}</wsse:Nonce>`],
  ['nonce-children', 'an element in a Nonce', '<wsse:Nonce><m:x/></wsse:Nonce>'],
  ['nonce-namespace', 'a Nonce of another namespace', '<m:Nonce>MTIzNDU2Nzg5MDEyMzQ1Ng==</m:Nonce>'],
  ['created-no-time', 'a Created that is no time', createdAt.replace('T12', ' 12')],
  ['salt', 'a Salt, which derives keys from passwords', '<wsse11:Salt xmlns:wsse11="urn:x">AAAA</wsse11:Salt>'],
] as const)
  add('tls-bootstrap', `G11-${name}`, `in a UsernameToken: ${comment}`, {
    unsigned: insertBefore(endOfToken, children),
  });
add('tls-bootstrap', 'G11-no-password', 'a UsernameToken without a Password', {
  unsigned: text => text.replace(/<wsse:Password.*<\/wsse:Password>/, nonce + createdAt),
});
add('tls-bootstrap', 'G11-username-not-first', 'a Password before the Username', {
  unsigned: text => text.replace(/(<wsse:Username>.*<\/wsse:Username>)(<wsse:Password.*<\/wsse:Password>)/, '$2$1'),
});
add('tls-bootstrap', 'G11-password-digest', 'a password digest', {
  unsigned: replace(tokenTypes.passwordText, tokenTypes.passwordDigest),
});
add('tls-bootstrap', 'G11-two-passwords', 'two passwords', {
  unsigned: text => text.replace(/(<wsse:Password.*<\/wsse:Password>)/, '$1$1'),
});
add(
  'bootstrap',
  'G12-username-token-in-clear',
  'a signed UsernameToken that is not encrypted is accepted: the policy only wants it signed',
  {
    finished: text =>
      text
        .replace(/<xenc:EncryptedData Id="EDu".*?<\/xenc:EncryptedData>/, parts.usernameToken)
        .replace('<xenc:DataReference URI="#EDu"/>', ''),
  },
);

add('bootstrap', 'G10-two-encrypted-tokens', 'two EncryptedData in the place of UsernameTokens', {
  finished: text =>
    text
      .replace(/<xenc:EncryptedData Id="EDu".*?<\/xenc:EncryptedData>/, data => data + data.replace('"EDu"', '"EDv"'))
      .replace('<xenc:DataReference URI="#EDu"/>', '$&<xenc:DataReference URI="#EDv"/>'),
});
add('bootstrap', 'G17-two-tokens-inside', 'two UsernameTokens come out of one EncryptedData', {
  unsigned: insertAfter(parts.usernameToken, parts.usernameToken.replace('"UT"', '"UT2"')),
});
add('bootstrap', 'G17-another-token-inside', 'another token comes out in the place of the UsernameToken', {
  unsigned: text => text.replaceAll('wsse:UsernameToken', 'wsse:BinarySecurityToken'),
});
add('bootstrap', 'G17-text-inside', 'text comes out beside the UsernameToken', {
  unsigned: insertAfter('</wsse:Password>', '</wsse:UsernameToken>x<wsse:UsernameToken>'),
});

export const headerGrammar: readonly Scenario[] = scenarios;
