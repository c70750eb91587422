import { anyObject, anyText, callable, type Describes, list, number, object, oneOf, text } from '../fields.ts';
import type { Plan } from '../policy/plan.ts';
import type { AddressOrder, RetryMode } from './addresses.ts';

/** Options of {@link secureConversation}. */
export interface SecureConversationOptions {
  /** Name of the WSDL port to call. */
  readonly port: string;
  /** User name. May be empty. */
  readonly username: string;
  /** Password. May be empty. */
  readonly password: string;
  /** The service's certificate (PEM), where the policy encrypts to it. Default: none. */
  readonly serviceCertificate?: string;
  /** CA certificates to trust for TLS (PEM). Default: Node's own. */
  readonly ca?: string;
  /** Addresses of the port on the farm's nodes. At least one; default: the WSDL's. */
  readonly addresses?: readonly string[];
  /**
   * Which address a call tries first: that which answered last, or each in turn. `first` or `rotate`; default: `first`.
   */
  readonly order?: AddressOrder;
  /**
   * When a call is sent again: only where it cannot have been carried out, after every failure (the operation may then
   * run twice), or never. `connect`, `any` or `none`; default: `connect`.
   */
  readonly retry?: RetryMode;
  /**
   * Longest wait for one whole answer, counted from when its request is sent. 1 to 86,400,000 (1 d); default: 30,000
   * (30 s). A call waits for more than one where it begins a conversation or goes on to another address. Where a
   * service is busy, the wait that it asks for and the attempts that follow are within this time too, counted from the
   * first attempt.
   */
  readonly timeoutMs?: number;
  /** Difference of clocks that is tolerated. 0 to 300,000 (5 min); default: 60,000 (1 min). */
  readonly clockSkewMs?: number;
  /**
   * Sees each exchange as it is on the wire, for diagnosis only: it sees passwords of bootstraps over TLS. Default:
   * none.
   */
  readonly trace?: (exchange: WireExchange) => void;
}

/** Options of {@link openSession}: with the port's plan in place of its name. */
export interface SessionOptions extends Omit<SecureConversationOptions, 'port'> {
  readonly plan: Plan;
}

const commonOptions = {
  username: { is: anyText, required: true, means: 'User name.' },
  password: { is: anyText, required: true, means: 'Password.' },
  serviceCertificate: {
    is: text,
    without: 'none',
    means: "The service's certificate (PEM), where the policy encrypts to it.",
  },
  ca: { is: text, without: "Node's own", means: 'CA certificates to trust for TLS (PEM).' },
  addresses: {
    is: list(text, 1),
    without: "the WSDL's",
    means: "Addresses of the port on the farm's nodes.",
  },
  order: {
    is: oneOf<AddressOrder>('first', 'rotate'),
    default: 'first',
    means: 'Which address a call tries first: that which answered last, or each in turn.',
  },
  retry: {
    is: oneOf<RetryMode>('connect', 'any', 'none'),
    default: 'connect',
    means:
      'When a call is sent again: only where it cannot have been carried out, after every failure (the operation may then run twice), or never.',
  },
  timeoutMs: {
    is: number(1, 86_400_000, 'ms'),
    default: 30_000,
    means: 'Longest wait for one whole answer, counted from when its request is sent.',
  },
  clockSkewMs: { is: number(0, 300_000, 'ms'), default: 60_000, means: 'Difference of clocks that is tolerated.' },
  trace: {
    is: callable<(exchange: WireExchange) => void>(),
    without: 'none',
    means: 'Sees each exchange as it is on the wire, for diagnosis only: it sees passwords of bootstraps over TLS.',
  },
} satisfies Describes<Omit<SecureConversationOptions, 'port'>>;

/** Reads what is given of {@link SecureConversationOptions}. */
export const conversationOptions = object({
  port: { is: text, required: true, means: 'Name of the WSDL port to call.' },
  ...commonOptions,
} satisfies Describes<SecureConversationOptions>);

/** Reads what is given of {@link SessionOptions}. */
export const sessionOptions = object({
  plan: { is: anyObject<Plan>(), required: true, means: 'The plan of the WSDL port to call.' },
  ...commonOptions,
} satisfies Describes<SessionOptions>);

/** Options that were read: all that has a default is there. */
export type SessionSettings = ReturnType<typeof sessionOptions.read>;

/** One HTTP exchange as it was on the wire. */
export interface WireExchange {
  readonly address: string;
  readonly request: string;
  readonly status: number;
  readonly response: string;
}
