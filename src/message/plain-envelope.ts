import { SecureConversationError } from '../errors.ts';
import { ns } from '../names.ts';
import { elementContent } from '../soap/structure.ts';
import { scanText } from '../xml/scan.ts';
import { childNamed, type Element, isNamed } from '../xml/tree.ts';
import { inheritDeclarations, standalone } from '../xml/write.ts';
import { type OutgoingBody, ownLimits } from './send.ts';

/** What an envelope in clear says. */
export interface PlainMessage {
  /** The header blocks, in document order. */
  readonly headers: readonly Element[];
  readonly body: OutgoingBody;
}

/**
 * Reads an envelope in clear that our own side wrote (node-soap's, whose prefixes are declared on the Envelope and may be used inside
 * values alone). The Body: its content as written and every declaration in scope there.
 * @throws {SecureConversationError} `CONFIG_INVALID` where it is no SOAP envelope, or its Body has attributes
 * @throws {Refusal} `malformed` for what is not well-formed, or has text between its header blocks
 */
export function readPlainEnvelope(text: string): PlainMessage {
  const { root } = scanText(text, ownLimits);
  const body = root.children.at(-1);
  if (body === undefined || !(isNamed(body, ns.soap12, 'Body') || isNamed(body, ns.soap11, 'Body')))
    throw new SecureConversationError('CONFIG_INVALID', 'the message to protect has no SOAP Body');
  const attribute = body.attributes[0];
  if (attribute !== undefined)
    throw new SecureConversationError(
      'CONFIG_INVALID',
      `the Body has an attribute ${attribute.name}; none is carried`,
      {
        hint: 'take it out of addBodyAttribute',
      },
    );
  const header = childNamed(root, body.namespace, 'Header');
  const headers = header === undefined ? [] : elementContent(header, 'malformed', 'header-text');
  const { content, declarations } = inheritDeclarations(body);
  return { headers, body: { content, declarations, element: body.children[0] } };
}

/**
 * An envelope with nothing but a Body, as node-soap takes it: prefix `soap`, SOAP 1.2.
 * @param content the verified child of the Body; it takes its declarations along, whatever `soap` means in the message it comes from
 */
export function writePlainEnvelope(content: Element | undefined): string {
  const body = content === undefined ? '' : standalone(content);
  return `<soap:Envelope xmlns:soap="${ns.soap12}"><soap:Body>${body}</soap:Body></soap:Envelope>`;
}
