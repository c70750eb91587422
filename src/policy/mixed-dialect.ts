import { ConfigurationError } from '../errors.ts';
import { dialects } from '../names.ts';
import { type Plan, withMessages } from './plan.ts';

/**
 * A plan whose messages may name derived keys and tokens by another dialect as well: CXF's streaming side writes names
 * of 200512 into messages of February 2005. What the names stand for is the same in both: the label and P_SHA1 that
 * keys are derived by.
 * @throws {SecureConversationError} `CONFIG_INVALID` where its dialect is mixed with no other
 */
export function withMixedDialects(plan: Plan): Plan {
  const { mixesWith } = plan.dialect;
  if (mixesWith === undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${plan.port}: dialect ${plan.dialect.name} is mixed with no other`,
      { hint: 'take acceptMixedDialects away, or dialect' },
    );
  const mixedWith = dialects[mixesWith];
  return withMessages(plan, message => ({ ...message, mixedWith }));
}
