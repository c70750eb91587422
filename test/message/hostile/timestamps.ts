import { ns } from '../../../src/names.ts';
import { parts } from '../builder.ts';
import { insertAfter, now, replace, type Scenario, scenarioList, times } from './steps.ts';

/** Timestamps: the letter T. */
const { add, scenarios } = scenarioList();

const stale: Record<string, [number, number, string]> = {
  future: [61, 361, 'Created is further ahead than the clocks may differ'],
  stale: [-361, 300, 'Created is older than the longest life'],
  expired: [-120, -61, 'Expires has passed'],
  order: [0, -1, 'Expires before Created'],
};
for (const [name, [created, expires, comment]] of Object.entries(stale)) {
  for (const plan of ['calls', 'tls-calls', 'tls-bootstrap', 'tls-answer'] as const) {
    add(plan, `T01-${name}-${plan}`, comment, { unsigned: times(now(created), now(expires)) });
  }
}
add('calls', 'T01-control-long-life', 'Expires in ten years counts for no more than the longest life', {
  unsigned: times(now(0), now(315_360_000)),
});
add('calls', 'T01-control-skew', 'Created within the skew', { unsigned: times(now(59), now(359)) });
const created = '<wsu:Created>2026-11-26T12:00:00.000Z</wsu:Created>';
const expires = '<wsu:Expires>2026-11-26T12:05:00.000Z</wsu:Expires>';
const stamps: Record<string, string> = {
  'two-created': created + created,
  'two-expires': created + expires + expires,
  'no-created': expires,
  empty: '',
  order: expires + created,
  'extra-child': `${created}${expires}<m:x/>`,
  'value-type': `${created.replace('<wsu:Created', '<wsu:Created ValueType="xs:dateTime"')}${expires}`,
  text: `${created}x${expires}`,
  comment: `${created.replace('2026', '20<!-- -->26')}${expires}`,
  'xsi-type': `${created.replace('<wsu:Created', `<wsu:Created xmlns:xsi="${ns.xsi}" xsi:nil="false"`)}${expires}`,
};
for (const [name, children] of Object.entries(stamps)) {
  add('tls-calls', `T02-${name}`, 'a Timestamp that is not Created and Expires', {
    unsigned: replace(created + expires, children),
  });
}
add('tls-calls', 'T02-two-timestamps', 'two Timestamps', {
  unsigned: insertAfter(parts.timestamp, parts.timestamp.replace('"TS"', '"TS2"')),
});
add('tls-calls', 'T03-not-signed', 'the endorsing signature covers To, not the Timestamp', { sign: ['To'] });
add('calls', 'T03-not-signed-message', 'everything is signed but the Timestamp', {
  sign: ['Body', 'To', 'ReplyTo', 'MessageID', 'Action'],
});
for (const plan of ['calls', 'tls-calls', 'tls-bootstrap', 'tls-answer'] as const) {
  add(plan, `T03-absent-${plan}`, 'no Timestamp', {
    unsigned: replace(parts.timestamp, ''),
    sign: plan === 'calls' ? ['Body', 'To', 'ReplyTo', 'MessageID', 'Action'] : ['To'],
  });
}

export const timestamps: readonly Scenario[] = scenarios;
