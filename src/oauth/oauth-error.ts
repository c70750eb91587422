import type { ServerResponse } from 'node:http';
import { endAnswer } from '../server/early-answer.ts';

/**
 * Error codes of RFC 6749 §5.2, RFC 7009 §2.2.1 and RFC 8707 §2, and two of RFC 6749 §4.1.2.1 for what is the server's
 * own trouble.
 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'unsupported_token_type'
  | 'invalid_target'
  | 'temporarily_unavailable'
  | 'server_error';

/**
 * A request to the token service that is refused. The description is a constant of ours: nothing of the request is in
 * it.
 */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What of the request is wrong, in its own words; for the log, never sent. */
  readonly found: string | undefined;

  constructor(
    code: OAuthErrorCode,
    description: string,
    options: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly found?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(description, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'OAuthError';
    this.code = code;
    this.status = options.status ?? 400;
    this.headers = options.headers ?? {};
    this.found = options.found;
  }
}

/** @throws {OAuthError} always. */
export function refuseGrant(...parameters: ConstructorParameters<typeof OAuthError>): never {
  throw new OAuthError(...parameters);
}

/** RFC 6749 §5.1: no answer that holds a token, or says something about one, is kept by anybody. */
export const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/** Writes a JSON answer of the token service. */
export function writeJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: OAuthError['headers'] = {},
): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    ...noStore,
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  // What is too long is not read, and after it the connection is no use.
  endAnswer(response, body, status === 413);
}

/** Writes an error as RFC 6749 §5.2 wants it. */
export function writeError(response: ServerResponse, { code, message, status, headers }: OAuthError): void {
  writeJson(response, status, { error: code, error_description: message }, headers);
}
