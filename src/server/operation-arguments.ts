import type { EventEmitter } from 'node:events';
import type { WSDL } from 'soap';
import { ns } from '../names.ts';
import { decodeText } from '../xml/characters.ts';
import { type Element, marks, type Scope } from '../xml/tree.ts';
import { bindingsOf } from '../xml/write.ts';

/** What node-soap hears of one start tag. */
interface OpenTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What node-soap makes of an envelope. */
interface ReadEnvelope {
  readonly Body?: Readonly<Record<string, unknown>>;
}

const envelopeTag: OpenTag = { name: 'soap:Envelope', attributes: { 'xmlns:soap': ns.soap12 } };
const bodyTag: OpenTag = { name: 'soap:Body', attributes: {} };

/**
 * The arguments that node-soap's service object is called with, as node-soap itself reads them by the WSDL.
 *
 * node-soap reads from a stream of tags and texts that a parser of its own makes of bytes. The verified element has been scanned
 * already, so that its tags and texts are told instead: nothing is parsed a second time, by rules that may be others. Comments
 * are not told, and a CDATA section is text.
 * @throws {unknown} what node-soap throws
 */
export function readArguments(wsdl: WSDL, content: Element): unknown {
  let envelope: ReadEnvelope = {};
  const source = {
    pipe(listener: EventEmitter) {
      tellEnvelope(listener, content);
      return ended;
    },
  };
  wsdl.xmlToObject(source, (error: unknown, read: ReadEnvelope) => {
    if (error) throw error;
    envelope = read;
  });
  return envelope.Body?.[content.local];
}

/** A stream that is at its end: whoever waits for that is called at once. */
const ended = {
  on(event: string, listener: () => void) {
    if (event === 'end') listener();
    return ended;
  },
};

function tellEnvelope(listener: EventEmitter, content: Element): void {
  listener.emit('opentag', envelopeTag);
  listener.emit('opentag', bodyTag);
  tellElement(listener, content, undefined);
  listener.emit('closetag', bodyTag.name);
  listener.emit('closetag', envelopeTag.name);
}

/** Recursion is as deep as the elements are nested, which the scanner limits. @param told declarations that an outer tag had */
function tellElement(listener: EventEmitter, element: Element, told: Scope | undefined): void {
  const { name, source, contentEnd } = element;
  listener.emit('opentag', { name, attributes: attributesOf(element, told) } satisfies OpenTag);
  let at = element.contentStart;
  for (const child of element.children) {
    tellText(listener, element, source.slice(at, child.start));
    tellElement(listener, child, element.scope);
    at = child.end;
  }
  tellText(listener, element, source.slice(at, contentEnd));
  listener.emit('closetag', name);
}

const decoded = marks.references | marks.carriageReturns | marks.cdata | marks.comments;

function tellText(listener: EventEmitter, element: Element, raw: string): void {
  if (raw !== '') listener.emit('text', (element.marks & decoded) === 0 ? raw : decodeText(raw));
}

/** Attributes as written, namespace declarations among them: a type may be named by a prefix that nothing else uses. */
function attributesOf(element: Element, told: Scope | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  if (element.scope !== told) {
    for (const { prefix, uri } of bindingsOf(element.scope))
      attributes[prefix === '' ? 'xmlns' : `xmlns:${prefix}`] = uri;
  }
  for (const { name, value } of element.attributes) attributes[name] = value;
  return attributes;
}
