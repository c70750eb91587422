/** The package's error class, its codes, and the classes of fault that a refused message is answered with. */
import { printable } from './printable.ts';

/**
 * - `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`, `CERTIFICATE_INVALID`, `RING_INVALID`, `USERS_INVALID`:
 *   a file or an option that can't be used; the message names the file and the place.
 * - `RING_STALE`: no key may issue now; the node goes on accepting.
 * - `LISTEN_FAILED`: an address can't be listened on.
 * - `NO_CONTEXT`: `currentContext()` was called outside of an operation.
 * - `MESSAGE_REFUSED`: a received message was refused; see {@link Refusal}.
 * - `FAULT`: the peer answered with a SOAP fault; `BAD_CONTEXT_TOKEN`: it does not know the conversation (any more).
 * - `NETWORK`: no answer came.
 * - `BUSY`: the peer has no room for the message now, and said when to try again.
 */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'WSDL_INVALID'
  | 'POLICY_INVALID'
  | 'POLICY_UNSUPPORTED'
  | 'CERTIFICATE_INVALID'
  | 'RING_INVALID'
  | 'RING_STALE'
  | 'USERS_INVALID'
  | 'LISTEN_FAILED'
  | 'NO_CONTEXT'
  | 'MESSAGE_REFUSED'
  | 'FAULT'
  | 'BAD_CONTEXT_TOKEN'
  | 'NETWORK'
  | 'BUSY';

/** Room for a path or two. What an error quotes may come from a peer, and its message goes to logs and terminals. */
const maxMessageChars = 1_024;

/** Every error that this package throws on purpose. `hint` says what to do, where there is something to say. */
export class SecureConversationError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(printable(message, maxMessageChars), 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'SecureConversationError';
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * Class of a refusal. A class may depend on the public structure of a message only; everything that depends on a secret is one
 * class with constant bytes: any trouble with the sealed state is `badContextToken`, any with signature, digest, padding or key
 * is `failedCheck`, any with user or password is `failedAuthentication`. `busy` is what is refused for load: the same message is good later.
 */
export type FaultClass =
  | 'malformed'
  | 'versionMismatch'
  | 'mustUnderstand'
  | 'invalidSecurity'
  | 'failedCheck'
  | 'failedAuthentication'
  | 'unsupportedAlgorithm'
  | 'invalidSecurityToken'
  | 'messageExpired'
  | 'badContextToken'
  | 'renewNeeded'
  | 'unableToRenew'
  | 'unknownDerivationSource'
  | 'invalidRequest'
  | 'invalidAddressingHeader'
  | 'addressingHeaderRequired'
  | 'actionMismatch'
  | 'onlyAnonymousAddressSupported'
  | 'busy'
  | 'server';

/** A received message that is refused. `reason` is a constant code for the log (`signature-value`, `timestamp-stale`, …); it is never sent. */
export class Refusal extends SecureConversationError {
  readonly fault: FaultClass;
  readonly reason: string;

  constructor(fault: FaultClass, reason: string, cause?: unknown) {
    super('MESSAGE_REFUSED', `message refused: ${reason}`, cause === undefined ? {} : { cause });
    this.name = 'Refusal';
    this.fault = fault;
    this.reason = reason;
  }
}

/** What is refused for load and may be tried again. */
export class Overload extends Refusal {
  /** Whole seconds after which to try again, at least 1. */
  readonly retryAfterS: number;

  constructor(reason: string, afterMs: number) {
    super('busy', reason);
    this.name = 'Overload';
    this.retryAfterS = Math.max(1, Math.ceil(afterMs / 1_000));
  }
}

/** Work that was dropped because nobody waits for it any more: its caller's connection has closed. */
export class CallerGone extends Error {
  constructor() {
    super('the caller is gone');
    this.name = 'CallerGone';
  }
}

/** @throws {Refusal} always. */
export function refuse(fault: FaultClass, reason: string, cause?: unknown): never {
  throw new Refusal(fault, reason, cause);
}
