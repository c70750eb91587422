import type { Awaitable } from '../awaitable.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import type { SendKeys } from '../message/sending-key.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Verified } from '../message/verified.ts';
import { type AddressingVersion, spoken, type TrustRequest } from '../names.ts';
import type { ConversationPlan, ExchangePlan, MessagePlan, OperationPlan, Plan } from '../policy/plan.ts';
import { certificateOf } from '../security/binary-token.ts';
import { rsaSigner } from '../security/signature.ts';
import { certificateIn } from '../security/supporting-tokens.ts';
import { writeContextReference } from '../security/token-reference.ts';
import { type FoundState, keysOf } from '../state/state-mode.ts';
import type { Element } from '../xml/tree.ts';
import type { Proof } from './proof.ts';

/** What is answered to a verified request: a Body to be protected by the exchange's response plan. */
export interface Reply {
  readonly action: string;
  readonly body: OutgoingBody;
  /** Header blocks of the user's; default: none. */
  readonly headers?: readonly Element[];
  readonly keys: SendKeys;
  readonly isFault: boolean;
  /** Of HTTP; default: 500 for a fault, else 200. */
  readonly status?: number;
  /** The operation that was called; absent: none was. */
  readonly operation?: OperationPlan;
}

/** A one-way request that is being done: nothing is answered. */
export interface Accepted {
  readonly body: undefined;
  readonly isFault: false;
  readonly operation: OperationPlan;
}

/** One kind of exchange: how its request and response are protected, and what is done with the verified request. */
export interface Exchange {
  readonly plan: ExchangePlan;
  /** Version of WS-Addressing that its messages have; undefined: none. */
  readonly addressing: AddressingVersion | undefined;
  /** Whether it has no answer but a fault. */
  readonly isOneWay: boolean;
  /** Whether it asks the issuer of the conversation: for a token, or about one. */
  readonly isForIssuer: boolean;
  perform(proof: Proof): Awaitable<Reply | Accepted>;
}

/** The answer to a bootstrap, or to what is protected like one. */
export function tokenReply(
  request: TrustRequest,
  body: OutgoingBody,
  verified: Verified,
  { dialect, bootstrap }: ConversationPlan,
): Reply {
  // What begins a conversation is encrypted.
  const keys = loneAnswerKeys(verified, bootstrap.response, []);
  return { action: spoken(dialect.responseAction[request]), body, keys, isFault: false };
}

/**
 * The keys of an answer of no conversation, to a bootstrap or to a call that stands by itself: the key that the request
 * carried, or those of the two certificates of the request: the one that signed it, and the one that it was encrypted
 * to.
 * @param ownCertificates of which the first signs the answer to a request that is encrypted to none
 */
export function loneAnswerKeys(
  { encryptedKey, tokens }: Verified,
  { protection, suite }: MessagePlan,
  ownCertificates: readonly OwnCertificate[],
): SendKeys {
  if (protection.kind !== 'asymmetric') return { encryptedKey };
  const claims = certificateIn(tokens);
  const [recipient, own] = [claims && certificateOf(claims), encryptedKey?.recipient ?? ownCertificates[0]];
  if (recipient === undefined || own === undefined) throw new TypeError('a request without its certificates');
  const certificate = own.certificate.raw;
  return {
    recipient,
    tokens: { x509: protection.signature.include === 'path' ? { certificate, issuers: [] } : { certificate } },
    signingKeys: { x509: rsaSigner(own.privateKey, suite.asymmetricSignature) },
  };
}

/** The keys of an answer inside the conversation: the token is not sent back, only referred to by its names. */
export function answerKeys(found: FoundState, plan: Plan): SendKeys {
  const { id, instance } = found.context;
  const reference = writeContextReference(plan.dialect, id, instance);
  return { context: { id, instance, keys: keysOf(found), token: undefined, reference } };
}
