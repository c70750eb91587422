import { anyText, callable, type Field, filledList, number, object, oneOf, text } from '../fields.ts';
import type { Plan } from '../policy/plan.ts';
import type { AddressOrder, RetryMode } from './addresses.ts';

/** Options of {@link secureConversation}. */
export interface SecureConversationOptions {
  /** Name of the WSDL port to call. */
  readonly port: string;
  readonly username: string;
  readonly password: string;
  /** The service's certificate (PEM), where the policy encrypts to it. */
  readonly serviceCertificate?: string;
  /** Trusted CA certificates for TLS (PEM). */
  readonly ca?: string;
  /** Addresses of the port on the farm's nodes, at least one; default: the WSDL's. */
  readonly addresses?: readonly string[];
  readonly order?: AddressOrder;
  /** Default `connect`. */
  readonly retry?: RetryMode;
  /**
   * Longest wait for one whole answer, counted from when its request is sent; default 30 s, 1 ms to a day. A call waits
   * for more than one where it begins a conversation or goes on to another address. Where a service is busy, the wait
   * that it asks for and the attempts that follow are within this time too, counted from the first attempt.
   */
  readonly timeoutMs?: number;
  /** Difference of clocks that is tolerated; default 60 s, at most 300 s. */
  readonly clockSkewMs?: number;
  /** Sees each exchange as it is on the wire. For diagnosis only: it sees passwords of bootstraps over TLS. */
  readonly trace?: (exchange: WireExchange) => void;
}

/** Options of {@link openSession}: with the port's plan in place of its name. */
export interface SessionOptions extends Omit<SecureConversationOptions, 'port'> {
  readonly plan: Plan;
}

const fields = {
  port: text,
  username: anyText,
  password: anyText,
  serviceCertificate: text,
  ca: text,
  addresses: filledList(text),
  order: oneOf<AddressOrder>('first', 'rotate'),
  retry: oneOf<RetryMode>('connect', 'any', 'none'),
  timeoutMs: number(1, 86_400_000, false),
  clockSkewMs: number(0, 300_000, false),
  trace: callable,
} satisfies Readonly<Record<keyof SecureConversationOptions, Field<unknown>>>;

const conversationOptions = object(fields, 'port', 'username', 'password');

/**
 * Checks options, whose types JavaScript does not know, before anything is opened.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the option
 */
export function checkConversationOptions(given: SecureConversationOptions): void {
  conversationOptions(given, { of: 'secureConversation', path: '' });
}

/** One HTTP exchange as it was on the wire. */
export interface WireExchange {
  readonly address: string;
  readonly request: string;
  readonly status: number;
  readonly response: string;
}
