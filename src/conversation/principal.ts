import type { AuthenticationMethod, Context } from '../state/context.ts';

/** Who a bootstrap proved to come from. */
export interface Principal {
  /** undefined where it comes from nobody in particular. */
  readonly user: string | undefined;
  readonly roles: readonly string[];
  readonly authenticatedBy: AuthenticationMethod;
  /** SHA-256 of the certificate that was proved beside or instead of a password. */
  readonly credential: Uint8Array | undefined;
}

/**
 * Whether a principal has proved to be who began a conversation: the same user, by the same means, with the same
 * certificate. An anonymous one proves nothing by itself.
 */
export function hasBegun(principal: Principal, context: Context): boolean {
  const { user, authenticatedBy, credential } = principal;
  if (user !== context.user || authenticatedBy !== context.authenticatedBy) return false;
  if (credential === undefined || context.credential === undefined) return credential === context.credential;
  return Buffer.compare(credential, context.credential) === 0;
}
