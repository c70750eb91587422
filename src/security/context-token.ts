import { refuse } from '../errors.ts';
import { type Dialect, ns } from '../names.ts';
import { type Element, isNamed } from '../xml/tree.ts';
import { childrenOf, leaf, named, securityLimits, wsuIdOf } from './grammar.ts';

/** wsc:SecurityContextToken as a client sends it (WS-SecureConversation 1.3 §2). */
export interface SecurityContextToken {
  readonly element: Element;
  readonly dialect: Dialect;
  readonly wsuId: string | undefined;
  readonly id: string;
  readonly instance: string | undefined;
  /** Exact text of our State element, undefined where there is none. */
  readonly state: string | undefined;
}

const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/;
const maxIdChars = 256;

/**
 * Identifier first, then Instance, then at most one element of ours. The token comes back from clients as it was
 * issued, so anything else in it was put there on the way.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function parseContextToken(element: Element, dialect: Dialect): SecurityContextToken {
  const wsuId = wsuIdOf(element);
  const children = childrenOf(element);
  const id = uriOf(named(children[0], dialect.wsc, 'Identifier'));
  let position = 1;
  let instance: string | undefined;
  let state: string | undefined;
  const second = children[1];
  if (second !== undefined && dialect.hasInstances && isNamed(second, dialect.wsc, 'Instance')) {
    instance = uriOf(second);
    position = 2;
  }
  const last = children[position];
  if (last !== undefined) state = leaf(named(last, ns.state, 'State'), securityLimits.stateChars);
  if (children.length > position + 1) refuse('invalidSecurity', 'context-token-children');
  return { element, dialect, wsuId, id, instance, state };
}

function uriOf(element: Element): string {
  const text = leaf(element, maxIdChars);
  if (!absoluteUri.test(text)) refuse('invalidSecurity', 'context-token-uri');
  return text;
}
