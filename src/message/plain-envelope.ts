import { ConfigurationError } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import { soapVersionOf } from '../soap/envelope.ts';
import { elementContent } from '../soap/structure.ts';
import { scanText } from '../xml/scan.ts';
import { childNamed, type Element, isNamed } from '../xml/tree.ts';
import { inheritDeclarations, standalone } from '../xml/write.ts';
import { type OutgoingBody, ownLimits } from './sent-body.ts';

/** What an envelope in clear says. */
export interface PlainMessage {
  /** The header blocks, in document order. */
  readonly headers: readonly Element[];
  readonly body: OutgoingBody;
}

/**
 * Reads an envelope in clear that our own side wrote (node-soap's, whose prefixes are declared on the Envelope and may
 * be used inside values alone). The Body: its content as written, with every declaration in scope there.
 * @throws {SecureConversationError} `CONFIG_INVALID` where it is no SOAP envelope, or its Body has attributes
 * @throws {Refusal} `malformed` for what is not well-formed, or has text between its header blocks
 */
export function readPlainEnvelope(text: string): PlainMessage {
  const { root } = scanText(text, ownLimits);
  const namespace = soapVersionOf(root)?.namespace;
  const body = root.children.at(-1);
  if (namespace === undefined || body === undefined || !isNamed(body, namespace, 'Body'))
    throw new ConfigurationError('CONFIG_INVALID', 'the message to protect has no SOAP Body');
  const attribute = body.attributes[0];
  if (attribute !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', `the Body has an attribute ${attribute.name}; none is carried`, {
      hint: 'take it out of addBodyAttribute',
    });
  const header = childNamed(root, namespace, 'Header');
  const headers = header === undefined ? [] : elementContent(header, 'malformed', 'header-text');
  const [element, ...more] = elementContent(body, 'malformed', 'body-text');
  if (element === undefined || more.length !== 0) return { headers, body: inheritDeclarations(body) };
  return { headers, body: { declarations: '', content: standalone(element), element } };
}

/**
 * An envelope of a Body and header blocks, as node-soap takes it: prefix `soap`.
 * @param content the child of the Body; it takes its declarations along, whatever `soap` means in the message it comes
 * from
 * @param text how to write it; default: as it was written
 * @param blocks text of the header blocks; default: none
 */
export function writePlainEnvelope(
  { namespace }: SoapVersion,
  content: Element | undefined,
  text = content === undefined ? '' : standalone(content),
  blocks = '',
): string {
  const header = blocks === '' ? '' : `<soap:Header>${blocks}</soap:Header>`;
  return `<soap:Envelope xmlns:soap="${namespace}">${header}<soap:Body>${text}</soap:Body></soap:Envelope>`;
}
