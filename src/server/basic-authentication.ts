/** User name and password in HTTP's Authorization (RFC 7617), where the policy of a port asks for them. */
import { Unauthorized } from '../errors.ts';
import { type MessagePlan, wantsBasicAuthentication } from '../policy/plan.ts';
import type { UsernameClaims } from '../security/username-token.ts';
import type { Requester } from './client-certificates.ts';

/** Names and passwords of a UsernameToken can be as long. */
const maxChars = 4_096;

const credentials = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What a request says who sends it, before its message is looked at; undefined where its plan does not ask for it.
 * @throws {Unauthorized} `failedAuthentication` where nothing is said, or what can't be read
 */
export function basicClaims(plan: MessagePlan, { request }: Requester): UsernameClaims | undefined {
  if (!wantsBasicAuthentication(plan)) return undefined;
  const [authorization, second] = request?.headersDistinct.authorization ?? [];
  if (authorization === undefined) throw new Unauthorized('basic-missing');
  // Of two, a balancer could have read the other one.
  if (second !== undefined) refuseMalformed();
  return parseBasic(authorization) ?? refuseMalformed();
}

/** User name and password of a header; undefined for one that says something else, or that two could read apart. */
export function parseBasic(authorization: string): UsernameClaims | undefined {
  if (authorization.length > maxChars) return undefined;
  const [, encoded] = credentials.exec(authorization) ?? [];
  const octets = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  if (octets === undefined || octets.toString('base64') !== encoded) return undefined;
  const text = decoded(octets);
  const colon = text?.indexOf(':') ?? -1;
  // Neither may have control characters (§2).
  if (text === undefined || colon === -1 || /\p{Cc}/u.test(text)) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decoded(octets: Uint8Array): string | undefined {
  try {
    return utf8.decode(octets);
  } catch {
    return undefined;
  }
}

function refuseMalformed(): never {
  throw new Unauthorized('basic-malformed');
}
