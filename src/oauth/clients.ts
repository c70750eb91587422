import type { IncomingMessage } from 'node:http';
import { isScopeName } from '../bearer/bearer-codec.ts';
import { ConfigurationError } from '../errors.ts';
import type { Authenticate, CountedCaller } from '../users/authenticate.ts';
import type { LoginGate, PasswordSource } from '../users/login-gate.ts';
import { usersOf } from '../users/logins.ts';
import type { Form } from './form.ts';
import { refuseGrant } from './oauth-error.ts';

/** An OAuth client that sent a request (RFC 6749 §2). */
export interface Client {
  readonly id: string;
  /** What its tokens may be used for at most. */
  readonly scope: readonly string[];
  /** False for one that has no secret, such as a page in a browser: anyone can say to be it. */
  readonly isConfidential: boolean;
}

/** The clients of a token service. */
export interface Clients {
  /**
   * The client of a request, by `Authorization: Basic` or by `client_id` and `client_secret` in the body (RFC 6749
   * §2.3.1).
   * @throws {OAuthError} `invalid_client`, the same for an unknown client and a wrong secret; `invalid_request` where
   * both are used
   * @throws {Overload} where too many secrets wait, or too many from there were wrong
   */
  authenticate(request: IncomingMessage, form: Form, caller: CountedCaller): Promise<Client>;
}

/** Where clients are known from. */
export interface ClientOptions {
  /**
   * Clients with a secret: a users file whose names are client ids, whose passwords are client secrets and whose roles
   * are scopes; or a function like it. Default: none.
   */
  readonly clients?: string | Authenticate;
  /** Clients without a secret, such as pages in a browser: their scopes by id. Default: none. */
  readonly publicClients?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Opens the clients of a service.
 * @throws {SecureConversationError} `USERS_INVALID` for a clients file that can't be used, `CONFIG_INVALID` for a
 * client that is known both with a secret and without
 */
export function openClients({ clients, publicClients = {} }: ClientOptions, gate: LoginGate): Clients {
  const known = new Map(Object.entries(publicClients));
  const secrets = secretsOf(clients, [...known.keys()]);
  return {
    async authenticate(request, form, caller) {
      const given = credentialsOf(request, form);
      const scope = given.secret === undefined ? known.get(given.id) : undefined;
      if (scope !== undefined) return { id: given.id, scope, isConfidential: false };
      const { id, secret, isBasic } = given;
      if (secret === undefined) return refuseClient(isBasic);
      const found = await gate.attempt({ kind: 'client', name: id, password: secret, caller }, secrets);
      if (found === undefined) return refuseClient(isBasic);
      return { id: found.user, scope: [...new Set(found.roles.filter(isScopeName))], isConfidential: true };
    },
  };
}

const nobody: Authenticate = async () => undefined;

function secretsOf(clients: ClientOptions['clients'], publicIds: readonly string[]): PasswordSource {
  const { source, find } = usersOf(clients ?? nobody);
  const twice = publicIds.find(id => find?.(id) !== undefined);
  // Anyone could use that client's refresh tokens without its secret.
  if (twice !== undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `publicClients.${twice} has a secret in ${clients}: a client is known with a secret or without`,
    );
  return source;
}

interface Credentials {
  readonly id: string;
  readonly secret: string | undefined;
  readonly isBasic: boolean;
}

function credentialsOf({ headers }: IncomingMessage, form: Form): Credentials {
  const { authorization } = headers;
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) return { id: id ?? refuseClient(false), secret, isBasic: false };
  const basic = basicCredentials(authorization) ?? refuseClient(true);
  // RFC 6749 §2.3: not more than one method in each request.
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    refuseGrant('invalid_request', 'the client authenticates itself in two ways');
  return basic;
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are base64. */
function basicCredentials(authorization: string): Credentials | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  try {
    return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)), isBasic: true };
  } catch {
    return undefined;
  }
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** RFC 6749 §5.2: who tried with the header is told which scheme it is. */
function refuseClient(isBasic: boolean): never {
  const headers: Record<string, string> = isBasic ? { 'WWW-Authenticate': 'Basic realm="token", charset="UTF-8"' } : {};
  return refuseGrant('invalid_client', 'the client is unknown or its secret is wrong', { status: 401, headers });
}
