import type { SoapVersion } from '../names.ts';

/** Prefix of SOAP's own names in each envelope that is written here. */
export const soapPrefix = 's';

/** The attribute of a header block that its receiver must understand, with a leading space. */
export const mustUnderstand = ` ${soapPrefix}:mustUnderstand="1"`;

/** The declaration of the prefix, with a leading space: for a part that is signed alone. */
export function soapDeclaration({ namespace }: SoapVersion): string {
  return ` xmlns:${soapPrefix}="${namespace}"`;
}

/**
 * Writes an Envelope.
 * @param header its header blocks; '' for none, and no Header
 * @param body the Body element
 * @param declarations namespace declarations for the Header, each with a leading space
 */
export function writeEnvelope(soap: SoapVersion, header: string, body: string, declarations = ''): string {
  const blocks = header === '' ? '' : `<s:Header${declarations}>${header}</s:Header>`;
  return `<s:Envelope${soapDeclaration(soap)}>${blocks}${body}</s:Envelope>`;
}

/** Content-Type of a message, without its action. */
export function contentTypeOf({ contentType }: SoapVersion): string {
  return `${contentType}; charset=utf-8`;
}

/**
 * The HTTP headers that a message is posted with: its type, and its action where the version has it (SOAP 1.1 §6.1.1,
 * SOAP 1.2 Part 2 §7.1.4).
 * @param action an URI, so that it needs no escape inside quotes
 */
export function postHeaders(soap: SoapVersion, action: string): Readonly<Record<string, string>> {
  const type = contentTypeOf(soap);
  return soap.actionIn === 'SOAPAction'
    ? { 'Content-Type': type, SOAPAction: `"${action}"` }
    : { 'Content-Type': `${type}; action="${action}"` };
}
