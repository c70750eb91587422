import { dialects } from '../names.ts';
import { type ExchangePlan, hasConversation, type MessagePlan, type Plan } from './plan.ts';

/**
 * A plan whose messages may name derived keys and tokens by another dialect as well: CXF's streaming side writes names
 * of 200512 into messages of February 2005. What the names stand for is the same in both: the label and P_SHA1 that
 * keys are derived by.
 */
export function withMixedDialects(plan: Plan): Plan {
  const mixedWith = dialects[plan.dialect.mixesWith];
  const mixed = (message: MessagePlan): MessagePlan => ({ ...message, mixedWith });
  const exchange = <E extends ExchangePlan>(of: E): E => ({
    ...of,
    request: mixed(of.request),
    response: mixed(of.response),
  });
  const operations = plan.operations.map(exchange);
  if (!hasConversation(plan)) return { ...plan, operations };
  const { bootstrap, renew, cancel } = plan;
  return { ...plan, operations, bootstrap: exchange(bootstrap), renew: exchange(renew), cancel: exchange(cancel) };
}
