import type { BootstrapKeys } from '../message/sending-key.ts';
import { type ExchangeParts, exchange, routed } from './exchange.ts';
import { answerActions, callResult, type SessionCall } from './session-call.ts';

/**
 * Calls of a port without a conversation: nothing is opened before the first and kept after it.
 * @param keys of `credentialsOf`
 */
export function plainSession(keys: BootstrapKeys, parts: ExchangeParts) {
  const { plan } = parts;
  return {
    bootstraps: 0,
    renewals: 0,
    contextId: undefined,
    async call({ operation, body, headers = [], address, signal, route }: SessionCall) {
      const exchanged = await exchange(route === undefined ? parts : routed(parts, route), {
        plan: operation,
        addressing: plan.addressing,
        keys,
        context: undefined,
        action: operation.inputAction,
        answerActions: answerActions(operation, plan),
        body,
        headers,
        isForIssuer: false,
        address,
        signal,
      });
      return callResult(exchanged, operation, plan, 0);
    },
    async close() {
      parts.transport.close();
      return false;
    },
  };
}
