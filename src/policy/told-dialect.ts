import { ConfigurationError } from '../errors.ts';
import { type AddressingVersion, addressingVersions, dialects, type GivenDialectName } from '../names.ts';
import type { PortAlternatives } from './compile.ts';
import { withMixedDialects } from './mixed-dialect.ts';
import { hasConversation, type MessagePlan, type Parts, type Plan, type QName, withMessages } from './plan.ts';

/** What a port is told of dialects beside its policy. */
export interface ToldDialects {
  readonly dialect?: GivenDialectName | undefined;
  readonly acceptMixedDialects?: boolean | undefined;
}

/**
 * The plan of a port that was told of dialects.
 * @throws {SecureConversationError} `CONFIG_INVALID` for what its dialect does not have, or for a port without one
 */
export function withToldDialects(plan: Plan, { dialect, acceptMixedDialects }: ToldDialects): Plan {
  const spoken = dialect === undefined ? plan : withDialect(plan, dialect);
  return acceptMixedDialects ? withMixedDialects(spoken) : spoken;
}

/**
 * What the policy of a port leaves to choose from, where it was told of a dialect; undefined: it was not.
 * @throws {SecureConversationError} as {@link withToldDialects}
 */
export function alternativesIn(alternatives: PortAlternatives, dialect: GivenDialectName | undefined) {
  const [first, ...others] = alternatives.plans;
  const told = (plan: Plan): Plan => withToldDialects(plan, { dialect });
  return { ...alternatives, plans: [told(first), ...others.map(told)] } satisfies PortAlternatives;
}

/**
 * A plan in a dialect that no policy can ask for. WS-Addressing is the one that goes with it, where the policy has any;
 * the headers that the policy has signed are those of that version. What the dialect has no names for is not offered.
 * @throws {SecureConversationError} `CONFIG_INVALID` for a port without a conversation
 */
export function withDialect(plan: Plan, name: GivenDialectName): Plan {
  if (!hasConversation(plan))
    throw new ConfigurationError('CONFIG_INVALID', `port ${plan.port} has no conversation: it speaks no dialect`, {
      hint: `take dialect ${name} away from it`,
    });
  const dialect = dialects[name];
  const version = dialect.addressing && addressingVersions[dialect.addressing];
  const inDialect = (message: MessagePlan): MessagePlan => ({ ...withAddressing(message, version), dialect });
  return {
    ...withMessages(plan, inDialect),
    dialect,
    addressing: plan.addressing && (version ?? plan.addressing),
    trustAddressing: version ?? plan.trustAddressing,
    mayCancel: plan.mayCancel && dialect.requestAction.cancel !== undefined,
    mayRenew: plan.mayRenew && dialect.requestAction.renew !== undefined,
  };
}

const namespaces: ReadonlySet<string> = new Set(Object.values(addressingVersions).map(({ namespace }) => namespace));

/** A message whose parts are named by another version of WS-Addressing; undefined: as they are. */
function withAddressing(message: MessagePlan, version: AddressingVersion | undefined): MessagePlan {
  if (version === undefined) return message;
  const { namespace } = version;
  const renamed = (name: QName): QName => (namespaces.has(name.namespace) ? { ...name, namespace } : name);
  const inVersion = (parts: Parts): Parts => ({ ...parts, headers: distinct(parts.headers.map(renamed)) });
  const supporting = message.supporting.map(token =>
    token.endorsing && token.parts !== undefined ? { ...token, parts: inVersion(token.parts) } : token,
  );
  return { ...message, supporting, signed: inVersion(message.signed), encrypted: inVersion(message.encrypted) };
}

/** Policies list the headers of several versions: in one, each stands once. */
function distinct(names: readonly QName[]): readonly QName[] {
  const keys = names.map(({ namespace, local }) => `${namespace} ${local}`);
  return names.filter((_, index) => keys.indexOf(keys[index] ?? '') === index);
}
