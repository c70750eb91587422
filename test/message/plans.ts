import type { Suite } from '../../src/crypto/suites.ts';
import { suites } from '../../src/crypto/suites.ts';
import { type AddressingVersionName, addressingVersions, type Dialect, dialects } from '../../src/names.ts';
import type {
  CertificateUse,
  ExchangePlan,
  MessagePlan,
  Parts,
  ProtectionOrder,
  QName,
  SupportingToken,
} from '../../src/policy/plan.ts';

/** Plans as the policies of the recorded endpoints, and of our own three ports, compile to. */

export function suite(name: string): Suite {
  const found = suites[name];
  if (found === undefined) throw new Error(`no suite ${name}`);
  return found;
}

const nothing: Parts = { body: false, headers: [] };
const userOverTls: SupportingToken = { kind: 'username', signed: false, encrypted: false };
const signedUser: SupportingToken = { kind: 'username', signed: true, encrypted: false };

function exchange(request: MessagePlan, change: Partial<MessagePlan> = {}): ExchangePlan {
  return { request, response: { ...request, supporting: [], ...change } };
}

/** TransportBinding; the bootstrap with a UsernameToken. */
export function transportBootstrap(dialect: Dialect, suiteName = 'Basic256'): ExchangePlan {
  return exchange(transport(dialect, suiteName, [userOverTls]));
}

/** TransportBinding with an endorsing SecurityContextToken. */
export function transportCalls(
  dialect: Dialect,
  suiteName = 'Basic256',
  signedHeaders: readonly QName[] = [],
): ExchangePlan {
  const plan = transport(dialect, suiteName, [{ kind: 'context', endorsing: true, derivedKeys: false }]);
  return exchange({ ...plan, signed: { body: false, headers: signedHeaders } }, { signed: nothing });
}

/** A bootstrap without a Security header. */
export function bareTransport(dialect: Dialect, suiteName = 'Basic128'): ExchangePlan {
  return exchange({ ...transport(dialect, suiteName, []), timestamp: false });
}

function transport(dialect: Dialect, suiteName: string, supporting: readonly SupportingToken[]): MessagePlan {
  return {
    dialect,
    suite: suite(suiteName),
    layout: 'lax',
    timestamp: true,
    protection: { kind: 'transport' },
    supporting,
    signed: nothing,
    encrypted: nothing,
  };
}

const headerNames = ['To', 'From', 'FaultTo', 'ReplyTo', 'MessageID', 'RelatesTo', 'Action'];

export interface SymmetricOptions {
  readonly addressing?: AddressingVersionName;
  readonly dialect?: Dialect;
  readonly suite?: string;
  readonly derivedKeys?: boolean;
  readonly order?: ProtectionOrder;
  readonly encryptSignature?: boolean;
  readonly username?: boolean;
}

/** SymmetricBinding by the service's certificate, as the bootstrap of the rows A*, UX* and of EchoSymmetric. */
export function symmetricBootstrap(options: SymmetricOptions = {}): ExchangePlan {
  const plan = symmetric({ kind: 'encryptedKey', reference: 'thumbprint' }, options);
  return exchange({ ...plan, layout: 'strict', supporting: options.username === false ? [] : [signedUser] });
}

/** AsymmetricBinding between two certificates, as the bootstrap of the row _X10. */
export function certificateBootstrap(options: Pick<SymmetricOptions, 'addressing' | 'suite'> = {}): ExchangePlan {
  const plan = symmetricBootstrap({ ...options, username: false }).request;
  const kind = 'asymmetric';
  const own: CertificateUse = { include: 'certificate', reference: 'token' };
  const known: CertificateUse = { include: 'never', reference: 'keyIdentifier' };
  return exchange(
    { ...plan, protection: { kind, signature: own, encryption: 'keyIdentifier' } },
    { protection: { kind, signature: known, encryption: 'keyIdentifier' } },
  );
}

/** A bootstrap that a conversation endorses. */
export function endorsed(plan: MessagePlan, derivedKeys = false): MessagePlan {
  return { ...plan, supporting: [...plan.supporting, { kind: 'context', endorsing: true, derivedKeys }] };
}

/** SymmetricBinding by the SecurityContextToken. */
export function symmetricCalls(options: SymmetricOptions = {}): ExchangePlan {
  return exchange(symmetric({ kind: 'context', include: 'alwaysToRecipient' }, options));
}

type SymmetricToken = Extract<MessagePlan['protection'], { kind: 'symmetric' }>['token'];

function symmetric(token: SymmetricToken, options: SymmetricOptions): MessagePlan {
  const namespace = addressingVersions[options.addressing ?? '1.0'].namespace;
  return {
    dialect: options.dialect ?? dialects.feb2005,
    suite: suite(options.suite ?? 'Basic128'),
    layout: 'lax',
    timestamp: true,
    protection: {
      kind: 'symmetric',
      token,
      derivedKeys: options.derivedKeys ?? true,
      order: options.order ?? 'signBeforeEncrypting',
      encryptSignature: options.encryptSignature ?? false,
      protectTokens: false,
    },
    supporting: [],
    signed: { body: true, headers: headerNames.map(local => ({ namespace, local })) },
    encrypted: { body: true, headers: [] },
  };
}
