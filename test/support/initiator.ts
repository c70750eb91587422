import { randomBytes } from 'node:crypto';
import { writeCancelRequest, writeIssueRequest, writeRenewRequest } from '../../src/conversation/token-request.ts';
import { type ConversationToken, parseIssueResponse } from '../../src/conversation/token-response.ts';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { loadPeerCertificate } from '../../src/crypto/x509.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ReceiveKeys } from '../../src/message/protection-key.ts';
import { receive } from '../../src/message/receive.ts';
import { type Outgoing, send } from '../../src/message/send.ts';
import type { ConversationKey, SendKeys } from '../../src/message/sending-key.ts';
import { spoken } from '../../src/names.ts';
import type { ConversationPlan, ExchangePlan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { type PortName, plans, type TestNode, user } from './node.ts';
import { pem } from './pem.ts';

export const timestampTtlMs = 300_000;
/** The service, as clients know it. */
const recipient = loadPeerCertificate(pem.service.certificate);
const random = randomBytesPooled;

export function planOf(port: PortName): ConversationPlan {
  const plan = plans.find(candidate => candidate.port === port);
  if (plan === undefined) throw new TypeError(`no port ${port}`);
  return plan;
}

/** A conversation as a client without any manners holds it: it writes whatever a test wants. */
export interface Conversation {
  readonly port: PortName;
  readonly plan: ConversationPlan;
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

function write(plan: ConversationPlan, exchange: ExchangePlan, keys: SendKeys, nowMs: number, out: Outgoing) {
  const versions = { soap: plan.soap, addressing: plan.addressing };
  return send(exchange.request, versions, keys, out, { nowMs, random, timestampTtlMs });
}

function outgoing(plan: ConversationPlan, action: string, content: string, change: Change): Outgoing {
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
  {
    nowMs = Date.now(),
    credentials = user,
    plan = planOf(port),
    ...change
  }: Change & { credentials?: typeof user; plan?: ConversationPlan } = {},
) {
  const entropy = randomBytes(32);
  const body = writeIssueRequest(plan.dialect, plan.suite.defaultKeyBits, entropy);
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
  credentials = user,
  told = planOf(port),
): Promise<Conversation> {
  const { plan, entropy, sent } = issueRequest(port, { nowMs, credentials, plan: told });
  const { body } = await post(sent.text);
  const verified = await readAnswer(body ?? '', plan.bootstrap, { encryptedKey: sent.encryptedKey }, nowMs);
  return conversationOf(
    port,
    plan,
    parseIssueResponse(verified.content, plan.dialect, entropy, plan.suite.defaultKeyBits),
  );
}

function conversationOf(port: PortName, plan: ConversationPlan, token: ConversationToken): Conversation {
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
export function converseWith(
  node: TestNode,
  port: PortName,
  nowMs?: number,
  credentials?: typeof user,
): Promise<Conversation> {
  return converse(port, message => node.post(port, message), nowMs, credentials);
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
  const out = outgoing(plan, spoken(plan.dialect.requestAction.cancel), content, change);
  return write(plan, plan.cancel, { context: keys }, change.nowMs ?? Date.now(), out).text;
}

/** A Cancel that is protected as the bootstrap, by the user alone: its target is the whole token, as CXF's. */
export function cancelByUser(
  { plan, token }: Pick<Conversation, 'plan' | 'token'>,
  change: Change & { readonly credentials?: typeof user; readonly target?: string } = {},
): string {
  const { credentials = user, target = token.token, nowMs = Date.now() } = change;
  const { content } = writeCancelRequest(plan.dialect, target);
  const out = outgoing(plan, spoken(plan.dialect.requestAction.cancel), content, change);
  const keys = { tokens: { username: credentials }, recipient };
  return write(plan, plan.bootstrap, keys, nowMs, out).text;
}

/** A request to Amend the conversation, which signs it (WS-SecureConversation 1.3 §4): it asks for a token again. */
export function amend(conversation: Conversation, change: Change = {}): string {
  const { plan, keys } = conversation;
  const { wst, sct, requestType, requestAction } = plan.dialect;
  const content =
    `<t:RequestSecurityToken xmlns:t="${wst}"><t:TokenType>${sct}</t:TokenType>` +
    `<t:RequestType>${requestType.amend}</t:RequestType></t:RequestSecurityToken>`;
  const out = outgoing(plan, spoken(requestAction.amend), content, change);
  return write(plan, plan.cancel, { context: keys }, change.nowMs ?? Date.now(), out).text;
}

/** What a test changes of a Validate: credentials, signer and target as in a Renew. */
export type ValidateChange = RenewChange & { readonly tokenType?: string | undefined };

/** A Validate: proved by the key it names the conversation by a reference, by the user alone it has the whole token. */
export function validateRequest(conversation: Conversation, proof: Proof, change: ValidateChange = {}) {
  const { plan, token } = conversation;
  const { wst, statusType, requestType, requestAction } = plan.dialect;
  const { credentials = user, signer = conversation, nowMs = Date.now() } = change;
  const target = change.target ?? (proof === 'key' ? token.unattachedReference : token.token);
  const tokenType = 'tokenType' in change ? change.tokenType : statusType;
  const type = tokenType === undefined ? '' : `<t:TokenType>${tokenType}</t:TokenType>`;
  const content =
    `<t:RequestSecurityToken xmlns:t="${wst}">${type}` +
    `<t:RequestType>${requestType.validate}</t:RequestType>${change.more ?? ''}` +
    `<t:ValidateTarget>${target}</t:ValidateTarget></t:RequestSecurityToken>`;
  const out = outgoing(plan, spoken(requestAction.validate), content, change);
  const keys = { tokens: { username: credentials }, recipient };
  return proof === 'key'
    ? write(plan, plan.cancel, { context: signer.keys }, nowMs, out)
    : write(plan, plan.bootstrap, keys, nowMs, out);
}

/** What a test changes of a Renew. */
export interface RenewChange extends Change {
  readonly credentials?: typeof user;
  /** The conversation whose key signs; default: the one that is renewed. */
  readonly signer?: Conversation;
  /** Text of the RenewTarget's content. */
  readonly target?: string;
  /** Elements before the RenewTarget, in the namespace of WS-Trust by the prefix t. */
  readonly more?: string;
}

/** How a Renew is proved: with the conversation's key beside the user's, or by the user alone. */
export type Proof = 'key' | 'user';

/** The proofs that the ports take. */
export const renewals: readonly (readonly [PortName, Proof])[] = [
  ['EchoTls11', 'key'],
  ['EchoTls11', 'user'],
  ['EchoTls13', 'key'],
  ['EchoTls13', 'user'],
  ['EchoSymmetric', 'key'],
  ['EchoSymmetric', 'user'],
];

/** A Renew: proved by the key it names the conversation by a reference, as WCF; by the user alone it has the token. */
export function renewRequest(conversation: Conversation, proof: Proof, change: RenewChange = {}) {
  const { plan, token } = conversation;
  const { credentials = user, signer = conversation, nowMs = Date.now() } = change;
  const entropy = randomBytes(32);
  const target = change.target ?? (proof === 'key' ? token.unattachedReference : token.token);
  const { content } = writeRenewRequest(plan.dialect, plan.suite.defaultKeyBits, entropy, target);
  const body = content.replace('<t:RenewTarget>', start => `${change.more ?? ''}${start}`);
  const out = outgoing(plan, spoken(plan.dialect.requestAction.renew), body, change);
  const keys = { tokens: { username: credentials }, recipient };
  const sent =
    proof === 'key'
      ? write(plan, plan.renew, { ...keys, context: signer.keys }, nowMs, out)
      : write(plan, plan.bootstrap, keys, nowMs, out);
  return { plan, entropy, sent };
}

/** Renews a conversation at one node. @returns its new Instance */
export async function renew(
  node: { post(port: PortName, message: string): Promise<{ readonly body: string | undefined }> },
  conversation: Conversation,
  proof: Proof,
  change: RenewChange = {},
): Promise<Conversation> {
  const { port } = conversation;
  const { plan, entropy, sent } = renewRequest(conversation, proof, change);
  const { body } = await node.post(port, sent.text);
  const verified = await readAnswer(body ?? '', plan.bootstrap, { encryptedKey: sent.encryptedKey }, change.nowMs);
  if (verified.addressing?.action !== plan.dialect.responseAction.renew) throw new TypeError('not renewed');
  return conversationOf(
    port,
    plan,
    parseIssueResponse(verified.content, plan.dialect, entropy, plan.suite.defaultKeyBits),
  );
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
