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

/**
 * No answer came. `sent` false: the peer can't have seen the message, so sending it elsewhere can't do its work twice.
 */
export class NetworkError extends SecureConversationError {
  readonly sent: boolean;

  constructor(address: string, cause: NodeJS.ErrnoException, sent: boolean) {
    const { code = '' } = cause;
    const trouble = Object.hasOwn(troubles, code) ? troubles[code] : undefined;
    super('NETWORK', `${address}: no answer (${trouble?.problem ?? (code || cause.message)})`, {
      cause,
      hint: trouble?.hint ?? 'see whether the service runs and the address is right',
    });
    this.name = 'NetworkError';
    this.sent = sent;
  }
}
