/** A published WSDL that is made once, with room for what differs by node, request and time. */
import { type Document, type Element, XMLSerializer } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { escapeAttribute } from '../xml/write.ts';
import { attributeOf, childrenNamed, elementsOf, requiredAttribute } from './document.ts';
import { endpointReference } from './identity.ts';

/** What is known of a port when its WSDL is asked for. */
export interface PortFacts {
  /** Address of a port, or undefined to leave the one in the file. */
  readonly addressOf?: (port: string) => string | undefined;
  /** DER of the certificate that clients of a port encrypt to, for its Identity. Default: none. */
  readonly certificateOf?: (port: string) => Uint8Array | undefined;
}

/** A published document cut where addresses and identities stand: `pieces[0] slots[0] pieces[1] …`. */
export interface Template {
  readonly pieces: readonly string[];
  readonly slots: readonly Slot[];
}

interface Slot {
  readonly port: string;
  readonly with: 'address' | 'identity';
  /** The address in the file. */
  readonly location: string;
}

type Filling = (slot: Slot, facts: PortFacts) => string;

const addressIn: Filling = ({ port, location }, { addressOf }) => escapeAttribute(addressOf?.(port) ?? location);

const fillings: Readonly<Record<Slot['with'], Filling>> = {
  address: addressIn,
  identity: (slot, facts) => {
    const certificate = facts.certificateOf?.(slot.port);
    return certificate === undefined ? '' : endpointReference(addressIn(slot, facts), certificate);
  },
};

/** What stands for an address while the document is made: no character of XML (XML 1.0 §2.2). */
const placeholder = '\uFFFF';

/** @param root wsdl:definitions, which is changed */
export function makeTemplate(root: Element): Template {
  const slots = cutAddresses(root);
  const text = `<?xml version="1.0" encoding="utf-8"?>\n${new XMLSerializer().serializeToString(root)}\n`;
  return { pieces: text.split(placeholder), slots };
}

/** The text with what is in its slots now. */
export function fillTemplate({ pieces, slots }: Template, facts: PortFacts): string {
  const filled = slots.map(slot => fillings[slot.with](slot, facts));
  return pieces.map((piece, index) => piece + (filled[index] ?? '')).join('');
}

/**
 * Takes soap:address and the Address of an endpoint reference out of each port, in document order. A port without an
 * endpoint reference has room for one at its end.
 */
function cutAddresses(root: Element): Slot[] {
  return portsOf(root).flatMap(element => {
    const port = requiredAttribute(element, 'name');
    const located = elementsOf(element).map(child => {
      if (child.localName === 'address') return cutAttribute(child);
      return child.localName === 'EndpointReference' ? cutText(child) : undefined;
    });
    const locations = located.filter(location => location !== undefined);
    const slots: Slot[] = locations.map(location => ({ port, with: 'address', location }));
    const [location] = locations;
    if (location === undefined || elementsOf(element).some(child => child.localName === 'EndpointReference'))
      return slots;
    element.appendChild((element.ownerDocument as Document).createTextNode(placeholder));
    return [...slots, { port, with: 'identity', location }];
  });
}

function cutAttribute(address: Element): string | undefined {
  const location = attributeOf(address, '', 'location');
  if (location !== undefined) address.setAttribute('location', placeholder);
  return location;
}

function cutText(endpointReference: Element): string | undefined {
  const address = elementsOf(endpointReference).find(child => child.localName === 'Address');
  const location = address?.textContent?.trim();
  if (address !== undefined) address.textContent = placeholder;
  return location;
}

function portsOf(root: Element): Element[] {
  return childrenNamed(root, ns.wsdl, 'service').flatMap(service => childrenNamed(service, ns.wsdl, 'port'));
}
