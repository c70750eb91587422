import { type Change, echoText } from '../policy/echo-variant.ts';

/* The example's WSDL with a choice in its policies. */

const include = 'sp:IncludeToken="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy/IncludeToken';

/** A certificate in the place of a user name: it signs the Timestamp of the bootstrap. */
export const certificateToken =
  `<sp:EndorsingSupportingTokens><wsp:Policy><sp:X509Token ${include}/AlwaysToRecipient"/></wsp:Policy>` +
  '</sp:EndorsingSupportingTokens>';

/** The port whose bootstrap is proved by a certificate or by a user name, in TLS. */
export const eitherTokenPort = 'EchoTls11';
/** The port that speaks one of two suites. */
export const eitherSuitePort = 'EchoSymmetric';

/** Either a certificate or a user name. */
export const eitherToken: Change = {
  within: `wsu:Id="${eitherTokenPort}_policy"`,
  from: /<sp:SignedSupportingTokens>.*?<\/sp:SignedSupportingTokens>/s,
  to:
    `<wsp:ExactlyOne><wsp:All>${certificateToken}</wsp:All><wsp:All><sp:SignedSupportingTokens><wsp:Policy>` +
    `<sp:UsernameToken ${include}/AlwaysToRecipient"/></wsp:Policy></sp:SignedSupportingTokens></wsp:All>` +
    '</wsp:ExactlyOne>',
};

/** The whole policy of a port once more, changed: it is its second alternative. */
export function onceMore(port: string, change: (policy: string) => string): Change {
  const within = `wsu:Id="${port}_policy"`;
  const text = echoText();
  const [first = ''] = /<wsp:All>.*?<\/wsp:All>/s.exec(text.slice(text.indexOf(within))) ?? [];
  return { within, from: first, to: `${first}${change(first)}` };
}

/** Basic128, or Basic256, in the bootstrap as in the conversation. */
export const eitherSuite = onceMore(eitherSuitePort, policy => policy.replaceAll('<sp:Basic128/>', '<sp:Basic256/>'));
