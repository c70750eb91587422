import { basename, dirname, resolve } from 'node:path';
import type { Client, WSDL } from 'soap';
import { alternativesOf } from '../policy/compile.ts';
import { isLoopback } from '../policy/fetch-document.ts';
import type { Plan } from '../policy/plan.ts';
import { withUnprotectedPort } from '../policy/unprotected.ts';
import { isUrl, type Locate, locateFile, parseWsdl, type Wsdl } from '../policy/wsdl.ts';

/** What of node-soap's WSDL object is used: where it came from and the documents that were read with it. */
interface ReadWsdl {
  readonly uri: string;
  readonly WSDL_CACHE: Readonly<Record<string, WSDL>>;
  readonly options: { readonly wsdl_options?: ImportOptions };
  toXML(): string;
}

/** Options of node-soap that say where an import is read from. */
interface ImportOptions {
  readonly fixedPath?: boolean;
  readonly overrideImportLocation?: (location: string, from: string, written: string, options: object) => string;
}

/**
 * Plans of a port, one for each alternative of its policy, from the WSDL that a node-soap client was made with.
 * @param unprotectedPorts names of ports that may be without any security
 * @throws {SecureConversationError} `WSDL_INVALID`, `POLICY_INVALID` or `POLICY_UNSUPPORTED`, naming document and line
 */
export function clientPlans(
  client: Client,
  port: string,
  unprotectedPorts: readonly string[] = [],
): readonly [Plan, ...Plan[]] {
  return plansIn(clientWsdl(client), port, unprotectedPorts);
}

/** The same from the WSDL itself. @throws {SecureConversationError} as {@link clientPlans} */
export function plansIn(wsdl: Wsdl, port: string, unprotectedPorts: readonly string[]): readonly [Plan, ...Plan[]] {
  return alternativesOf(withUnprotectedPort(wsdl, port, unprotectedPorts), port).plans;
}

/**
 * The WSDL that a node-soap client was made with; imported documents are those that node-soap has read, policies in
 * other files are read here.
 * @throws {SecureConversationError} `WSDL_INVALID` naming document and line
 */
export function clientWsdl(client: Client): Wsdl {
  // `wsdl` is private by node-soap's types and the only place where the WSDL can be had.
  const { wsdl } = client as unknown as { wsdl: ReadWsdl };
  warnOfPlainWsdl(wsdl.uri);
  const { fixedPath = false, overrideImportLocation } = wsdl.options.wsdl_options ?? {};
  const locate: Locate = (location, from, kind) => {
    // node-soap reads what is imported, and no documents of policies.
    if (kind === 'policy' && !isUrl(location) && !isUrl(from)) return locateFile(location, from, kind);
    const own = locationFrom(location, from, fixedPath);
    const name = overrideImportLocation?.(own, from, location, wsdl.options) ?? own;
    const document = wsdl.WSDL_CACHE?.[name];
    return document && { name, text: document.toXML() };
  };
  return parseWsdl({ name: wsdl.uri, text: wsdl.toXML() }, locate);
}

/** What a WSDL says decides what is protected: somebody on the way of this one could have it protect nothing. */
function warnOfPlainWsdl(uri: string): void {
  if (!/^http:/i.test(uri) || !URL.canParse(uri) || isLoopback(new URL(uri))) return;
  process.emitWarning(`the WSDL ${uri} came without TLS: somebody on the way could change what is protected`, {
    code: 'WSSC_PLAIN_WSDL',
  });
}

/** Resolves a location as node-soap does, so that its cache is found by the same name. */
function locationFrom(location: string, from: string, fixedPath: boolean): string {
  if (/^https?:/i.test(location)) return location;
  if (/^https?:/i.test(from)) return new URL(location, from).href;
  return resolve(dirname(from), fixedPath ? basename(location) : location);
}
