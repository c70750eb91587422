import type { Plan } from '../policy/plan.ts';
import type { AddressOrder, RetryMode } from './addresses.ts';

/** Options of {@link openSession}. */
export interface SessionOptions {
  readonly plan: Plan;
  readonly username: string;
  readonly password: string;
  /** The service's certificate (PEM), where the policy encrypts to it. */
  readonly serviceCertificate?: string;
  /** Trusted CA certificates for TLS (PEM). */
  readonly ca?: string;
  /** Addresses of the port on the farm's nodes; default: the WSDL's. */
  readonly addresses?: readonly string[];
  readonly order?: AddressOrder;
  /** Default `connect`. */
  readonly retry?: RetryMode;
  /** Longest wait for one answer; default 30 s. */
  readonly timeoutMs?: number;
  /** Difference of clocks that is tolerated; default 60 s. */
  readonly clockSkewMs?: number;
  /** Sees each exchange as it is on the wire. For diagnosis only: it sees passwords of bootstraps over TLS. */
  readonly trace?: (exchange: WireExchange) => void;
}

/** One HTTP exchange as it was on the wire. */
export interface WireExchange {
  readonly address: string;
  readonly request: string;
  readonly status: number;
  readonly response: string;
}
