import { addressingVersions, ns } from '../../../src/names.ts';
import { derivedKeyToken, reference, sct, str } from '../builder.ts';
import { type Scenario, scenarioList } from './steps.ts';

/** Recipes of messages that a good signature covers, and that could mean something else all the same. */
const { add, scenarios } = scenarioList();

type Step = (text: string) => string;
const put =
  (after: string, text: string): Step =>
  message => {
    if (!message.includes(after)) throw new Error(`nothing to put ${text} after`);
    return message.replace(after, () => after + text);
  };
const then =
  (...steps: Step[]): Step =>
  message =>
    steps.reduce((text, step) => step(text), message);

const q = ' xmlns:q="urn:q"';
const eve = ' xmlns:q="urn:eve"';
const typed = (type: string) => put('<m:text', ` xmlns:xsi="${ns.xsi}" xsi:type="${type}"`);
const places = { envelope: '<soap:Envelope', body: '<soap:Body', content: '<m:Echo', value: '<m:text' };

for (const plan of ['signed-calls', 'calls'] as const) {
  const name = (rest: string) => `V0${plan === 'calls' ? 2 : 1}-${rest}`;
  for (const [place, tag] of Object.entries(places)) {
    const isInside = plan === 'calls' && (place === 'content' || place === 'value');
    add(
      plan,
      name(`${isInside ? 'control-' : ''}type-declared-on-${place}`),
      'the prefix of a type, which no name uses',
      {
        unsigned: then(typed('q:Amount'), put(tag, q)),
      },
    );
    add(plan, name(`control-type-listed-${place}`), 'the prefix of a type in the PrefixList', {
      unsigned: then(typed('q:Amount'), put(tag, q)),
      prefixes: ['q'],
    });
    if (isInside) continue;
    add(plan, name(`type-rebound-on-${place}`), 'the prefix of a type in the PrefixList, bound to something else', {
      unsigned: then(typed('q:Amount'), put('<soap:Envelope', q)),
      prefixes: ['q'],
      finished: place === 'envelope' ? text => text.replace(q, eve) : put(tag, eve),
    });
  }
  add(plan, name('control-type-visible'), 'the prefix of a type, which names use', { unsigned: typed('m:Amount') });
  add(plan, name('type-undeclared'), 'the prefix of a type, declared nowhere', { unsigned: typed('q:Amount') });
  add(plan, name('type-without-prefix'), 'a type in the default namespace, which no name is in', {
    unsigned: then(typed('Amount'), put('<soap:Envelope', ' xmlns="urn:q"')),
  });
  add(plan, name('control-type-without-prefix'), 'a type in the default namespace, by the PrefixList', {
    unsigned: then(typed('Amount'), put('<soap:Envelope', ' xmlns="urn:q"')),
    prefixes: ['#default'],
  });
}
add('signed-calls', 'V01-type-rebound-where-unseen', 'a prefix that outer names use, bound once more where none does', {
  unsigned: put('<m:Echo>', `<x xmlns:xsi="${ns.xsi}" xsi:type="m:Amount"/>`),
  finished: put('<x', ' xmlns:m="urn:eve"'),
});
for (const [name, listed] of [
  ['V03-relationship-declared-outside', []],
  ['V03-control-relationship-listed', ['r']],
] as const) {
  const relatesTo = '<wsa:RelatesTo wsu:Id="RelatesTo" RelationshipType="r:Reply">urn:uuid:1</wsa:RelatesTo>';
  add('signed-calls', name, 'the relationship of 2004/08, by a prefix that is declared on the Envelope', {
    unsigned: text =>
      put(
        '<soap:Envelope',
        ` xmlns:r="${ns.wsa200408}"`,
      )(text.replace(`"${ns.wsa10}"`, `"${ns.wsa200408}"`))
        .replace(`${ns.wsa10}/anonymous`, addressingVersions['2004/08'].anonymous)
        .replace('<wsa:To', `${relatesTo}<wsa:To`),
    sign: ['TS', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'RelatesTo'],
    prefixes: listed,
    listed: 'RelatesTo',
  });
}

// ---- Derived keys
const attached = str(reference('#SCT', sct));
const dke = derivedKeyToken('DKe', attached);
const third = dke.replace('"DKe"', '"DKx"').replace(/<wsc:Nonce>..../, '<wsc:Nonce>AAAA');
add('signed-calls', 'K15-unused-encryption-key', 'a DerivedKeyToken where nothing is encrypted', {
  unsigned: put(derivedKeyToken('DKs', attached), dke),
});
add('calls', 'K15-unused-third-key', 'a DerivedKeyToken that nothing refers to', { unsigned: put(dke, third) });
add('calls', 'K05-divided-otherwise', 'two tokens with the same octets of Label and Nonce, divided otherwise', {
  unsigned: text => {
    const label = 'WS-SecureConversationWS-SecureConversation';
    const nonce = Buffer.concat([Buffer.from(label.slice(20)), Buffer.alloc(16, 0xa1)]).toString('base64');
    return text.replace(
      /(?<="DKe".*?)<wsc:Nonce>[^<]*/,
      `<wsc:Label>${label.slice(0, 20)}</wsc:Label><wsc:Nonce>${nonce}`,
    );
  },
});

export const meaning: readonly Scenario[] = scenarios;
