import { type Awaitable, after } from '../awaitable.ts';
import { CallerGone, Overload, Refusal, refuse, refuseFor, Unauthorized, Unproven } from '../errors.ts';
import { anyPlace, type Place, placeFor } from '../message/large-messages.ts';
import { EnvelopeRefusal, type Message, readMessage } from '../message/message.ts';
import { contextName } from '../message/protection-key.ts';
import { receive, spendKey } from '../message/receive.ts';
import { type Sent, send } from '../message/send.ts';
import type { Verified } from '../message/verified.ts';
import { expandedName } from '../names.ts';
import { contextAudienceOf } from '../policy/alternatives.ts';
import { decryptsUnproven, type ExchangePlan, hasConversation } from '../policy/plan.ts';
import { printable } from '../printable.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import { type Addressing, addressingHeader, destinationOf, lacksHeader } from '../soap/addressing.ts';
import { contentTypeOf } from '../soap/envelope-writer.ts';
import { writeFault } from '../soap/fault.ts';
import type { ContextToken, FoundState } from '../state/state-mode.ts';
import { passedLimit } from '../xml/passed-limit.ts';
import { type Chosen, choose } from './alternatives.ts';
import { basicClaims } from './basic-authentication.ts';
import { certificateKey, type Requester, tlsCertificate } from './client-certificates.ts';
import { exchangeFor } from './exchange.ts';
import { foundText, type Known, requestLine } from './known.ts';
import type { PortParts, ServedPort } from './port.ts';
import { claimMessage, type Proof } from './proof.ts';
import type { Relay } from './relay.ts';
import type { Exchange, Reply } from './reply.ts';
import { failureTime } from './unproven.ts';

/**
 * What goes back over HTTP. `body` undefined: nothing is said (no envelope could be read, or the request wants no
 * answer).
 */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  /** Whether each character of `body` is an octet; default: it is text, and goes out as UTF-8. */
  readonly isOctets?: true;
  /** Whether the connection ends with it, although a whole request was read; default: no. */
  readonly isLast?: true;
  /** Seconds after which the same message is worth another try. */
  readonly retryAfterS?: number;
  /** Whether it asks for user name and password (WWW-Authenticate); default: no. */
  readonly asksForPassword?: true;
}

/**
 * The server's pipeline: bytes of one request in, bytes of its answer out.
 *
 * A node that issues nothing itself hands requests for tokens on as they are, by what stands in clear: the Action that
 * would choose their plan here. Nothing of them is proved before; each check of them is the issuer's.
 *
 * read → choose the alternative and the exchange → receive (keys, signature, replay, decryption, digests, plan) →
 * addressing → claim it in the farm → perform → send. Every refusal on the way is answered with the constant fault of
 * its class; nothing a peer sends makes this throw or reject.
 * @param soapAction value of the HTTP SOAPAction header or `action` parameter, where there is one
 * @param place of a message that may be large; default: it waits for none
 * @param known gets what is proved of it on the way
 * @returns undefined where the caller went away before its turn came: nothing was done for it
 */
export function answerMessage(
  bytes: Uint8Array,
  soapAction: string | undefined,
  port: ServedPort,
  caller: Requester,
  place: Place = anyPlace,
  known: Known = {},
): Awaitable<HttpAnswer | undefined> {
  const beganMs = port.parts.steadyClock();
  // The alternative that a message is held to speaks to its sender from then on.
  let held = port;
  const failed = (error: unknown) =>
    error instanceof CallerGone ? dropped(held, known) : answerFault(error, known, held, caller);
  try {
    const message = readMessage(bytes, port.parts.limits());
    known.message = message;
    if (message.envelope.soap !== port.plan.soap) refuse('versionMismatch', 'soap-version');
    const { relay } = port.parts;
    const chosen =
      port.others === undefined
        ? { port, exchange: exchangeFor(message, soapAction, port) }
        : choose(message, soapAction, port, caller);
    const answered = after<Chosen, HttpAnswer>(chosen, ({ port: served, exchange, found }) => {
      held = served;
      return relay !== undefined && exchange.isForIssuer
        ? relayed(bytes, actionRelayed(message, soapAction, exchange, held), held, relay, caller)
        : performed(message, soapAction, { port: served, exchange, found }, { caller, beganMs, place, known });
    });
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
}

/**
 * A one-way request that is being done: no envelope goes back (SOAP 1.2 Part 2 §7.5.1.2; WS-I Basic Profile 1.2 R2714).
 */
const accepted: HttpAnswer = { status: 202, contentType: undefined, body: undefined };

/** What asks the issuer is its affair alone: the message goes to it, and its answer back, octet for octet. */
async function relayed(
  bytes: Uint8Array,
  action: string,
  { plan, addresses: { path }, parts }: ServedPort,
  relay: Relay,
  caller: Requester,
): Promise<HttpAnswer> {
  const answer = await relay.send({ bytes, path, soap: plan.soap, action }, caller);
  parts.counters.relayed();
  return answer;
}

/** The action of a message that goes to the issuer: where it has no addressing headers, that of HTTP. */
function actionRelayed(
  { addressing }: Message,
  soapAction: string | undefined,
  exchange: Exchange,
  port: ServedPort,
): string {
  checkAddressing(addressing, soapAction, exchange, port);
  return addressing?.action ?? soapAction ?? '';
}

/** Who asks, since when by the steady clock, and what is known of it. */
interface Asked {
  readonly caller: Requester;
  readonly beganMs: number;
  /** Taken for the answer where that is large, as the request may have done. */
  readonly place: Place;
  readonly known: Known;
}

/** The answer of an exchange that is done here. */
function performed(
  message: Message,
  soapAction: string | undefined,
  { port, exchange, found }: Chosen,
  { caller, beganMs, place, known }: Asked,
): Awaitable<HttpAnswer> {
  const { parts } = port;
  const spent: string[] = [];
  const spend = (key: string) => {
    spent.push(key);
    return parts.spend(key);
  };
  return after(proven(message, exchange, { port, caller, spend, known, found }), proof => {
    const { addressing } = proof.verified;
    checkAddressing(addressing, soapAction, exchange, port);
    const reply = after(claimAll(spent, port), () => exchange.perform(proof));
    const ready = after(reply, done => after(placeFor(done.body?.content.length ?? 0, place), () => done));
    return after(ready, done => {
      const isSilent = done.body === undefined || isUnwanted(done, addressing);
      const answer = isSilent ? accepted : protect(done, exchange.plan, proof.verified, port);
      if (done.operation !== undefined)
        parts.counters.answered(port.plan, done.operation, done.isFault, parts.steadyClock() - beganMs);
      return answer;
    });
  });
}

/** Claims the message by each key that it was spent by here. */
function claimAll([key, ...others]: readonly string[], port: ServedPort): Awaitable<void> {
  return key === undefined ? undefined : after(claimMessage(key, port), () => claimAll(others, port));
}

/** Whether the sender says that the answer is to go nowhere (WS-Addressing 1.0 Core §2.1; SOAP Binding §5.1). */
function isUnwanted({ isFault }: Pick<Reply, 'isFault'>, addressing: Addressing | undefined): boolean {
  if (addressing?.version.none === undefined) return false;
  return destinationOf(addressing, isFault) === addressing.version.none;
}

/** Where a message came in, from whom, and how it is spent against replays. */
interface Reception {
  readonly port: ServedPort;
  readonly caller: Requester;
  readonly spend: PortParts['spend'];
  readonly known: Known;
  /** The conversation of its token, where that was looked for already. */
  readonly found: FoundState | undefined;
}

function proven(message: Message, exchange: Exchange, reception: Reception): Awaitable<Proof> {
  const { port, caller, known } = reception;
  const { request: messagePlan } = exchange.plan;
  const basic = basicClaims(messagePlan, caller);
  return after(tlsCertificate(messagePlan, port, caller), certificate =>
    after(received(message, exchange, reception), verified => {
      known.verified = verified;
      // One that belongs to a certificate of TLS is told from others by who uses it.
      if (certificate === undefined && verified.context !== undefined) known.context = verified.context.context;
      return { verified, messagePlan, tlsCertificate: certificate, basic, caller, known };
    }),
  );
}

function received(message: Message, exchange: Exchange, { port, caller, spend, found }: Reception) {
  const { parts, plan, state } = port;
  if (decryptsUnproven(exchange.plan.request)) parts.unproven.admit(caller);
  const nowMs = parts.clock();
  const audience = hasConversation(plan) ? contextAudienceOf(plan) : plan.audience;
  const findContext = (token: ContextToken) => found ?? state.find(token, audience, nowMs);
  return receive(
    message,
    exchange.plan.request,
    {
      ownCertificates: parts.ownCertificates,
      findContext,
      findTokenKey: (token, suite) => certificateKey(token, suite, port, caller),
      knownCertificates: port.trust?.known ?? [],
      inTurn: work => parts.openKey(work, caller),
    },
    {
      nowMs,
      clockSkewMs: parts.clockSkewMs,
      timestampTtlMs,
      limits: parts.limits(),
      random: parts.random,
      replay: spend,
      isReplay: parts.isSpent,
      failureTime,
    },
  );
}

/**
 * wsa:To must be this service by the farm's configured addresses (never by the Host header), and HTTP's action must
 * agree with wsa:Action. A port without WS-Addressing has no headers in its calls; its RSTs may have some.
 */
function checkAddressing(
  addressing: Addressing | undefined,
  soapAction: string | undefined,
  { isOneWay, addressing: version }: Exchange,
  port: ServedPort,
): void {
  if (addressing === undefined) {
    if (port.plan.addressing !== undefined) lacksHeader(port.plan.addressing, 'Action', 'addressing-missing');
    return;
  }
  if (addressing.version !== version) refuse('invalidAddressingHeader', 'addressing-version');
  // What no answer relates to needs none (WS-Addressing 1.0 Metadata §5.1.1), unless it is spent against replays.
  if (!isOneWay && addressing.messageId === undefined)
    lacksHeader(addressing.version, 'MessageID', 'message-id-missing');
  if (addressing.to === undefined) lacksHeader(addressing.version, 'To', 'to-missing');
  if (!port.addresses.accepted.has(addressing.to))
    refuseFor('invalidAddressingHeader', 'to-unknown', addressingHeader(addressing.version, 'To'), addressing.to);
  if (soapAction !== undefined && soapAction !== '' && soapAction !== addressing.action)
    refuseFor('actionMismatch', 'soap-action', addressingHeader(addressing.version, 'Action'), soapAction);
}

/** An answer has addressing headers where its request had. */
function protect(
  reply: Reply,
  plan: ExchangePlan,
  { addressing: asked, signatureValues: confirmed }: Verified,
  port: ServedPort,
): Awaitable<HttpAnswer> {
  const { soap } = port.plan;
  const { action, body, headers = [] } = reply;
  const relatesTo = asked?.messageId;
  const sent = send(
    plan.response,
    { soap, addressing: asked?.version },
    reply.keys,
    { action, body, headers, confirmed, ...(relatesTo === undefined ? {} : { relatesTo }) },
    { nowMs: port.parts.clock(), random: port.parts.random, timestampTtlMs },
  );
  const { status = reply.isFault ? 500 : 200 } = reply;
  const answer = { status, contentType: contentTypeOf(soap), body: sent.text };
  return port.spendsAnswers ? after(spendAnswer(reply, sent, port), () => answer) : answer;
}

/** Spends an answer of a conversation as the request that it could be. An EncryptedKey has been spent already. */
function spendAnswer({ keys }: Reply, { signatureValues: [value] }: Sent, port: ServedPort): Awaitable<void> {
  if (!('context' in keys) || value === undefined) return undefined;
  const key = `${contextName(keys.context)} ${value}`;
  spendKey(key, port.parts.spend);
  return claimMessage(key, port);
}

/** Nobody is there to be answered. A client that hangs up as fast as it can must not fill the log. */
function dropped({ parts, plan }: ServedPort, known: Known): undefined {
  parts.log.debug({ port: plan.port, reason: 'caller-gone', ...requestLine(known) }, 'message dropped');
}

/**
 * The answer to a message that was refused: HTTP 400 where no envelope could be read, else the fault of its class with
 * HTTP 500, or 503 where the same message may be good later (RFC 9110 §15.6.4), 401 where HTTP itself has to say who
 * sends it.
 */
function answerFault(error: unknown, known: Known, port: ServedPort, caller: Requester): HttpAnswer {
  const refusal = error instanceof Refusal ? error : new Refusal('server', 'internal', error);
  const { parts, plan } = port;
  parts.counters.refused(refusal.reason, refusal.fault);
  known.reason = refusal.reason;
  const line = { ...refusalLine(refusal, port), peer: caller.address, ...requestLine(known) };
  if (refusal.fault === 'server') parts.log.error({ ...line, err: refusal.cause }, 'request failed');
  else parts.log.warn(line, 'message refused');
  const { message } = known;
  const soap = message?.envelope.soap ?? (error instanceof EnvelopeRefusal ? error.soap : undefined);
  if (soap === undefined) return { status: 400, contentType: undefined, body: undefined };
  const body = writeFault({
    fault: refusal.fault,
    soap,
    addressing: plan.addressing ?? message?.addressing?.version,
    dialect: plan.dialect,
    relatesTo: message?.addressing?.messageId,
    header: refusal.header,
  });
  const contentType = contentTypeOf(soap);
  if (refusal instanceof Unproven) {
    parts.unproven.count(caller);
    return { status: 500, contentType, body, isLast: true };
  }
  if (refusal instanceof Unauthorized) return { status: 401, contentType, body, asksForPassword: true };
  return refusal instanceof Overload
    ? { status: 503, contentType, body, retryAfterS: refusal.retryAfterS }
    : { status: 500, contentType, body };
}

/** What a message was refused for, what stands there, and which limit it passed. */
function refusalLine(refusal: Refusal, { plan, parts }: ServedPort): object {
  const { fault, reason, header, found } = refusal;
  const limit = passedLimit(refusal, parts.limits());
  return {
    port: plan.port,
    fault,
    reason,
    ...(header && { header: printable(expandedName(header.namespace, header.local)) }),
    ...(found === undefined ? {} : { found: foundText(found) }),
    ...(limit && { limit: `the message ${limit.problem}`, hint: limit.hint }),
  };
}
