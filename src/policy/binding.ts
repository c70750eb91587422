/** TransportBinding and SymmetricBinding (WS-SecurityPolicy 1.2 §7.3, §7.4) and the properties that they share. */
import { type Suite, suiteNamed } from '../crypto/suites.ts';
import type { Assertion } from './normal-form.ts';
import type { Layout } from './plan.ts';
import { type ProtectionTokenDraft, protectionTokens, transportTokens } from './tokens.ts';
import {
  empty,
  invalid,
  nested,
  noted,
  type Reading,
  type Row,
  readNested,
  unsupported,
  type Vocabulary,
} from './vocabulary.ts';

interface BindingProperties {
  readonly assertion: Assertion;
  suite: Suite | undefined;
  layout: Layout | undefined;
  timestamp: boolean;
}

interface TransportProperties extends BindingProperties {
  token: Assertion | undefined;
}

interface SymmetricProperties extends BindingProperties {
  token: ProtectionTokenDraft | undefined;
}

/** A binding assertion, read. */
export type BindingDraft = {
  readonly assertion: Assertion;
  readonly suite: Suite;
  readonly layout: Layout;
  readonly timestamp: boolean;
} & ({ readonly kind: 'transport' } | { readonly kind: 'symmetric'; readonly token: ProtectionTokenDraft });

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
  'sp:AlgorithmSuite': nested((draft, assertion) => {
    if (draft.suite !== undefined) invalid(assertion, 'stands twice in one binding');
    draft.suite = readSuite(assertion);
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

const transportProperties: Vocabulary<TransportProperties> = {
  ...sharedProperties,
  'sp:TransportToken': nested((draft, assertion, reading) => {
    readNested(transportTokens, assertion, draft, reading);
  }),
};

const symmetricProperties: Vocabulary<SymmetricProperties> = {
  ...sharedProperties,
  'sp:ProtectionToken': nested((draft, assertion, reading) => {
    readNested(protectionTokens, assertion, draft, reading);
  }),
  // Whole headers and the whole Body are all that is ever signed.
  'sp:OnlySignEntireHeadersAndBody': noted(),
};

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readTransportBinding(assertion: Assertion, reading: Reading): BindingDraft {
  const draft = readNested(transportProperties, assertion, { ...noProperties(assertion), token: undefined }, reading);
  if (draft.token === undefined) invalid(assertion, 'has no TransportToken');
  return { kind: 'transport', ...shared(draft) };
}

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readSymmetricBinding(assertion: Assertion, reading: Reading): BindingDraft {
  const draft = readNested(symmetricProperties, assertion, { ...noProperties(assertion), token: undefined }, reading);
  const token = draft.token ?? invalid(assertion, 'has no ProtectionToken');
  return { kind: 'symmetric', token, ...shared(draft) };
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

/** The suite that the table of crypto/ holds under the assertion's name. Rows without support are refused by name. */
function readSuite(assertion: Assertion): Suite {
  const [named, second] = assertion.nested ?? [];
  if (named === undefined) return invalid(assertion, 'names no suite');
  const suite = suiteNamed(named.name.local);
  if (suite === undefined || named.name.namespace !== (suite.namespace ?? assertion.name.namespace)) unsupported(named);
  if (!suite.keyTransport.supported || !suite.encryption.supported) unsupported(named);
  if (second !== undefined) unsupported(second, 'beside a suite');
  return suite;
}
