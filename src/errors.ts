/** The package's error class, its codes, and the classes of fault that a refused message is answered with. */
import { printable } from './printable.ts';

/**
 * Codes of what is wrong with options, files and the machine, before any message. docs/errors.md says when each
 * happens.
 */
export const configurationCodes = [
  'CONFIG_INVALID',
  'WSDL_INVALID',
  'POLICY_INVALID',
  'POLICY_UNSUPPORTED',
  'CERTIFICATE_INVALID',
  'RING_INVALID',
  'USERS_INVALID',
  'STORE_INVALID',
  'LISTEN_FAILED',
] as const;

/** Codes of what can't be sealed. */
export const sealingCodes = ['RING_STALE', 'TOKEN_TOO_LONG', 'TOKEN_TOO_LARGE'] as const;

/** All codes. */
export const errorCodes = [
  ...configurationCodes,
  ...sealingCodes,
  'NO_CONTEXT',
  'MESSAGE_REFUSED',
  'FAULT',
  'BAD_CONTEXT_TOKEN',
  'STORE_UNAVAILABLE',
  'NETWORK',
  'BUSY',
  'CLOSED',
] as const;

export type ConfigurationCode = (typeof configurationCodes)[number];
export type SealingCode = (typeof sealingCodes)[number];

/** What happened; docs/errors.md says of each code when it does and what to do. */
export type ErrorCode = (typeof errorCodes)[number];

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

/** Options, files or the machine are not as they must be: nothing was sent or served. The message names the place. */
export class ConfigurationError extends SecureConversationError {
  declare readonly code: ConfigurationCode;

  constructor(code: ConfigurationCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(code, message, options);
    this.name = 'ConfigurationError';
  }
}

/**
 * Class of a refusal. A class may depend on the public structure of a message only; everything that depends on a secret
 * is one class with constant bytes: any trouble with the sealed state is `badContextToken`, any with signature, digest,
 * padding or key is `failedCheck`, any with user or password is `failedAuthentication`. `busy` is what is refused for
 * load: the same message is good later.
 */
export const faultClasses = [
  'malformed',
  'versionMismatch',
  'mustUnderstand',
  'invalidSecurity',
  'failedCheck',
  'failedAuthentication',
  'unsupportedAlgorithm',
  'invalidSecurityToken',
  'messageExpired',
  'badContextToken',
  'renewNeeded',
  'unableToRenew',
  'unknownDerivationSource',
  'invalidRequest',
  'invalidAddressingHeader',
  'addressingHeaderRequired',
  'actionMismatch',
  'onlyAnonymousAddressSupported',
  'busy',
  'server',
] as const;
export type FaultClass = (typeof faultClasses)[number];

/** The expanded name of a header block. */
export interface HeaderName {
  readonly namespace: string;
  readonly local: string;
}

/** What a message, or what is to be sealed, was refused with. */
export interface RefusalDetails {
  /** The header block that it was refused for, which the sender is told. */
  readonly header?: HeaderName | undefined;
  /** What stands in the place that is wrong, in the sender's words; for the log, never sent. */
  readonly found?: string | undefined;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
}

/**
 * A received message that is refused. `reason` is a constant code for the log (`signature-value`, `timestamp-stale`,
 * …); it is never sent.
 */
export class Refusal extends SecureConversationError {
  readonly fault: FaultClass;
  readonly reason: string;
  readonly header: HeaderName | undefined;
  readonly found: string | undefined;

  constructor(fault: FaultClass, reason: string, cause?: unknown, details: RefusalDetails = {}) {
    const { code = 'MESSAGE_REFUSED', message = `message refused: ${reason}`, hint } = details;
    super(code, message, { ...(cause === undefined ? {} : { cause }), ...(hint === undefined ? {} : { hint }) });
    this.name = 'Refusal';
    this.fault = fault;
    this.reason = reason;
    this.header = details.header;
    this.found = details.found;
  }
}

/**
 * @param found what stands there, for the log
 * @throws {Refusal} always: of a message for one of its header blocks, or for one that it lacks
 */
export function refuseFor(fault: FaultClass, reason: string, { namespace, local }: HeaderName, found?: string): never {
  throw new Refusal(fault, reason, undefined, { header: { namespace, local }, found });
}

/** Why nothing was sealed, by the reason that the log gets. */
const sealingTroubles: Readonly<Record<string, RefusalDetails & { readonly code: SealingCode }>> = {
  'ring-stale': {
    code: 'RING_STALE',
    message: 'nothing can be sealed now: no key of the ring may issue',
    hint: 'see whether the key ring file can be read, and whether a key that issues is in it (wssc keys list)',
  },
  'ring-missing': {
    code: 'RING_STALE',
    message: 'nothing can be sealed or opened: this node has no key ring yet',
    hint: 'its store is empty or away: "wssc keys create" makes a ring, or a node that is started with --init-ring',
  },
  'token-outlives-key': {
    code: 'TOKEN_TOO_LONG',
    message: 'the token would live longer than the keys of the ring open it',
    hint: "give it an end within lifeS of the ring's policy",
  },
  'token-too-large': {
    code: 'TOKEN_TOO_LARGE',
    message: 'what the token is to hold is too long',
    hint: 'give it fewer or shorter claims',
  },
  'state-too-large': {
    code: 'TOKEN_TOO_LARGE',
    message: 'user and roles are too long for the sealed state',
    hint: 'give the user fewer or shorter roles',
  },
};

/**
 * A token that can't be sealed. It is a refusal too: an operation that lets it through is answered with a fault of the
 * server that says nothing.
 */
export class SealingError extends Refusal {
  constructor(details: RefusalDetails, reason: string, cause?: unknown) {
    super('server', reason, cause, details);
    this.name = 'SealingError';
  }
}

/**
 * A store that does not answer now. It is a refusal too: a request that needs the store is answered with a fault of the
 * server, and was not done.
 */
export class StoreUnavailable extends Refusal {
  readonly why: string;

  /** @param why as a part of a sentence: `no answer within 250 ms` */
  constructor(why: string, cause?: unknown) {
    super('server', 'store-unavailable', cause, {
      code: 'STORE_UNAVAILABLE',
      message: `the store does not answer: ${why}`,
      hint: 'what needs the store is refused until it answers again; nothing has to be restarted',
    });
    this.name = 'StoreUnavailable';
    this.why = why;
  }
}

/**
 * A message of which something was decrypted before anything was proved. Which step failed may depend on what came out:
 * the code that answers it must let nothing be seen of that but the fault, not by the time that it took either.
 */
export class Unproven extends Refusal {
  constructor(reason: string, cause: unknown) {
    super('failedCheck', reason, cause);
  }
}

/**
 * A request without a right user name and password in HTTP's Authorization: HTTP 401 says so, and asks for them. Which
 * of the two was wrong is not told.
 */
export class Unauthorized extends Refusal {
  constructor(reason: string) {
    super('failedAuthentication', reason);
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

/**
 * Work that was dropped because nobody waits for it any more: its caller's connection has closed. To a program whose
 * own signal aborted it is an AbortError like Node's.
 */
export class CallerGone extends Error {
  readonly code = 'ABORT_ERR';

  constructor() {
    super('the caller is gone');
    this.name = 'AbortError';
  }
}

/** @throws {Refusal} always; a {@link SealingError} where the reason is one why nothing can be sealed */
export function refuse(fault: FaultClass, reason: string, cause?: unknown): never {
  const details = Object.hasOwn(sealingTroubles, reason) ? sealingTroubles[reason] : undefined;
  throw details === undefined ? new Refusal(fault, reason, cause) : new SealingError(details, reason, cause);
}
