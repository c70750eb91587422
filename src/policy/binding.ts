/** The security bindings (WS-SecurityPolicy 1.2 §7.3 to §7.5) and the properties that they share. */
import { type Suite, suiteNamed } from '../crypto/suites.ts';
import type { Assertion } from './normal-form.ts';
import type { Layout, ProtectionOrder } from './plan.ts';
import {
  initiatorTokens,
  type ProtectionTokenDraft,
  protectionTokens,
  recipientTokens,
  type SigningCertificateDraft,
  type TransportTokenDraft,
  transportTokens,
} from './tokens.ts';
import {
  attempt,
  empty,
  invalid,
  nested,
  noted,
  type Reading,
  type Row,
  readNested,
  unsupported,
  type Vocabulary,
  vocabulary,
} from './vocabulary.ts';

interface BindingProperties {
  readonly assertion: Assertion;
  suite: Suite | undefined;
  layout: Layout | undefined;
  timestamp: boolean;
}

interface TransportProperties extends BindingProperties {
  token: TransportTokenDraft | undefined;
}

interface SymmetricProperties extends BindingProperties {
  token: ProtectionTokenDraft | undefined;
  order: ProtectionOrder;
  encryptSignature: boolean;
  protectTokens: boolean;
}

interface AsymmetricProperties extends BindingProperties {
  protectTokens: boolean;
  readonly initiator: { token: SigningCertificateDraft | undefined };
  readonly recipient: { token: SigningCertificateDraft | undefined };
}

/** A binding assertion, read. */
export type BindingDraft = {
  readonly assertion: Assertion;
  readonly suite: Suite;
  readonly layout: Layout;
  readonly timestamp: boolean;
} & (
  | ({ readonly kind: 'transport' } & Pick<TransportTokenDraft, 'clientCertificate' | 'basic'>)
  | ({ readonly kind: 'symmetric'; readonly token: ProtectionTokenDraft } & MessageProtection)
  | {
      readonly kind: 'asymmetric';
      readonly protectTokens: boolean;
      readonly initiator: SigningCertificateDraft;
      readonly recipient: SigningCertificateDraft;
    }
);

/** Those that a conversation may protect messages by; an AsymmetricBinding has no place for one. */
export type OuterBinding = Exclude<BindingDraft, { readonly kind: 'asymmetric' }>;

/** How a SymmetricBinding signs and encrypts (WS-SecurityPolicy 1.2 §6.3 to §6.5). */
export interface MessageProtection {
  readonly order: ProtectionOrder;
  readonly encryptSignature: boolean;
  readonly protectTokens: boolean;
}

/** WS-SecurityPolicy §6.7; the longer names of the last two are those of the first drafts, still written by some. */
const layouts: Readonly<Record<string, Layout>> = {
  Strict: 'strict',
  Lax: 'lax',
  LaxTsFirst: 'laxTimestampFirst',
  LaxTsLast: 'laxTimestampLast',
  LaxTimestampFirst: 'laxTimestampFirst',
  LaxTimestampLast: 'laxTimestampLast',
};

const layoutVocabulary: Vocabulary<{ layout: Layout | undefined }> = Object.fromEntries(
  Object.entries(layouts).map(([name, layout]) => [`sp:${name}`, layoutRow(layout)]),
);

const sharedProperties: Vocabulary<BindingProperties> = {
  'sp:AlgorithmSuite': nested((draft, assertion, reading) => {
    if (draft.suite !== undefined) invalid(assertion, 'stands twice in one binding');
    draft.suite = readSuite(assertion, reading);
  }),
  'sp:Layout': nested((draft, assertion, reading) => {
    if (draft.layout !== undefined) invalid(assertion, 'stands twice in one binding');
    readNested(layoutVocabulary, assertion, draft, reading);
    if (draft.layout === undefined) invalid(assertion, 'names no layout');
  }),
  'sp:IncludeTimestamp': empty(draft => {
    draft.timestamp = true;
  }),
};

const transportProperties: Vocabulary<TransportProperties> = vocabulary('TransportBinding', {
  ...sharedProperties,
  'sp:TransportToken': nested((draft, assertion, reading) => {
    readNested(transportTokens, assertion, draft, reading);
  }),
});

const symmetricProperties: Vocabulary<SymmetricProperties> = vocabulary('SymmetricBinding', {
  ...sharedProperties,
  'sp:ProtectionToken': nested((draft, assertion, reading) => {
    readNested(protectionTokens, assertion, draft, reading);
  }),
  'sp:EncryptBeforeSigning': empty(draft => {
    draft.order = 'encryptBeforeSigning';
  }),
  'sp:EncryptSignature': empty(draft => {
    draft.encryptSignature = true;
  }),
  'sp:ProtectTokens': protectTokensRow(),
  // Whole headers and the whole Body are all that is ever signed.
  'sp:OnlySignEntireHeadersAndBody': noted(),
});

const asymmetricProperties: Vocabulary<AsymmetricProperties> = vocabulary('AsymmetricBinding', {
  ...sharedProperties,
  'sp:InitiatorToken': nested(({ initiator }, assertion, reading) => {
    readNested(initiatorTokens, assertion, initiator, reading);
  }),
  'sp:RecipientToken': nested(({ recipient }, assertion, reading) => {
    readNested(recipientTokens, assertion, recipient, reading);
  }),
  'sp:ProtectTokens': protectTokensRow(),
  'sp:OnlySignEntireHeadersAndBody': noted(),
});

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readTransportBinding(assertion: Assertion, reading: Reading): BindingDraft {
  const draft = readNested(transportProperties, assertion, { ...noProperties(assertion), token: undefined }, reading);
  const { clientCertificate, basic } = draft.token ?? invalid(assertion, 'has no TransportToken');
  return { kind: 'transport', clientCertificate, basic, ...shared(draft) };
}

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readSymmetricBinding(assertion: Assertion, reading: Reading): BindingDraft {
  const none: SymmetricProperties = {
    ...noProperties(assertion),
    token: undefined,
    order: 'signBeforeEncrypting',
    encryptSignature: false,
    protectTokens: false,
  };
  const draft = readNested(symmetricProperties, assertion, none, reading);
  const token = draft.token ?? invalid(assertion, 'has no ProtectionToken');
  const { order, encryptSignature, protectTokens } = draft;
  // What is signed as ciphertext would be decrypted before its proof, too.
  if (encryptSignature && order === 'encryptBeforeSigning')
    unsupported(assertion, 'with EncryptBeforeSigning and EncryptSignature');
  return { kind: 'symmetric', token, order, encryptSignature, protectTokens, ...shared(draft) };
}

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readAsymmetricBinding(assertion: Assertion, reading: Reading): BindingDraft {
  const none: AsymmetricProperties = {
    ...noProperties(assertion),
    initiator: { token: undefined },
    recipient: { token: undefined },
    protectTokens: false,
  };
  const draft = readNested(asymmetricProperties, assertion, none, reading);
  const initiator = draft.initiator.token ?? invalid(assertion, 'has no InitiatorToken');
  const recipient = draft.recipient.token ?? invalid(assertion, 'has no RecipientToken');
  return { kind: 'asymmetric', initiator, recipient, protectTokens: draft.protectTokens, ...shared(draft) };
}

function noProperties(assertion: Assertion): BindingProperties {
  return { assertion, suite: undefined, layout: undefined, timestamp: false };
}

/** Layout is Lax where a policy does not say (WS-SecurityPolicy 1.2 §6.7). */
function shared({ assertion, suite, layout, timestamp }: BindingProperties) {
  return { assertion, suite: suite ?? invalid(assertion, 'has no AlgorithmSuite'), layout: layout ?? 'lax', timestamp };
}

function layoutRow(layout: Layout): Row<{ layout: Layout | undefined }> {
  return empty((draft, assertion) => {
    if (draft.layout !== undefined) invalid(assertion, 'is a second layout');
    draft.layout = layout;
  });
}

function protectTokensRow(): Row<{ protectTokens: boolean }> {
  return empty(draft => {
    draft.protectTokens = true;
  });
}

/** The suite that the table of crypto/ holds under the assertion's name. Rows without support are refused by name. */
function readSuite(assertion: Assertion, reading: Reading): Suite {
  const [named, second] = assertion.nested ?? [];
  if (named === undefined) return invalid(assertion, 'names no suite');
  const suite = suiteNamed(named.name.local);
  if (suite === undefined || named.name.namespace !== (suite.namespace ?? assertion.name.namespace)) unsupported(named);
  attempt(reading, () => {
    if (!suite.keyTransport.supported || !suite.encryption.supported) unsupported(named);
    if (second !== undefined) unsupported(second, 'beside a suite');
  });
  return suite;
}
