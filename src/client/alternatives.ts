import { ConfigurationError } from '../errors.ts';
import { checkOffered } from '../policy/offered.ts';
import type { Plan } from '../policy/plan.ts';
import { type CredentialSettings, credentialsOf } from './credentials.ts';

/** What a client was given to prove who it is, and to know the service by. */
export type GivenCredentials = Omit<CredentialSettings, 'plan'>;

/**
 * The first alternative of a port's policy that a client can do: its operations can be called, and what it asks for was
 * given. Nothing that the service says, and no answer of it, makes a client take another.
 * @param plans the alternatives, in the policy's order
 * @throws {SecureConversationError} `CONFIG_INVALID` saying for each alternative why it can't be taken;
 * `CERTIFICATE_INVALID` for a certificate or key that can't be used
 */
export function firstUsable(plans: readonly [Plan, ...Plan[]], given: GivenCredentials): Plan {
  const [first, ...others] = plans;
  // What a port without a choice lacks is said where it is used.
  if (others.length === 0) return first;
  const reasons: string[] = [];
  for (const plan of plans) {
    const reason = unusable({ ...given, plan });
    if (reason === undefined) return plan;
    reasons.push(`${reasons.length + 1}: ${reason}`);
  }
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `none of the ${plans.length} alternatives of port ${first.port} can be used; ${reasons.join('; ')}`,
    { hint: 'give the credentials that one of them asks for' },
  );
}

function unusable(settings: CredentialSettings): string | undefined {
  try {
    checkOffered(settings.plan);
    credentialsOf(settings);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code === 'CERTIFICATE_INVALID') throw error;
    return error.message;
  }
}
