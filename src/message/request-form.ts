/** The form of a request as it came: nothing of it is proved, and nothing but its names is looked at. */
import { ns } from '../names.ts';
import { formText } from '../policy/request-form.ts';
import { supportingTokens } from '../security/supporting-tokens.ts';
import type { Envelope } from '../soap/envelope.ts';
import { attributeValue, type Content, childNamed, type Element, isNamed } from '../xml/tree.ts';
import { isEncryptedData } from './encrypted-parts.ts';

/** More children than any Security header may have: with one more there is no plan that it is of. */
const mostChildren = 32;

/**
 * The text of a request's form, to be compared with that of a plan; undefined for one that no plan's requests have.
 * It only decides which plan the request is held to, in whole.
 */
export function formOfRequest({ security, body }: Envelope): string | undefined {
  const children = security?.children ?? [];
  if (children.length > mostChildren) return undefined;
  const all = (namespace: string, local: string) => children.filter(child => isNamed(child, namespace, local));
  const signatures = all(ns.ds, 'Signature').map(signature => childNamed(signature, ns.ds, 'SignedInfo'));
  const keys = all(ns.xenc, 'EncryptedKey');
  const tokens = children.flatMap(kindsOf);
  const [content] = body.children;
  return formText({
    timestamps: all(ns.wsu, 'Timestamp').length,
    contextToken: children.find(({ local }) => local === 'SecurityContextToken')?.namespace ?? '',
    encryptedKeys: keys.length,
    hasDerivedKeys: children.some(({ local }) => local === 'DerivedKeyToken'),
    keyTokens: tokens.flatMap(({ kind, hasKey }) => (hasKey ? [kind] : [])).sort(),
    enclosed: tokens.filter(({ hasKey }) => !hasKey).length + all(ns.xenc, 'EncryptedData').length,
    signatures: signatures.map(info => methodIn(info, ns.ds, 'SignatureMethod')).sort(),
    digests: signatures.map(info => methodIn(info && firstReference(info), ns.ds, 'DigestMethod')).sort(),
    keyTransport: keys.map(key => methodIn(key, ns.xenc, 'EncryptionMethod')).join(' '),
    bodyCipher: content !== undefined && isEncryptedData(content) ? methodIn(content, ns.xenc, 'EncryptionMethod') : '',
  });
}

/** What kind of supporting token an element is, and whether that has a key. */
function kindsOf(element: Element): readonly { readonly kind: string; readonly hasKey: boolean }[] {
  const found = [...supportingTokens].filter(([, { namespace, local }]) => isNamed(element, namespace, local));
  return found.map(([kind, { key }]) => ({ kind, hasKey: key !== undefined }));
}

function firstReference(info: Content): Element | undefined {
  return childNamed(info, ns.ds, 'Reference');
}

/** The Algorithm of a child; '' where it names none. */
function methodIn(parent: Content | undefined, namespace: string, local: string): string {
  const method = parent && childNamed(parent, namespace, local);
  return (method && attributeValue(method, '', 'Algorithm')) ?? '';
}
