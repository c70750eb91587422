/** The assertions of an endpoint policy or a BootstrapPolicy: bindings, supporting tokens, options and parts. */
import type { Element } from '@xmldom/xmldom';
import { type AddressingDraft, addressingAssertions } from './addressing.ts';
import { type BindingDraft, readAsymmetricBinding, readSymmetricBinding, readTransportBinding } from './binding.ts';
import { elementsOf } from './document.ts';
import type { Alternative, Assertion } from './normal-form.ts';
import { noParts, partsRow } from './parts.ts';
import type { CertificateReference, Parts } from './plan.ts';
import {
  endorsingSupportingTokens,
  plainSupportingTokens,
  type SupportingTokensDraft,
  supportingTokensDraft,
} from './tokens.ts';
import {
  elements,
  empty,
  invalid,
  nested,
  noted,
  type Reading,
  type Row,
  readAlternative,
  readNested,
  type Vocabulary,
  vocabulary,
} from './vocabulary.ts';

/** How the tokens of one supporting-tokens assertion are protected (WS-SecurityPolicy 1.2 §8). */
export interface SupportingDraft extends SupportingTokensDraft {
  readonly isSigned: boolean;
  readonly isEncrypted: boolean;
}

/** sp:Trust10 or sp:Trust13. */
export interface TrustDraft {
  readonly assertion: Assertion;
  clientEntropy: boolean;
  serverEntropy: boolean;
}

/** An endpoint policy, read. */
export interface EndpointDraft extends MessageDraft, AddressingDraft {
  binding: BindingDraft | undefined;
  readonly supporting: SupportingDraft[];
  /** References to an X.509 certificate that both sides understand (sp:Wss10, sp:Wss11), in order of preference. */
  references: readonly CertificateReference[];
  wss: Assertion | undefined;
  /** Whether answers confirm the signatures of their requests (sp:Wss11). */
  confirmsSignatures: boolean;
  trust: TrustDraft | undefined;
}

/** Parts of a message policy. */
export interface MessageDraft {
  signed: Parts;
  encrypted: Parts;
  /** The first sp:Header of an EncryptedParts: what TLS meets and the other bindings do not yet. */
  encryptedHeader: Element | undefined;
}

const messageVocabulary: Vocabulary<MessageDraft> = vocabulary('policies of operations and messages', {
  'sp:SignedParts': partsRow('signed'),
  'sp:EncryptedParts': elements((draft, assertion, reading) => {
    partsRow('encrypted').step(draft, assertion, reading);
    draft.encryptedHeader ??= elementsOf(assertion.element).find(child => child.localName === 'Header');
  }),
});

const noMessageParts: MessageDraft = { signed: noParts, encrypted: noParts, encryptedHeader: undefined };

const trustProperties: Vocabulary<TrustDraft> = vocabulary('Trust10, Trust13', {
  'sp:MustSupportIssuedTokens': noted(),
  'sp:RequireClientEntropy': empty(draft => {
    draft.clientEntropy = true;
  }),
  'sp:RequireServerEntropy': empty(draft => {
    draft.serverEntropy = true;
  }),
});

/** sp:Wss10 or sp:Wss11. */
interface WssDraft {
  readonly references: CertificateReference[];
  confirmsSignatures: boolean;
}

/** References that we resolve; the others of §9 are not implemented. */
const wss10Properties: Vocabulary<WssDraft> = vocabulary('Wss10', {
  'sp:MustSupportRefKeyIdentifier': referenceRow('keyIdentifier'),
  'sp:MustSupportRefIssuerSerial': referenceRow('issuerSerial'),
});

const wss11Properties: Vocabulary<WssDraft> = vocabulary('Wss11', {
  ...wss10Properties,
  'sp:MustSupportRefThumbprint': referenceRow('thumbprint'),
  'sp:MustSupportRefEncryptedKey': noted(),
  'sp:RequireSignatureConfirmation': empty(draft => {
    draft.confirmsSignatures = true;
  }),
});

const referencePreference: readonly CertificateReference[] = ['thumbprint', 'keyIdentifier', 'issuerSerial'];

const endpointVocabulary: Vocabulary<EndpointDraft> = vocabulary('policies of ports', {
  ...messageVocabulary,
  'sp:TransportBinding': bindingRow(readTransportBinding),
  'sp:SymmetricBinding': bindingRow(readSymmetricBinding),
  'sp:AsymmetricBinding': bindingRow(readAsymmetricBinding),
  'sp:SupportingTokens': supportingRow(plainSupportingTokens, false, false),
  'sp:SignedSupportingTokens': supportingRow(plainSupportingTokens, true, false),
  'sp12:EncryptedSupportingTokens': supportingRow(plainSupportingTokens, false, true),
  'sp12:SignedEncryptedSupportingTokens': supportingRow(plainSupportingTokens, true, true),
  'sp:EndorsingSupportingTokens': supportingRow(endorsingSupportingTokens, false, false),
  'sp:SignedEndorsingSupportingTokens': supportingRow(endorsingSupportingTokens, true, false),
  'sp:Wss10': wssRow(wss10Properties),
  'sp:Wss11': wssRow(wss11Properties),
  'sp11:Trust10': trustRow(),
  'sp12:Trust13': trustRow(),
  ...addressingAssertions,
});

/** @throws {SecureConversationError} POLICY_UNSUPPORTED or POLICY_INVALID with name, file and line. */
export function readEndpoint(alternative: Alternative, reading: Reading): EndpointDraft {
  const draft: EndpointDraft = {
    binding: undefined,
    supporting: [],
    references: [],
    wss: undefined,
    confirmsSignatures: false,
    trust: undefined,
    addressing: undefined,
    ...noMessageParts,
  };
  return readAlternative(endpointVocabulary, alternative, draft, reading, 'the policy of a port');
}

/** Same for the policy of an operation or of one direction: it can only name parts. */
export function readMessagePolicy(alternative: Alternative, reading: Reading): MessageDraft {
  const place = 'the policy of an operation or message';
  return readAlternative(messageVocabulary, alternative, { ...noMessageParts }, reading, place);
}

function bindingRow(read: (assertion: Assertion, reading: Reading) => BindingDraft): Row<EndpointDraft> {
  return nested((draft, assertion, reading) => {
    if (draft.binding !== undefined)
      invalid(assertion, `stands beside another binding (${draft.binding.assertion.place})`);
    draft.binding = read(assertion, reading);
  });
}

function supportingRow(
  tokens: Vocabulary<SupportingTokensDraft>,
  isSigned: boolean,
  isEncrypted: boolean,
): Row<EndpointDraft> {
  return nested((draft, assertion, reading) => {
    const read = readNested(tokens, assertion, supportingTokensDraft(assertion), reading);
    draft.supporting.push({ ...read, isSigned, isEncrypted });
  });
}

function wssRow(properties: Vocabulary<WssDraft>): Row<EndpointDraft> {
  return nested((draft, assertion, reading) => {
    if (draft.wss !== undefined) invalid(assertion, `stands beside another (${draft.wss.place})`);
    const none: WssDraft = { references: [], confirmsSignatures: false };
    const { references, confirmsSignatures } = readNested(properties, assertion, none, reading);
    draft.wss = assertion;
    draft.confirmsSignatures = confirmsSignatures;
    draft.references = referencePreference.filter(reference => references.includes(reference));
  });
}

function referenceRow(reference: CertificateReference): Row<WssDraft> {
  return empty(draft => {
    draft.references.push(reference);
  });
}

function trustRow(): Row<EndpointDraft> {
  return nested((draft, assertion, reading) => {
    if (draft.trust !== undefined) invalid(assertion, `stands beside another (${draft.trust.assertion.place})`);
    const trust: TrustDraft = { assertion, clientEntropy: false, serverEntropy: false };
    draft.trust = readNested(trustProperties, assertion, trust, reading);
  });
}
