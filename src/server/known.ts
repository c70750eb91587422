import type { Principal } from '../conversation/principal.ts';
import type { Message } from '../message/message.ts';
import type { Verified } from '../message/verified.ts';
import type { TrustRequest } from '../names.ts';
import type { Addressing } from '../soap/addressing.ts';
import type { Context } from '../state/context.ts';
import { type Element, isNamed } from '../xml/tree.ts';

/**
 * What is known of a request by now, for its line in the log. Each member is set by who has checked it, so that none is
 * there before it is proved.
 */
export interface Known {
  /** Read; nothing in it is verified by that. */
  message?: Message;
  verified?: Verified;
  /** Who proved to have sent it, by a password or a certificate; anonymous: nobody. */
  principal?: Principal;
  /** The conversation whose key signed it, over a connection that may use that. */
  context?: Context;
  /** Of the WSDL; the verified Body is its input. */
  operation?: string;
  /** What the verified Body asks the issuer for. */
  tokenRequest?: TrustRequest;
  /** What it was refused for. */
  reason?: string;
}

/** What a line says of a request: members with a proof, and beside them the claims of a message. */
export interface RequestLine {
  readonly user?: string;
  readonly contextId?: string;
  readonly messageId?: string;
  readonly operation?: string;
  readonly tokenRequest?: string;
  /** What the message says of itself and nobody has proved. */
  readonly claims?: { readonly messageId?: string; readonly contextId?: string; readonly action?: string };
}

/** Says what is known of a request. The name of a user stands there only where it is proved: some type a password. */
export function requestLine(known: Known): RequestLine {
  const { principal, context, operation, tokenRequest } = known;
  const messageId = addressingOf(known)?.messageId;
  const isProved = isMessageIdProved(known);
  return defined({
    user: principal?.user ?? context?.user,
    contextId: context?.id,
    messageId: isProved ? messageId : undefined,
    operation,
    tokenRequest,
    claims: someDefined({
      messageId: isProved ? undefined : messageId,
      contextId: context === undefined ? claimedContext(known.message) : undefined,
      action: operation === undefined && tokenRequest === undefined ? addressingOf(known)?.action : undefined,
    }),
  });
}

function addressingOf({ verified, message }: Known): Addressing | undefined {
  return verified?.addressing ?? message?.addressing;
}

/**
 * Whether a MessageID is of somebody who is known: anybody can sign for nobody in particular. Where nothing is signed,
 * TLS protects it.
 */
function isMessageIdProved({ verified, principal, context }: Known): boolean {
  const isSomebody = context !== undefined || (principal !== undefined && principal.authenticatedBy !== 'anonymous');
  if (!isSomebody || verified === undefined) return false;
  const header = verified.addressing?.elements.get('MessageID');
  return verified.scope === undefined || (header !== undefined && verified.scope.parts.has(header));
}

/** Longest Identifier that a line names. */
const maxIdChars = 256;

/** The Identifier of the token in a message's header, whoever wrote it. */
function claimedContext(message: Message | undefined): string | undefined {
  const token = message?.envelope.security?.children.find(({ local }) => local === 'SecurityContextToken');
  const identifier = token?.children[0];
  if (token === undefined || identifier === undefined) return undefined;
  return isNamed(identifier, token.namespace, 'Identifier') ? writtenText(identifier) : undefined;
}

/** The text of an element as it is written. */
function writtenText({ source, contentStart, contentEnd, children }: Element): string | undefined {
  return children.length === 0
    ? source.slice(contentStart, Math.min(contentEnd, contentStart + maxIdChars))
    : undefined;
}

/**
 * What a peer wrote in a place that is wrong, for the log: without the user information of a URI, which may be a
 * password, and without its query, which may be a token.
 */
export function foundText(text: string): string {
  return text.replace(/(^|\/\/)[^/?#\s]{1,256}@/g, '$1…@').replace(/\?.*$/s, '?…');
}

/** The members that have a value: a line names no others. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function someDefined<T extends object>(fields: T): ReturnType<typeof defined<T>> | undefined {
  const some = defined(fields);
  return Object.keys(some).length === 0 ? undefined : some;
}
