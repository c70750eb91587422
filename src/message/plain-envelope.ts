import { SecureConversationError } from '../errors.ts';
import { ns } from '../names.ts';
import { scanText } from '../xml/scan.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { inheritDeclarations, standalone } from '../xml/write.ts';
import { type OutgoingBody, ownLimits } from './send.ts';

/**
 * The Body of an envelope in clear that our own side wrote (node-soap's, whose prefixes are declared on the Envelope and may be
 * used inside values alone): its content as written and every declaration in scope there.
 * @throws {SecureConversationError} `CONFIG_INVALID` where it is no SOAP envelope
 */
export function readPlainEnvelope(text: string): OutgoingBody {
  const { root } = scanText(text, ownLimits);
  const body = root.children.at(-1);
  if (body === undefined || !(isNamed(body, ns.soap12, 'Body') || isNamed(body, ns.soap11, 'Body')))
    throw new SecureConversationError('CONFIG_INVALID', 'the message to protect has no SOAP Body');
  const { content, declarations } = inheritDeclarations(body);
  return { content, declarations, element: body.children[0] };
}

/**
 * An envelope with nothing but a Body, as node-soap takes it: prefix `soap`, SOAP 1.2.
 * @param content the verified child of the Body; it takes its declarations along, whatever `soap` means in the message it comes from
 */
export function writePlainEnvelope(content: Element | undefined): string {
  const body = content === undefined ? '' : standalone(content);
  return `<soap:Envelope xmlns:soap="${ns.soap12}"><soap:Body>${body}</soap:Body></soap:Envelope>`;
}
