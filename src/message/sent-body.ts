import { refuse } from '../errors.ts';
import { ns, type SoapVersion } from '../names.ts';
import type { PartToSign } from '../security/signature.ts';
import { soapPrefix } from '../soap/envelope-writer.ts';
import { canonicalTexts } from '../xml/canonical.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import { scanText } from '../xml/scan.ts';
import type { Element } from '../xml/tree.ts';
import { bindingsOf } from '../xml/write.ts';
import { ids } from './part-ids.ts';
import { valuePrefixes } from './value-prefixes.ts';

/** The content of a Body to be sent. */
export interface OutgoingBody {
  /**
   * Every namespace declaration that the content (and `element`) needs around it, with one space between two of them.
   */
  readonly declarations: string;
  readonly content: string;
  /** The one element that the content is, where it has been scanned already; it spares the sender to do so. */
  readonly element?: Element | undefined;
}

/** A Body's content that declares every prefix it uses. */
export function selfContained(content: string): OutgoingBody {
  return { content, declarations: '' };
}

/** What our own side writes may be larger than what it accepts. */
export const ownLimits: Limits = {
  ...defaultLimits,
  maxBytes: 1 << 28,
  maxNodes: 1 << 24,
  maxChildren: 1 << 24,
  maxValueChars: 1 << 20,
};

/** The tags of a Body to be sent. */
export interface BodyTags {
  readonly open: string;
  readonly close: string;
  /**
   * The start tag's canonical form around content that does without its prefixes; undefined where that could need them.
   */
  readonly canonicalOpen: string | undefined;
}

/**
 * The declarations of the content stand on the Body, so that its prefixes can't be `s` and `u` where they are taken.
 */
export function bodyTags(soap: SoapVersion, declarations: string, withId: boolean): BodyTags {
  const inherited = declarations === '' ? '' : ` ${declarations}`;
  const prefix = freePrefix(soapPrefix, inherited);
  const close = `</${prefix}:Body>`;
  if (!withId) {
    const own = prefix === soapPrefix ? '' : ` xmlns:${prefix}="${soap.namespace}"`;
    return { open: `<${prefix}:Body${own}${inherited}>`, close, canonicalOpen: undefined };
  }
  const idPrefix = freePrefix('u', inherited);
  const own = ` xmlns:${prefix}="${soap.namespace}" xmlns:${idPrefix}="${ns.wsu}"`;
  const id = ` ${idPrefix}:Id="${ids.body}"`;
  const isUsual = prefix === soapPrefix && idPrefix === 'u';
  return {
    open: `<${prefix}:Body${own}${inherited}${id}>`,
    close,
    canonicalOpen: isUsual ? `<${prefix}:Body${own}${id}>` : undefined,
  };
}

function freePrefix(wanted: string, declarations: string): string {
  let prefix = wanted;
  while (declarations.includes(` xmlns:${prefix}=`)) prefix += '_';
  return prefix;
}

/**
 * Nothing in the content may declare the prefixes of our start tag: it would be canonical in another way inside than
 * alone.
 */
const ownPrefix = /\sxmlns:[su]\s*=/;

/**
 * The Body as it is signed: prefixes that stand in values go into the PrefixList, so that they keep their meaning.
 *
 * @param element what the content is, where that has been scanned already
 */
export function signedBody({ open, close, canonicalOpen }: BodyTags, content: string, element?: Element): PartToSign {
  if (element !== undefined && canonicalOpen !== undefined && !ownPrefix.test(content)) {
    const isPlain = valuePrefixes(element).length === 0;
    if (isPlain) return { id: ids.body, canonical: [canonicalOpen, ...canonicalTexts(element), close] };
  }
  const body = scannedBody(open + content + close);
  const prefixes = valuePrefixes(body);
  return { id: ids.body, prefixes, canonical: canonicalTexts(body, { prefixes }) };
}

/**
 * The Body with its ciphertext. Of what stands declared on it for its content, everything is signed: names inside use
 * it unseen.
 */
export function signedCiphertext({ open, close }: BodyTags, inner: string): PartToSign {
  const body = scannedBody(open + inner + close);
  const used = [body, ...body.attributes].map(({ prefix }) => prefix);
  const unseen = bindingsOf(body.scope).filter(({ prefix }) => !used.includes(prefix));
  const prefixes = unseen.map(({ prefix }) => prefix || '#default');
  return { id: ids.body, prefixes, canonical: canonicalTexts(body, { prefixes }) };
}

function scannedBody(text: string): Element {
  try {
    return scanText(text, ownLimits).root;
  } catch (error) {
    return refuse('server', 'body-to-send', error);
  }
}
