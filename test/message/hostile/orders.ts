import { ns } from '../../../src/names.ts';
import { parts } from '../builder.ts';
import { insertAfter, replace, type Scenario, scenarioList } from './steps.ts';
import { spoofed, wrapped } from './structures.ts';

/** The order of signature and encryption (WS-SecurityPolicy 1.2 §6.3): the letter O. */
const { add, scenarios } = scenarioList();

const first = 'calls-encrypted-first';
const flip = (at: number) => (text: string) =>
  text.replace(/(?<=Id="EDb".*<xenc:CipherValue>)[^<]*/, value => {
    const bytes = Buffer.from(value, 'base64');
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ 0x01;
    return bytes.toString('base64');
  });
add(first, 'O01-control-encrypted-first', 'encrypted, then signed, as the plan wants it', {});
add(
  first,
  'O01-signed-first',
  'signed over the plaintext where the digests are to be over the ciphertext',
  {},
  'calls',
);
add(
  'calls',
  'O01-encrypted-first',
  'signed over the ciphertext where the digests are to be over the plaintext',
  {},
  first,
);
for (const [name, at] of Object.entries({ iv: 3, ciphertext: 20, padding: -17 }))
  add(first, `O02-${name}`, 'a flipped bit of what is signed as ciphertext', { finished: flip(at) });
add(first, 'O02-other-data', 'another EncryptedData by the same key in the place of the signed one', {
  finished: replace(/(?<=<xenc:CipherValue>)[^<]*/, Buffer.alloc(64, 0xc3).toString('base64')),
});
add(first, 'O02-in-clear', 'content in clear in the place of the signed EncryptedData', {
  finished: replace(/<xenc:EncryptedData.*<\/xenc:EncryptedData>/, spoofed),
});
add(first, 'O03-default-namespace', 'a declaration around the Body that names what was encrypted without a prefix', {
  unsigned: text => text.replace(/<(\/?)m:/g, '<$1'),
  finished: insertAfter('<soap:Envelope', ' xmlns="urn:eve"'),
});
add(first, 'O03-prefix-not-listed', 'a prefix of the encrypted content that the PrefixList does not name', {
  prefixes: ['soap'],
});
add(first, 'O03-prefix-rebound', 'a prefix of the encrypted content means another namespace than when it was signed', {
  finished: replace('xmlns:m="urn:example"', 'xmlns:m="urn:eve"'),
});
add(first, 'O03-body-in-data', 'a Body comes out of the decryption', {
  plaintext: () => `<b:Body xmlns:b="${ns.soap12}"/>`,
});

// Encrypted signatures (§6.4)
const hiddenCalls = 'calls-hidden-signature';
const endorsed = 'hidden-endorsed-bootstrap';
const bits = (change: (bytes: Buffer) => number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes);
  const at = change(changed);
  changed[at] = (changed[at] ?? 0) ^ 0x01;
  return changed;
};
for (const base of ['calls-hidden-signature', 'hidden-answer', 'hidden-bootstrap', endorsed] as const) {
  add(base, `O04-control-${base}`, 'the signature encrypted, as the plan wants it', {});
  add(base, `O04-${base}-iv`, 'a flipped bit in the IV of the signature', { hidden: bits(() => 3) });
  add(base, `O04-${base}-octets`, 'a flipped bit in the ciphertext of the signature', { hidden: bits(() => 20) });
  add(base, `O04-${base}-padding`, 'a flipped bit that hits the padding', {
    hidden: bits(({ length }) => length - 17),
  });
  add(base, `O04-${base}-hmac`, 'a signature by another key', { secret: Buffer.alloc(16, 7) });
  add(base, `O04-${base}-digest`, 'another Timestamp than the signed one', {
    finished: replace('12:05:00.000Z', '12:04:59.000Z'),
  });
  add(base, `O04-${base}-not-xml`, 'half a signature comes out of the decryption', { revealed: text => text.slice(9) });
  add(base, `O04-${base}-nothing`, 'white space comes out in the place of the signature', { revealed: () => ' ' });
  add(base, `O04-${base}-token`, 'a token comes out in the place of the signature', {
    revealed: () => parts.usernameToken.replace('"UT"', '"UTx"'),
  });
  add(base, `O04-${base}-text`, 'text comes out beside the signature', { revealed: text => `${text}x` });
  add(base, `O04-${base}-beside`, 'another element comes out beside the signature', {
    revealed: text => `${text}<m:x/>`,
  });
  add(base, `O04-${base}-two`, 'two signatures come out in the place of one', { revealed: text => text + text });
}
add('calls', 'O05-hidden', 'an encrypted signature where the plan has it in clear', {}, hiddenCalls);
add(hiddenCalls, 'O05-in-clear', 'a signature in clear where the plan has it encrypted', {}, 'calls');
add(hiddenCalls, 'O05-in-clear-as-well', 'the signature in clear beside the encrypted one', {
  signature: text => `${text}${text.replace('"SIG"', '"OUT"')}`,
});
add('endorsed-bootstrap', 'O05-both-hidden', 'encrypted signatures where the plan has them in clear', {}, endorsed);
add(endorsed, 'O05-both-in-clear', 'signatures in clear where the plan has them encrypted', {}, 'endorsed-bootstrap');
add(endorsed, 'O05-endorsement-missing', 'no endorsement among the encrypted signatures', {
  unsigned: replace('<ENDORSEMENT/>', ''),
});
add(endorsed, 'O05-endorsement-in-clear', 'the endorsement in clear, the main signature encrypted', {
  endorsement: { signature: replace('<ds:Signature Id="END">', '<ds:Signature Id="OUT">') },
});
add(endorsed, 'O05-endorses-nothing', 'an encrypted endorsement of the Timestamp', { endorsement: { sign: ['TS'] } });
add(endorsed, 'O05-other-endorser', 'an encrypted endorsement by another key', {
  endorsement: { secret: Buffer.alloc(32, 7) },
});
add(hiddenCalls, 'O06-type-content', 'Type Content for the encrypted signature', {
  finished: text => text.replace(/(Id="EDs" Type="[^"]*#)Element/, '$1Content'),
});
add(hiddenCalls, 'O06-key-of-signature', 'encrypted by the key that signs', {
  finished: text => text.replace(/(Id="EDs".*?URI=")#DKe/, '$1#DKs'),
});
add(hiddenCalls, 'O06-derived-from-another', 'a key that is derived from something that signs nothing', {
  unsigned: text => text.replace(/(?<="DKs">.*?URI=")#SCT/, '#To'),
});
add(hiddenCalls, 'O06-look-alike', 'an attribute ID has the value of the id that the decrypted KeyInfo names', {
  finished: replace('<soap:Header>', '<soap:Header><m:x ID="DKs"/>'),
});
add(hiddenCalls, 'O06-not-listed', 'an encrypted signature that no ReferenceList names', {
  finished: replace('<xenc:DataReference URI="#EDs"/>', ''),
});
add(hiddenCalls, 'O06-moved', 'the encrypted signature in another header block', {
  finished: text => {
    const data = /<xenc:EncryptedData Id="EDs".*?<\/xenc:EncryptedData>/.exec(text)?.[0] ?? '';
    return text.replace(data, '').replace('<wsse:Security', `${wrapped(data)}<wsse:Security`);
  },
});
add(hiddenCalls, 'O06-twice', 'the encrypted signature twice', {
  finished: text => text.replace(/<xenc:EncryptedData Id="EDs".*?<\/xenc:EncryptedData>/, data => data + data),
});
add(hiddenCalls, 'O06-body-in-its-place', 'the ciphertext of the Body in the place of the signature', {
  finished: text => {
    const [body = ''] = /(?<=Id="EDb".*<xenc:CipherValue>)[^<]*/.exec(text) ?? [];
    return text.replace(/(?<=Id="EDs".*?<xenc:CipherValue>)[^<]*/, () => body);
  },
});
add(hiddenCalls, 'O06-equal-id', 'an id of the message stands in the decrypted signature once more', {
  signature: text => text.replace('Id="SIG"', 'Id="EDb"'),
  revealed: text => text,
});
add(hiddenCalls, 'O06-id-of-part', 'the decrypted signature has the id of a signed part', {
  signature: text => text.replace('<ds:KeyInfo>', '<ds:KeyInfo Id="To">'),
});
add('hidden-bootstrap', 'O06-token-not-signed', 'a UsernameToken beside the signature that does not cover it', {
  sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});

export const orders: readonly Scenario[] = scenarios;
