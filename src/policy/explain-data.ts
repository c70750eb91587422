/** A plan as data, for `policy explain --json`: what explain.ts says in words. */
import { contextAudienceOf, whyNotServed } from './alternatives.ts';
import type { PortAlternatives } from './compile.ts';
import { whyNotCalled } from './offered.ts';
import { type ExchangePlan, hasConversation, type MessagePlan, type Plan } from './plan.ts';
import { stockShapeOf } from './stock-shape.ts';
import { weaknessesOf } from './weaknesses.ts';

/** What the policy of a port leaves to choose from. */
export function explainedAlternatives({ plans, leftOut }: PortAlternatives) {
  const reasons = whyNotServed(plans);
  const alternatives = plans.map((plan, index) => {
    const { [index]: notServed } = reasons;
    return { ...explainedPlan(plan), served: notServed === undefined, notServed: notServed ?? null };
  });
  return { alternatives, leftOut };
}

function explainedPlan(plan: Plan) {
  const { service, port, address, transport } = plan;
  const conversation = hasConversation(plan) ? plan : undefined;
  const audience = conversation === undefined ? plan.audience : contextAudienceOf(conversation);
  const { issuer, entropy = null, mayCancel = null, mayRenew = null } = conversation ?? {};
  return {
    ...{ service, port, address, issuer, audience, transport },
    isUnprotected: plan.isUnprotected ?? false,
    soap: plan.soap.name,
    addressing: plan.addressing?.name ?? null,
    trustAddressing: conversation?.trustAddressing.name ?? null,
    dialect: plan.dialect.name,
    suite: plan.suite.name,
    ...{ entropy, mayCancel, mayRenew },
    like: stockShapeOf(plan),
    weak: weaknessesOf(plan),
    notCalled: whyNotCalled(plan) ?? null,
    bootstrap: explainedExchange(conversation?.bootstrap),
    renew: explainedExchange(conversation?.mayRenew ? conversation.renew : undefined),
    cancel: explainedExchange(conversation?.cancel),
    operations: plan.operations.map(operation => {
      const { name, input, output = null, soapAction, inputAction, outputAction } = operation;
      return { name, input, output, soapAction, inputAction, outputAction, ...explainedMessages(operation) };
    }),
  };
}

function explainedExchange(exchange: ExchangePlan | undefined) {
  return exchange === undefined ? null : explainedMessages(exchange);
}

function explainedMessages({ request, response }: ExchangePlan) {
  return { request: explainedMessage(request), response: explainedMessage(response) };
}

function explainedMessage({ suite, dialect: _, mixedWith: __, ...rest }: MessagePlan) {
  return { suite: suite.name, ...rest };
}
