import { ns } from '../../../src/names.ts';
import { now, replace, type Scenario, scenarioList, times } from './steps.ts';

/** Values that are none: the letter P. */
const { add, scenarios } = scenarioList();

add('tls-bootstrap', 'P05-comment-in-username', 'a comment in Username (VU#475445)', {
  unsigned: replace('>alice<', '>al<!-- -->ice<'),
});
add('tls-bootstrap', 'P05-comment-in-password', 'a comment in Password', {
  unsigned: replace('>ecila<', '>ec<!-- -->ila<'),
});
add('tls-calls', 'P05-comment-in-action', 'a comment in wsa:Action', {
  finished: replace('urn:example:Echo<', 'urn:example:Ec<!-- -->ho<'),
});
add('tls-bootstrap', 'P12-xsi-type', 'xsi:type on a token', {
  unsigned: replace('<wsse:UsernameToken', `<wsse:UsernameToken xmlns:xsi="${ns.xsi}" xsi:type="m:x"`),
});
for (const [name, value] of Object.entries({
  'date-only': '2026-11-26',
  'no-zone': '2026-11-26T12:00:00',
  'hour-24': '2026-11-25T24:00:00Z',
  'second-60': '2026-11-26T11:59:60Z',
  'minute-60': '2026-11-26T11:60:00Z',
  'february-30': '2026-02-30T12:00:00Z',
  'year-0': '0000-11-26T12:00:00Z',
  'year-99999': '99999-11-26T12:00:00Z',
  'rfc-822': 'Thu, 26 Nov 2026 12:00:00 GMT',
  'lower-case': '2026-11-26t12:00:00z',
  'space-inside': '2026-11-26 T12:00:00Z',
  'no-break-space': '\u00a02026-11-26T12:00:00Z',
  'offset-without-colon': '2026-11-26T12:00:00+0000',
  'offset-without-minutes': '2026-11-26T12:00:00+00',
  'offset-of-no-place': '2026-11-27T02:01:00+14:01',
  'offset-minute-60': '2026-11-26T12:00:00+00:60',
  'offset-and-zone': '2026-11-26T12:00:00Z+00:00',
  'point-without-fraction': '2026-11-26T12:00:00.Z',
  'comma-before-fraction': '2026-11-26T12:00:00,5Z',
})) {
  add('tls-answer', `P15-${name}`, 'a Created that is no time of the wanted form', {
    unsigned: times(value, now(300)),
  });
}
for (const [name, value] of Object.entries({
  'nine-digits': '2026-11-26T12:00:00.123456789Z',
  'no-fraction': '2026-11-26T12:00:00Z',
  'ten-digits': '2026-11-26T12:00:00.1234567891Z',
  'one-digit': '2026-11-26T12:00:00.5Z',
  space: '\n  2026-11-26T12:00:00Z\t',
  'offset-ahead': '2026-11-26T13:30:00.123+01:30',
  'offset-behind': '2026-11-26T06:00:00-06:00',
  'offset-of-utc': '2026-11-26T12:00:00-00:00',
  'offset-over-midnight': '2026-11-27T02:00:00.1234567+14:00',
})) {
  add('tls-answer', `P15-control-${name}`, 'a Created as others write it', { unsigned: times(value, now(300)) });
}

export const values: readonly Scenario[] = scenarios;
