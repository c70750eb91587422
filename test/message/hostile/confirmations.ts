import { confirmation, parts, requestValues } from '../builder.ts';
import { insertAfter, insertBefore, replace, scenarioList } from './steps.ts';

/** What confirms the signatures of a request in its answer: the letter W. */
const { add, scenarios } = scenarioList();

const answer = 'confirming-answer';
const hidden = 'hidden-confirming-answer';
const tls = 'tls-confirming-answer';
const [first = '', second = ''] = requestValues;
const valued = (id: string, value: string) => confirmation(id, ` Value="${value}"`);
const other = Buffer.alloc(20, 0x73).toString('base64');
const one = replace(valued('SC1', second), '');
const none = (text: string) => one(text).replace(valued('SC0', first), '');
const withValue = (value: string) => replace(`Value="${second}"`, `Value="${value}"`);
const signed = ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action'];
const all = [...signed, 'SC0', 'SC1'];

for (const base of [answer, hidden] as const) {
  const name = (number: string, rest: string) => `${number}-${base}-${rest}`;
  add(base, name('W01', 'none'), 'nothing confirms the signatures of the request', { unsigned: none, sign: signed });
  add(base, name('W01', 'one'), 'one of two signatures is confirmed', { unsigned: one, sign: [...signed, 'SC0'] });
  add(base, name('W02', 'three'), 'one signature is confirmed twice, beside the other', {
    unsigned: insertBefore('<SIGNATURE/>', valued('SC2', first)),
    sign: [...all, 'SC2'],
  });
  add(base, name('W02', 'same-twice'), 'one of two signatures is confirmed twice', { unsigned: withValue(first) });
  add(base, name('W03', 'another-request'), 'the signature of another request', { unsigned: withValue(other) });
  add(base, name('W03', 'no-signature'), 'the request was not signed, it says', {
    unsigned: replace(` Value="${second}"`, ''),
  });
  add(base, name('W04', 'not-signed'), 'a confirmation that nobody signed', { sign: [...signed, 'SC0'] });
  add(base, name('W05', 'control-order'), 'the confirmations in the other order', {
    unsigned: text =>
      text
        .replace(first, 'FIRST')
        .replace(second, () => first)
        .replace('FIRST', () => second),
  });
}
add(answer, 'W04-changed-after', 'the values of two confirmations exchanged once they were signed', {
  finished: text =>
    text
      .replace(first, 'FIRST')
      .replace(second, () => first)
      .replace('FIRST', () => second),
});
add(answer, 'W04-in-another-header', 'a confirmation outside the Security header', {
  unsigned: text => insertAfter('<soap:Header>', valued('SC1', second))(replace(valued('SC1', second), '')(text)),
});
add(answer, 'W06-content', 'text in a confirmation', {
  unsigned: text => text.replace(`Value="${second}"/>`, () => `Value="${second}">x</wsse11:SignatureConfirmation>`),
});
add(answer, 'W06-attribute', 'an unknown attribute', { unsigned: withValue(`${second}" Algorithm="urn:x`) });
add(answer, 'W06-value-in-namespace', 'Value in a namespace', {
  unsigned: replace(` Value="${second}"`, ` wsu:Value="${second}"`),
});
add(answer, 'W06-no-base64', 'a Value that is no base64', { unsigned: withValue('****') });
add(answer, 'W06-empty', 'an empty Value', { unsigned: withValue('') });
add(answer, 'W06-too-long', 'a Value of 1,025 octets', {
  unsigned: withValue(Buffer.alloc(1025).toString('base64')),
});
add(answer, 'W06-namespace', 'an element of this name in another namespace', {
  unsigned: replace(
    valued('SC1', second),
    valued('SC1', second).replace(/xmlns:wsse11="[^"]*"/, 'xmlns:wsse11="urn:x"'),
  ),
});
add('answer', 'W07-not-asked-for', 'confirmations that no policy asks for', {}, answer);
add('calls', 'W07-in-request', 'a confirmation in a request', {
  unsigned: insertAfter(parts.timestamp, valued('SC0', first)),
});
add(hidden, 'W08-in-clear', 'signature and confirmations in clear where the plan has them encrypted', {}, answer);
add(hidden, 'W08-one-in-clear', 'a confirmation in clear beside the encrypted ones', {
  unsigned: insertAfter(parts.timestamp, valued('SC2', first)),
});
add(answer, 'W08-hidden', 'encrypted confirmations where the plan has them in clear', {}, hidden);
add('hidden-answer', 'W08-not-asked-for', 'encrypted confirmations that no policy asks for', {}, hidden);
add(tls, 'W09-signature', 'a signature is confirmed where the request had none', {
  unsigned: replace(confirmation('SC0', ''), valued('SC0', first)),
});
add(tls, 'W09-none', 'nothing says that the request was not signed', {
  unsigned: replace(confirmation('SC0', ''), ''),
});
add(tls, 'W09-twice', 'two confirmations of no signature', {
  unsigned: insertAfter(parts.timestamp, confirmation('SC1', '')),
});

export const confirmations = scenarios;
