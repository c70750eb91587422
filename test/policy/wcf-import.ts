/*
 * What the importer of WCF (svcutil, dotnet-svcutil, "Add Service Reference") asks of a policy before it makes one of
 * its bindings of it: read off its source, and held here against what is published.
 */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../../src/names.ts';
import { attributeOf, childNamed, childrenNamed, elementsOf, requiredAttribute } from '../../src/policy/document.ts';
import { componentOf, type Wsdl } from '../../src/policy/wsdl.ts';

/** A port as the importer sees it. */
export interface Imported {
  readonly binding: Element;
  readonly address: string;
  /** Version of WS-SecurityPolicy: its namespace. */
  readonly securityPolicy: string;
  /** Assertions by their place: `sp:TransportBinding/sp:Layout/sp:Strict`. */
  readonly assertions: ReadonlyMap<string, Element>;
}

const prefixes: Readonly<Record<string, string>> = {
  [ns.sp11]: 'sp',
  [ns.sp12]: 'sp',
  [ns.mssp]: 'mssp',
  [ns.wsaw]: 'wsaw',
  [ns.wsam]: 'wsam',
  [ns.wsap200408]: 'wsap',
};

const operators: readonly string[] = ['Policy', 'ExactlyOne', 'All'];

/** The port with the policy that its binding refers to. */
export function importPort(wsdl: Wsdl, name: string): Imported {
  const port = wsdl.ports.find(each => each.name === name)?.element as Element;
  const binding = componentOf(wsdl, 'binding', port, 'binding');
  const reference = childNamed(binding, ns.wsp200409, 'PolicyReference') as Element;
  const id = requiredAttribute(reference, 'URI').slice(1);
  const root = binding.parentNode as Element;
  const policy = childrenNamed(root, ns.wsp200409, 'Policy').find(each => attributeOf(each, ns.wsu, 'Id') === id);
  const assertions = new Map<string, Element>();
  walk(policy as Element, '', assertions);
  const inside = [...assertions.values()].find(
    ({ namespaceURI }) => namespaceURI === ns.sp11 || namespaceURI === ns.sp12,
  );
  const address = elementsOf(port)
    .map(each => attributeOf(each, '', 'location'))
    .find(each => each !== undefined);
  return { binding, address: address ?? '', securityPolicy: inside?.namespaceURI ?? '', assertions };
}

function walk(element: Element, place: string, found: Map<string, Element>): void {
  for (const child of elementsOf(element)) {
    const isOperator = child.namespaceURI === ns.wsp200409 && operators.includes(child.localName ?? '');
    const prefix = prefixes[child.namespaceURI ?? ''] ?? `{${child.namespaceURI}}`;
    // Headers are many of one name.
    const header = child.localName === 'Header' ? `=${attributeOf(child, '', 'Name')}` : '';
    const own = isOperator ? place : `${place === '' ? '' : `${place}/`}${prefix}:${child.localName}${header}`;
    if (!isOperator) found.set(own, child);
    walk(child, own, found);
  }
}

const session = 'sp:EndorsingSupportingTokens/sp:SecureConversationToken';
const bootstrap = `${session}/sp:BootstrapPolicy`;

/** Where the assertions of the credential stand: with each call, or in the bootstrap. */
const scopes = ({ assertions }: Imported): readonly string[] =>
  assertions.has(session) ? ['', `${bootstrap}/`] : [''];

const inEach = (port: Imported, ...names: readonly string[]) =>
  scopes(port).every(scope => names.every(name => port.assertions.has(`${scope}${name}`)));

const named = ({ assertions }: Imported, name: string) =>
  [...assertions].filter(([place]) => place.split('/').at(-1) === name);

const tokens = ['SecureConversationToken', 'UsernameToken', 'X509Token'].map(name => `sp:${name}`);

/** What is imported at all, by svcutil of .NET Framework. */
export const importRules: Readonly<Record<string, (port: Imported) => boolean>> = {
  'the port is SOAP over HTTP, document/literal': ({ binding }) =>
    childNamed(binding, ns.wsdlSoap12, 'binding') !== undefined &&
    childrenNamed(binding, ns.wsdl, 'operation').every(operation =>
      elementsOf(operation).every(each => {
        const body = childNamed(each, ns.wsdlSoap12, 'body');
        return body === undefined || attributeOf(body, '', 'use') === 'literal';
      }),
    ),
  'the policy says that messages are addressed': ({ assertions }) =>
    ['wsaw:UsingAddressing', 'wsam:Addressing', 'wsap:UsingAddressing'].some(name => assertions.has(name)),
  'every assertion is of a namespace that is known': ({ assertions }) =>
    [...assertions.keys()].every(place => !place.includes('{')),
  'assertions are of one version of WS-SecurityPolicy': ({ assertions }) =>
    new Set([...assertions].filter(([place]) => /(^|\/)sp:[^/]*$/.test(place)).map(([, e]) => e.namespaceURI)).size ===
    1,
  'Trust10 goes with version 1.1, Trust13 with 1.2': port =>
    named(port, port.securityPolicy === ns.sp11 ? 'sp:Trust13' : 'sp:Trust10').length === 0,
  "Microsoft's MustNotSendCancel goes with version 1.1": port =>
    port.securityPolicy === ns.sp11 || named(port, 'mssp:MustNotSendCancel').length === 0,
  'a SecureConversationToken has a BootstrapPolicy': port =>
    named(port, 'sp:SecureConversationToken').every(([place]) => port.assertions.has(`${place}/sp:BootstrapPolicy`)),
  'parts in a BootstrapPolicy have the Body among them': port =>
    ['sp:SignedParts', 'sp:EncryptedParts'].every(name =>
      named(port, name)
        .filter(([place]) => place.endsWith(`sp:BootstrapPolicy/${name}`))
        .every(([place]) => port.assertions.has(`${place}/sp:Body`)),
    ),
  'tokens say when they are sent': port =>
    tokens.every(token =>
      named(port, token).every(([, element]) =>
        attributeOf(element, port.securityPolicy, 'IncludeToken')?.startsWith(`${port.securityPolicy}/IncludeToken/`),
      ),
    ),
};

/** What the bindings WSHttpBinding and WS2007HttpBinding are made of, by dotnet-svcutil too. */
export const stockRules: Readonly<Record<string, (port: Imported) => boolean>> = {
  'the address is one of TLS': ({ address }) => address.startsWith('https://'),
  'TLS protects calls and bootstrap': port => inEach(port, 'sp:TransportBinding/sp:TransportToken/sp:HttpsToken'),
  'HttpsToken says in version 1.1 that no certificate is asked for, and nothing in 1.2': port =>
    named(port, 'sp:HttpsToken').every(
      ([, element]) =>
        attributeOf(element, '', 'RequireClientCertificate') ===
        (port.securityPolicy === ns.sp11 ? 'false' : undefined),
    ),
  'the suite is Basic256': port => inEach(port, 'sp:TransportBinding/sp:AlgorithmSuite/sp:Basic256'),
  'the layout is strict, and is said': port => inEach(port, 'sp:TransportBinding/sp:Layout/sp:Strict'),
  'a Timestamp is asked for': port => inEach(port, 'sp:TransportBinding/sp:IncludeTimestamp'),
  'Wss11 is there, and no Wss10': port => inEach(port, 'sp:Wss11') && named(port, 'sp:Wss10').length === 0,
  'both sides give entropy': port => {
    const trust = port.securityPolicy === ns.sp11 ? 'sp:Trust10' : 'sp:Trust13';
    const both = ['MustSupportIssuedTokens', 'RequireClientEntropy', 'RequireServerEntropy'];
    return inEach(port, ...both.map(name => `${trust}/sp:${name}`));
  },
  'a conversation may be cancelled and renewed': port =>
    ['mssp:MustNotSendCancel', 'sp:MustNotSendCancel', 'sp:MustNotSendRenew'].every(
      name => named(port, name).length === 0,
    ),
  'keys are not derived': port => named(port, 'sp:RequireDerivedKeys').length === 0,
  'tokens go in each request': port =>
    tokens.every(token =>
      named(port, token).every(([, element]) =>
        attributeOf(element, port.securityPolicy, 'IncludeToken')?.endsWith('/AlwaysToRecipient'),
      ),
    ),
  'addressing is 1.0': ({ assertions }) => assertions.has('wsaw:UsingAddressing') || assertions.has('wsam:Addressing'),
  'the credential is a password or a certificate, as WCF asks for it': port => {
    const scope = scopes(port).at(-1) ?? '';
    const signed = port.securityPolicy === ns.sp11 ? 'Signed' : 'SignedEncrypted';
    const password = `${scope}sp:${signed}SupportingTokens/sp:UsernameToken/sp:WssUsernameToken10`;
    const certificate = `${scope}sp:EndorsingSupportingTokens/sp:X509Token`;
    const isCertificate = ['sp:RequireThumbprintReference', 'sp:WssX509V3Token10'].every(name =>
      port.assertions.has(`${certificate}/${name}`),
    );
    return port.assertions.has(password) || isCertificate;
  },
};

/** Names of the rules that a port breaks. */
export function brokenRules(rules: typeof importRules, port: Imported): string[] {
  return Object.entries(rules).flatMap(([name, isHeld]) => (isHeld(port) ? [] : [name]));
}
