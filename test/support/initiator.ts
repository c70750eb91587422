import { randomBytes } from 'node:crypto';
import { writeCancelRequest, writeIssueRequest } from '../../src/conversation/token-request.ts';
import { type ConversationToken, parseIssueResponse } from '../../src/conversation/token-response.ts';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { loadPeerCertificate } from '../../src/crypto/x509.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ReceiveKeys } from '../../src/message/protection-key.ts';
import { receive } from '../../src/message/receive.ts';
import { type Outgoing, send } from '../../src/message/send.ts';
import type { ConversationKey, SendKeys } from '../../src/message/sending-key.ts';
import type { ExchangePlan, Plan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { type PortName, plans, type TestNode, user } from './node.ts';
import { pem } from './pem.ts';

export const timestampTtlMs = 300_000;
const random = randomBytesPooled;

export function planOf(port: PortName): Plan {
  const plan = plans.find(candidate => candidate.port === port);
  if (plan === undefined) throw new TypeError(`no port ${port}`);
  return plan;
}

/** A conversation as a client without any manners holds it: it writes whatever a test wants. */
export interface Conversation {
  readonly port: PortName;
  readonly plan: Plan;
  readonly token: ConversationToken;
  readonly keys: ConversationKey;
  /** Text of the State element. */
  readonly state: string;
}

/** What a test changes of a message, each before it is signed. */
export interface Change {
  readonly nowMs?: number;
  readonly action?: string;
  readonly to?: string | undefined;
  readonly messageId?: string;
  readonly replyToAnonymous?: boolean;
  /** The one child of the Body. */
  readonly content?: string;
}

export const echo = 'urn:soap-secure-conversation:echo';
export const echoAction = `${echo}/EchoPortType/Echo`;
export const addAction = `${echo}/EchoPortType/Add`;
export const echoContent = (text: string) => `<Echo xmlns="${echo}"><text>${text}</text></Echo>`;
export const addContent = `<Add xmlns="${echo}"><a>2</a><b>3</b></Add>`;

function write(plan: Plan, exchange: ExchangePlan, keys: SendKeys, nowMs: number, out: Outgoing) {
  const versions = { soap: plan.soap, addressing: plan.addressing };
  return send(exchange.request, versions, keys, out, { nowMs, random, timestampTtlMs });
}

function outgoing(plan: Plan, action: string, content: string, change: Change): Outgoing {
  const to = 'to' in change ? change.to : plan.address;
  return {
    action: change.action ?? action,
    ...(to === undefined ? {} : { to }),
    ...(change.messageId === undefined ? {} : { messageId: change.messageId }),
    replyToAnonymous: change.replyToAnonymous ?? true,
    body: { declarations: '', content: change.content ?? content },
  };
}

/** The bootstrap of a port, and what its answer is read with. */
export function issueRequest(
  port: PortName,
  { nowMs = Date.now(), credentials = user, ...change }: Change & { credentials?: typeof user } = {},
) {
  const plan = planOf(port);
  const entropy = randomBytes(32);
  const body = writeIssueRequest(plan.dialect, plan.suite.defaultKeyBits, entropy);
  const recipient = loadPeerCertificate(pem.service.certificate);
  const out = outgoing(plan, plan.dialect.requestAction.issue, body.content, change);
  const sent = write(plan, plan.bootstrap, { tokens: { username: credentials }, recipient }, nowMs, out);
  return { plan, entropy, sent };
}

/** Verifies what a service answered. */
export async function readAnswer(text: string, exchange: ExchangePlan, keys: ReceiveKeys, nowMs = Date.now()) {
  const options = { nowMs, clockSkewMs: 60_000, timestampTtlMs, random };
  return receive(readMessage(Buffer.from(text)), exchange.response, keys, options);
}

/** Opens a conversation over whatever carries the messages. */
export async function converse(
  port: PortName,
  post: (message: string) => Promise<{ readonly body: string | undefined }>,
  nowMs = Date.now(),
): Promise<Conversation> {
  const { plan, entropy, sent } = issueRequest(port, { nowMs });
  const { body } = await post(sent.text);
  const verified = await readAnswer(body ?? '', plan.bootstrap, { encryptedKey: sent.encryptedKey }, nowMs);
  const token = parseIssueResponse(verified.content, plan.dialect, entropy, plan.suite.defaultKeyBits);
  const { id, instance, secret } = token;
  const state = /<k:State[^>]*>([^<]*)</.exec(token.token)?.[1] ?? '';
  return {
    port,
    plan,
    token,
    keys: { id, instance, keys: contextKeys(secret), token: token.token, reference: token.attachedReference },
    state,
  };
}

/** Opens a conversation with one node. */
export function converseWith(node: TestNode, port: PortName, nowMs?: number): Promise<Conversation> {
  return converse(port, message => node.post(port, message), nowMs);
}

/** A call of Echo, signed and encrypted as the policy says, whatever was changed. */
export function call(conversation: Conversation, change: Change = {}): string {
  const { plan, keys } = conversation;
  const operation = plan.operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new TypeError('no operation Echo');
  const out = outgoing(plan, operation.inputAction, echoContent('hello'), change);
  return write(plan, operation, { context: keys }, change.nowMs ?? Date.now(), out).text;
}

/** A Cancel that `conversation` signs, of itself or of another one. */
export function cancel(conversation: Conversation, change: Change & { readonly target?: Conversation } = {}): string {
  const { plan, keys, token } = conversation;
  const { content } = writeCancelRequest(plan.dialect, (change.target?.token ?? token).unattachedReference);
  const out = outgoing(plan, plan.dialect.requestAction.cancel, content, change);
  return write(plan, plan.cancel, { context: keys }, change.nowMs ?? Date.now(), out).text;
}

/**
 * A request to Renew or to Amend the conversation, which signs it (WS-SecureConversation 1.3 §4, §5): a Renew names it
 * as the target, an Amend asks for a token once more.
 */
export function trustRequest(conversation: Conversation, request: 'renew' | 'amend', change: Change = {}): string {
  const { plan, keys, token } = conversation;
  const { wst, sct, requestType, requestAction } = plan.dialect;
  const target = request === 'renew' ? `<t:RenewTarget>${token.unattachedReference}</t:RenewTarget>` : '';
  const content =
    `<t:RequestSecurityToken xmlns:t="${wst}"><t:TokenType>${sct}</t:TokenType>` +
    `<t:RequestType>${requestType[request]}</t:RequestType>${target}</t:RequestSecurityToken>`;
  const out = outgoing(plan, requestAction[request], content, change);
  return write(plan, plan.cancel, { context: keys }, change.nowMs ?? Date.now(), out).text;
}

/** A message with another text in the place of a part of it, which must be there. */
export function replaced(message: string, from: string | RegExp, to: string): string {
  const changed = message.replace(from, () => to);
  if (changed === message) throw new TypeError(`nothing to replace: ${from}`);
  return changed;
}

/** A call with another text in its State element. */
export function withState(conversation: Conversation, state: string, change: Change = {}): string {
  return replaced(call(conversation, change), `>${conversation.state}<`, `>${state}<`);
}
