import { decodeBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import type { Element } from '../xml/tree.ts';
import { attributesOf, noContent } from './grammar.ts';

/** wsse11:SignatureConfirmation (WSS SOAP Message Security 1.1 §8.5). */
export interface SignatureConfirmation {
  readonly element: Element;
  /** SignatureValue of one signature of the request, in base64; undefined: the request had none. */
  readonly value: string | undefined;
}

/** No content; wsu:Id and Value. @throws {Refusal} `invalidSecurity` */
export function parseSignatureConfirmation(element: Element): SignatureConfirmation {
  const { Value } = attributesOf(element, { Id: ns.wsu, Value: '' });
  noContent(element);
  return { element, value: Value === undefined ? undefined : signatureValue(Value) };
}

/** Two writings of one value are the same. */
function signatureValue(text: string): string {
  return decodeBase64(text, { minBytes: 1, maxBytes: 1024 }, 'invalidSecurity').toString('base64');
}

/**
 * Checks that there is one for each signature of the request, and nothing else: where the request had none, one without
 * a value.
 *
 * @param signatureValues of the request, in base64; undefined: nothing is to be confirmed
 * @throws {Refusal} `invalidSecurity`
 */
export function checkConfirmed(
  found: readonly SignatureConfirmation[],
  signatureValues: readonly string[] | undefined,
): void {
  const values = found.map(({ value = '' }) => value).sort();
  const wanted = confirmations(signatureValues).toSorted();
  if (values.length !== wanted.length || !values.every((value, index) => value === wanted[index]))
    refuse('invalidSecurity', 'signature-confirmation');
}

/**
 * The values of the confirmations that an answer must have, '' for one without a value.
 *
 * @param signatureValues of the request, in base64; undefined: nothing is to be confirmed
 */
export function confirmations(signatureValues: readonly string[] | undefined): readonly string[] {
  return signatureValues?.length === 0 ? [''] : (signatureValues ?? []);
}

/** Canonical as written. @param value one of {@link confirmations} */
export function writeSignatureConfirmation(id: string, value: string): string {
  const attribute = value === '' ? '' : ` Value="${value}"`;
  return (
    `<k:SignatureConfirmation xmlns:k="${ns.wsse11}" xmlns:u="${ns.wsu}"${attribute} u:Id="${id}">` +
    '</k:SignatureConfirmation>'
  );
}
