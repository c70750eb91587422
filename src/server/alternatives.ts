/** A port that serves several alternatives of its policy: which of them a message is of. */
import { type Awaitable, after } from '../awaitable.ts';
import { Refusal, refuse } from '../errors.ts';
import type { Message } from '../message/message.ts';
import { formOfRequest } from '../message/request-form.ts';
import { contextAudienceOf } from '../policy/alternatives.ts';
import { hasConversation, signersOf, wantsBasicAuthentication, wantsClientCertificate } from '../policy/plan.ts';
import { formOf } from '../policy/request-form.ts';
import { parseContextToken } from '../security/context-token.ts';
import type { FoundState } from '../state/state-mode.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import type { Requester } from './client-certificates.ts';
import { exchangeFor } from './exchange.ts';
import { alternativesOf, type ServedPort } from './port.ts';
import type { Exchange } from './reply.ts';

/** The exchange that a message begins, at the alternative that it is held to. */
export interface Chosen {
  readonly port: ServedPort;
  readonly exchange: Exchange;
  /** The conversation of its token, where that told which alternative it is; nothing of the message is proved by it. */
  readonly found?: FoundState | undefined;
}

/**
 * Chooses of several alternatives, by what a message says in clear: its action, the structures of its Security header,
 * the algorithms that they name, and where these are alike, the alternative that its conversation was begun under.
 * Nothing of the message is verified or decrypted for it: it must then satisfy that one alternative in whole.
 * @throws {Refusal} `invalidSecurity` for one that is of none of them, or as {@link exchangeFor}
 */
export function choose(
  message: Message,
  soapAction: string | undefined,
  port: ServedPort,
  caller: Requester,
): Awaitable<Chosen> {
  const meant = alternativesMeant(message, soapAction, port);
  const form = formOfRequest(message.envelope);
  const formed = meant.filter(({ exchange }) => hasForm(exchange, form));
  const [one = refuse('invalidSecurity', 'alternative-none')] = formed;
  const [first = one, ...others] = formed.filter(chosen => fits(chosen, message, caller));
  return others.length === 0 ? first : begunUnder(message, [first, ...others]);
}

/** The alternatives that have an exchange for the action of a message. @throws {Refusal} the first's where none has */
function alternativesMeant(message: Message, soapAction: string | undefined, port: ServedPort): readonly Chosen[] {
  const meant: Chosen[] = [];
  let refusal: unknown;
  for (const alternative of alternativesOf(port)) {
    try {
      meant.push({ port: alternative, exchange: exchangeFor(message, soapAction, alternative) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal ??= error;
    }
  }
  if (meant.length === 0) throw refusal;
  return meant;
}

function hasForm({ plan }: Exchange, form: string | undefined): boolean {
  const wanted = formOf(plan.request);
  return wanted === undefined || wanted === form;
}

/** What is said beside the Security header: a version of WS-Addressing, whom TLS has shown, and a user of HTTP. */
function fits({ port, exchange }: Chosen, { addressing }: Message, { certificates = [], request }: Requester): boolean {
  const { request: plan } = exchange.plan;
  const isAddressed =
    addressing === undefined ? port.plan.addressing === undefined : addressing.version === exchange.addressing;
  const hasCertificate = certificates.length > 0 || !wantsClientCertificate(plan);
  const hasUser = request?.headers.authorization !== undefined || !wantsBasicAuthentication(plan);
  return isAddressed && hasCertificate && hasUser;
}

/**
 * Of several the one that the message's conversation was begun under, else the first: the compiler has seen to it that
 * these are as good.
 */
function begunUnder(message: Message, fitting: readonly [Chosen, ...Chosen[]]): Awaitable<Chosen> {
  const [first] = fitting;
  const token = fitting.every(isInContext) ? contextTokenIn(message, first) : undefined;
  if (token === undefined || new Set(fitting.map(audienceOf)).size < 2) return first;
  const next = (index: number): Awaitable<Chosen> => {
    const { [index]: chosen } = fitting;
    if (chosen === undefined) return first;
    const found = chosen.port.state.find(token, audienceOf(chosen), chosen.port.parts.clock());
    return after(found, state => (state === undefined ? next(index + 1) : { ...chosen, found: state }));
  };
  return next(0);
}

function isInContext({ exchange }: Chosen): boolean {
  return signersOf(exchange.plan.request).some(({ kind }) => kind === 'context');
}

function audienceOf({ port: { plan } }: Chosen): string {
  return hasConversation(plan) ? contextAudienceOf(plan) : plan.audience;
}

/** @throws {Refusal} `invalidSecurity` for one that can't be read */
function contextTokenIn({ envelope }: Message, { port: { plan } }: Chosen) {
  const { dialect } = plan;
  const isToken = (child: Element) => isNamed(child, dialect.wsc, 'SecurityContextToken');
  const element = envelope.security?.children.find(isToken);
  return element && parseContextToken(element, dialect);
}
