/** By what a request tells which alternative of a policy it is of, before any key is touched. */
import {
  encryptsSignatures,
  encryptsToCertificate,
  isInMessage,
  type MessagePlan,
  provingTokens,
  signersOf,
  type TokenUse,
} from './plan.ts';

/** The structures of a Security header and the algorithms that they name, as far as a plan leaves no choice. */
export interface RequestForm {
  readonly timestamps: number;
  /** Namespace of the SecurityContextToken; '' where there is none. */
  readonly contextToken: string;
  readonly encryptedKeys: number;
  readonly hasDerivedKeys: boolean;
  /** The kinds of tokens with a key, sorted. */
  readonly keyTokens: readonly string[];
  /** How many stand encrypted in the header, or are tokens that might: a policy leaves that to the sender. */
  readonly enclosed: number;
  /** The SignatureMethod of each Signature, sorted. */
  readonly signatures: readonly string[];
  /** The DigestMethod of each Signature's first Reference, sorted. */
  readonly digests: readonly string[];
  /** The EncryptionMethod of the EncryptedKey; '' where there is none. */
  readonly keyTransport: string;
  /** The same of what stands encrypted in the Body; '' where it is in clear. */
  readonly bodyCipher: string;
}

/** A form as a text: two are alike where their texts are. */
export function formText(form: RequestForm): string {
  const { timestamps, contextToken, encryptedKeys, hasDerivedKeys, keyTokens } = form;
  const { enclosed, signatures, digests, keyTransport, bodyCipher } = form;
  const structures = [timestamps, contextToken, encryptedKeys, hasDerivedKeys, keyTokens, enclosed];
  return JSON.stringify([...structures, signatures, digests, keyTransport, bodyCipher]);
}

/** Of plans that were asked for; a plan does not change. */
const forms = new WeakMap<MessagePlan, string>();

/** The form of the requests of a plan; undefined where they may have any: nothing protects them. */
export function formOf(plan: MessagePlan): string | undefined {
  if (plan.protection.kind === 'none') return undefined;
  const known = forms.get(plan);
  if (known !== undefined) return known;
  const made = formText(formMeant(plan));
  forms.set(plan, made);
  return made;
}

function formMeant(plan: MessagePlan): RequestForm {
  const { suite, dialect, timestamp, encrypted } = plan;
  const signers = signersOf(plan);
  const isHidden = encryptsSignatures(plan);
  const seen = isHidden ? [] : signers;
  const hasKey = encryptsToCertificate(plan);
  return {
    timestamps: timestamp ? 1 : 0,
    contextToken: signers.some(({ kind }) => kind === 'context') ? dialect.wsc : '',
    encryptedKeys: hasKey ? 1 : 0,
    hasDerivedKeys: signers.some(({ derivedKeys }) => derivedKeys),
    keyTokens: signers.flatMap(use => (isInMessage(use) ? [use.token] : [])).sort(),
    enclosed: provingTokens(plan).length + (isHidden ? signers.length : 0),
    signatures: seen.map(use => methodOf(use, plan)).sort(),
    digests: seen.map(() => suite.digest.uri),
    keyTransport: hasKey ? suite.keyTransport.uri : '',
    bodyCipher: encrypted.body ? suite.encryption.uri : '',
  };
}

function methodOf({ kind }: TokenUse, { suite }: MessagePlan): string {
  return (kind === 'supporting' ? suite.asymmetricSignature : suite.signature).uri;
}
