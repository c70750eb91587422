import { dirname, join } from 'node:path';
import type { Client, WSDL } from 'soap';
import { planOf } from '../policy/compile.ts';
import type { Plan } from '../policy/plan.ts';
import { type Locate, parseWsdl } from '../policy/wsdl.ts';

/** What of node-soap's WSDL object is used: where it came from and the documents that were read with it. */
interface ReadWsdl {
  readonly uri: string;
  readonly WSDL_CACHE: Readonly<Record<string, WSDL>>;
  toXML(): string;
}

/**
 * Plan of a port from the WSDL that a node-soap client was made with; imported documents are those that node-soap has
 * read.
 * @throws {SecureConversationError} `WSDL_INVALID`, `POLICY_INVALID` or `POLICY_UNSUPPORTED`, naming document and line
 */
export function clientPlan(client: Client, port: string): Plan {
  // `wsdl` is private by node-soap's types and the only place where the WSDL can be had.
  const { wsdl } = client as unknown as { wsdl: ReadWsdl };
  const locate: Locate = (location, from) => {
    const name = locationFrom(location, from);
    const document = wsdl.WSDL_CACHE?.[name];
    return document && { name, text: document.toXML() };
  };
  return planOf(parseWsdl({ name: wsdl.uri, text: wsdl.toXML() }, locate), port);
}

/** Resolves a location as node-soap does, so that its cache is found by the same name. */
function locationFrom(location: string, from: string): string {
  if (/^https?:/i.test(location)) return location;
  return /^https?:/i.test(from) ? new URL(location, from).href : join(dirname(from), location);
}
