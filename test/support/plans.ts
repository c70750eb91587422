/** Plans of ports that are called in a conversation, as most tests want them. */
import * as compile from '../../src/policy/compile.ts';
import { type ConversationPlan, hasConversation, type Plan } from '../../src/policy/plan.ts';
import type { ServedPort } from '../../src/server/port.ts';
import { type ConversationPort, isInConversation } from '../../src/server/port.ts';

/** @throws {TypeError} for a port without a conversation */
export function inConversation(plan: Plan): ConversationPlan {
  if (hasConversation(plan)) return plan;
  throw new TypeError(`port ${plan.port} has no conversation`);
}

export function planOf(...port: Parameters<typeof compile.planOf>): ConversationPlan {
  return inConversation(compile.planOf(...port));
}

export function compilePolicy(...wsdl: Parameters<typeof compile.compilePolicy>): ConversationPlan[] {
  return compile.compilePolicy(...wsdl).map(inConversation);
}

/** @throws {TypeError} for none, and one without a conversation */
export function conversationPort(port: ServedPort | undefined): ConversationPort {
  if (port !== undefined && isInConversation(port)) return port;
  throw new TypeError(port === undefined ? 'no such port' : `port ${port.plan.port} has no conversation`);
}
