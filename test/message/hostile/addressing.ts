import { ns } from '../../../src/names.ts';
import { insertAfter, insertBefore, replace, type Scenario, scenarioList } from './steps.ts';

/** Addressing headers: the letter H. */
const { add, scenarios } = scenarioList();

add('tls-calls', 'H08-reply-to-elsewhere', 'a ReplyTo that names a place', {
  finished: replace(`${ns.wsa10}/anonymous`, 'http://127.0.0.1:9/'),
});
add('tls-calls', 'H08-fault-to-elsewhere', 'a FaultTo that names a place', {
  finished: insertBefore('<wsa:To', '<wsa:FaultTo><wsa:Address>http://127.0.0.1:9/</wsa:Address></wsa:FaultTo>'),
});
add('tls-calls', 'H08-reference-parameters', 'reference parameters, which would come back as headers', {
  finished: insertAfter('</wsa:Address>', '<wsa:ReferenceParameters><m:x/></wsa:ReferenceParameters>'),
});
add('tls-calls', 'H09-two-to', 'wsa:To twice', { finished: insertBefore('<wsa:To', '<wsa:To>urn:example</wsa:To>') });
add('tls-calls', 'H09-two-versions', 'headers of two versions of WS-Addressing', {
  finished: insertBefore('<wsa:To', `<x:From xmlns:x="${ns.wsa200408}"/>`),
});
add('tls-calls', 'H09-role', 'wsa:To for another node', {
  finished: replace('<wsa:To', '<wsa:To soap:role="urn:example:other"'),
});
add('tls-calls', 'H10-no-action', 'no wsa:Action', {
  finished: text => text.replace(/<wsa:Action.*<\/wsa:Action>/, ''),
});
add('tls-calls', 'H10-no-message-id', 'no wsa:MessageID: what is a replay can’t be told', {
  finished: text => text.replace(/<wsa:MessageID.*<\/wsa:MessageID>/, ''),
});
add('tls-calls', 'H11-long-message-id', 'a wsa:MessageID of 513 characters', {
  finished: text => text.replace('urn:uuid:00000000', `urn:uuid:${'0'.repeat(513)}`),
});
add('tls-calls', 'H11-message-id-no-uri', 'a wsa:MessageID that is no URI', {
  finished: replace('urn:uuid:00000000', 'urn uuid'),
});

export const addressing: readonly Scenario[] = scenarios;
