/** A user whose password was right. */
export interface AuthenticatedUser {
  readonly user: string;
  readonly roles: readonly string[];
}

/** Whom a password came from. */
export interface Caller {
  /**
   * IP address: that of the connection, or the one that a trusted proxy says; '' where the connection has none any
   * more.
   */
  readonly address: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Checks a user name and password; undefined where they are wrong. */
export type Authenticate = (
  username: string,
  password: string,
  caller: Caller,
) => Promise<AuthenticatedUser | undefined>;

/**
 * What the tokens of users are checked with, by the kind of token, as `authenticatedBy` of a conversation names it. A
 * users file or a function alone is short for an object with it as `usernameToken`.
 */
export interface AuthenticateByToken {
  /** Users file, or a function that checks a user name and password. */
  readonly usernameToken: string | Authenticate;
  /**
   * Longest wait for the answer of a function; then its signal aborts, and the client is told to come again. 1 to
   * 600,000 (10 min); default: 15,000 (15 s).
   */
  readonly timeoutMs?: number;
}

/** A caller as the limits see it. */
export interface CountedCaller extends Caller {
  /** Whether the address is the caller's own; false for that of a trusted proxy, which stands for many. */
  readonly isLimited: boolean;
}
