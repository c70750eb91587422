/** Several alternatives of a policy, as one port serves them: what tells them apart, and what keeps them apart. */
import { createHash } from 'node:crypto';
import {
  type ConversationPlan,
  decryptsUnproven,
  type ExchangePlan,
  hasConversation,
  type MessagePlan,
  type Plan,
  tokenUseOf,
  wantsBasicAuthentication,
  wantsClientCertificate,
} from './plan.ts';
import { formOf } from './request-form.ts';

/**
 * What the conversations of a plan are bound to: `{targetNamespace}Service/Port`, and the alternative that they were
 * begun under, where one of another would not do.
 */
export function contextAudienceOf({ audience, alternative }: ConversationPlan): string {
  return alternative === undefined ? audience : `${audience}#${alternative}`;
}

/**
 * Names in each plan with a conversation what binds its conversations to it; nothing where all of them may be used
 * under any. It is made of what they are begun and protected by, and not of the place in the policy: whoever puts the
 * alternatives into another order lets no conversation change its protection.
 */
export function boundAlternatives<P extends Plan>(plans: readonly P[]): P[] {
  const marks = plans.map(plan => (hasConversation(plan) ? markOf(plan) : undefined));
  const isOne = new Set(marks.filter(mark => mark !== undefined)).size < 2;
  return plans.map((plan, index) =>
    isOne || marks[index] === undefined ? plan : { ...plan, alternative: marks[index] },
  );
}

/**
 * Equal for plans whose conversations are begun alike and may be used under either: who has begun one has proved the
 * same by the same means. Where messages do not derive keys of their own, its key has one use only.
 */
function markOf(plan: ConversationPlan): string {
  const { bootstrap, cancel, entropy, mayCancel, mayRenew, issuer, dialect, suite } = plan;
  const { kind } = cancel.request.protection;
  const hasOwnKeys = tokenUseOf(cancel.request)?.derivedKeys === true;
  const { minKeyBits, maxKeyBits, defaultKeyBits } = suite;
  const means = {
    ...{ entropy, mayCancel, mayRenew, issuer, dialect: dialect.name },
    bootstrap: exchangeMeans(bootstrap),
    key: { minKeyBits, maxKeyBits, defaultKeyBits },
    use: { kind, isHidden: decryptsUnproven(cancel.request), suite: hasOwnKeys ? undefined : suite.name },
  };
  return createHash('sha256').update(sortedText(means)).digest('hex').slice(0, 32);
}

function exchangeMeans({ request, response }: ExchangePlan) {
  return [request, response].map(messageMeans);
}

/** A suite means nothing where nothing is signed or encrypted by it. */
function messageMeans({ suite, dialect: _, mixedWith: __, ...rest }: MessagePlan) {
  const isUsed = rest.protection.kind !== 'transport' || rest.supporting.some(({ endorsing }) => endorsing);
  return { ...rest, suite: isUsed ? suite.name : undefined };
}

/** JSON with members in the order of their names. */
function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}

/**
 * Why a server does not serve alternatives of one port, at their places; undefined for those that it serves. Of two
 * whose requests are alike the first is taken, so that the other is never reached.
 */
export function whyNotServed(plans: readonly Plan[]): readonly (string | undefined)[] {
  const served: number[] = [];
  return plans.map((plan, index) => {
    const like = served.find(other => isMistaken(plan, plans[other] as Plan));
    if (like !== undefined) return `its requests can't be told from those of alternative ${like + 1}`;
    served.push(index);
    return undefined;
  });
}

/** Those that a server serves. */
export function servedAlternatives(plans: readonly Plan[]): readonly Plan[] {
  const reasons = whyNotServed(plans);
  return plans.filter((_, index) => reasons[index] === undefined);
}

/** Whether all that a client of a plan sends, or what it begins with, is taken for requests of an earlier one. */
function isMistaken(plan: Plan, earlier: Plan): boolean {
  if (!hasConversation(plan) || !hasConversation(earlier))
    return !hasConversation(plan) && !hasConversation(earlier) && callsAlike(plan, earlier);
  if (!bootstrapsAlike(plan, earlier)) return false;
  return plan.alternative !== earlier.alternative || callsAlike(plan, earlier);
}

function bootstrapsAlike(plan: ConversationPlan, earlier: ConversationPlan): boolean {
  const mayHaveNone = plan.addressing === undefined && earlier.addressing === undefined;
  const isSpokenAlike = plan.dialect === earlier.dialect;
  const isAddressedAlike = mayHaveNone || plan.trustAddressing === earlier.trustAddressing;
  return isSpokenAlike && isAddressedAlike && isAlike(plan.bootstrap.request, earlier.bootstrap.request);
}

function callsAlike(plan: Plan, earlier: Plan): boolean {
  if (plan.addressing !== earlier.addressing) return false;
  return plan.operations.every(({ name, request }) =>
    earlier.operations.some(other => other.name === name && isAlike(request, other.request)),
  );
}

/** Who shows no certificate in TLS, or no password in HTTP, is not taken for one who has to. */
function isAlike(request: MessagePlan, earlier: MessagePlan): boolean {
  const asks = [wantsClientCertificate, wantsBasicAuthentication];
  if (asks.some(wants => wants(earlier) && !wants(request))) return false;
  return formOf(request) === formOf(earlier);
}
