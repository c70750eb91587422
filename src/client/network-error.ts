import { SecureConversationError } from '../errors.ts';

/** What Node and OpenSSL call a trouble with a connection, in words, and what to do about it. */
interface Trouble {
  readonly problem: string;
  readonly hint: string;
}

const untrusted: Trouble = {
  problem: "the service's TLS certificate is signed by no CA that is trusted here",
  hint: 'give the CA that signed it (ca), in PEM',
};

/** By Node's code. */
export const troubles: Readonly<Record<string, Trouble>> = {
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    problem: "the service's TLS certificate is for another host",
    hint: 'call the service by a name that stands in its certificate',
  },
  CERT_HAS_EXPIRED: {
    problem: "the service's TLS certificate has expired",
    hint: 'the service needs a new certificate; see also whether the clock here is right',
  },
  CERT_NOT_YET_VALID: {
    problem: "the service's TLS certificate is not valid yet",
    hint: 'see whether the clock here is right',
  },
  EPROTO: {
    problem: 'what answers does not speak TLS as it is asked for here',
    hint: 'see whether the address is that of the TLS port',
  },
};

/** By the status of HTTP that something came with which is no message. */
const statusHints: Readonly<Record<number, string>> = {
  400: 'what was sent is no message for what answers, or beyond one of its limits: the log of the service says which',
  401:
    'what answers wants a user name and password in HTTP that it was not given: a balancer or proxy, or a service ' +
    'that has them under another policy than the WSDL says',
  407: 'a proxy wants a password: give an agent that goes through it (httpAgent, httpsAgent)',
  413:
    'the message is longer than the service, or a balancer before it, takes: send less, or let them take more ' +
    '(limits.maxBytes of the service)',
};
const silent = 'see whether the service runs and the address is right';
const answered = 'see what answers at the address: a balancer or proxy without a node behind it, or another service';

/** What is wrong with an answer before it is read, and what to do about it. */
export class AnswerTrouble extends Error {
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}

/**
 * No answer came. `sent` false: the peer can't have seen the message, so sending it elsewhere can't do its work twice.
 */
export class NetworkError extends SecureConversationError {
  readonly sent: boolean;
  /** Of HTTP, where something came that is no message: the page of a balancer, a proxy or a web server. */
  readonly status: number | undefined;

  /** @param hint what to do where nothing answered; default: to see whether the service runs */
  constructor(address: string, cause: NodeJS.ErrnoException, sent: boolean, status?: number, hint = hintFor(status)) {
    const { code = '' } = cause;
    const trouble = Object.hasOwn(troubles, code) ? troubles[code] : undefined;
    super('NETWORK', `${address}: no answer (${trouble?.problem ?? (code || cause.message)})`, {
      cause,
      hint: cause instanceof AnswerTrouble ? cause.hint : (trouble?.hint ?? hint),
    });
    this.name = 'NetworkError';
    this.sent = sent;
    this.status = status;
  }
}

function hintFor(status: number | undefined): string {
  return status === undefined ? silent : (statusHints[status] ?? answered);
}
