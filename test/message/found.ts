import type { SecretKey } from '../../src/crypto/secret-key.ts';
import type { InitiatorKeys, RecipientKeys } from '../../src/message/protection-key.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import type { KeptState } from '../../src/state/state-mode.ts';

/** A context as a state mode finds it, with nothing in it but its Identifier and its secret. */
export function found(id: string, secret: SecretKey): KeptState {
  const context = {
    ...{ id, instance: undefined, secret, user: 'alice', roles: [], credential: undefined, renewals: 0, userEpoch: 0 },
    ...{ createdMs: 0, keyEffectiveMs: 0, keyExpiresMs: 0, tokenExpiresMs: 0, absoluteExpiresMs: 0 },
    authenticatedBy: 'usernameToken' as const,
  };
  return { context, openedFrom: 'cache', keys: contextKeys(secret) };
}

/** A service that has no certificate and knows no context. */
export const noKeys: RecipientKeys = { ownCertificates: [], findContext: () => undefined };

/** An initiator whose request carried no key. */
export const noKey: InitiatorKeys = { encryptedKey: undefined };
