import { ns } from '../../src/names.ts';
import { leafContent, wsuIdOf } from '../../src/security/grammar.ts';
import type { TokenKind } from '../../src/security/supporting-tokens.ts';
import { escapeText } from '../../src/xml/write.ts';

/** What a ticket says. */
export interface Ticket {
  readonly holder: string;
}

export const ticketNamespace = 'urn:example:ticket';

/** A supporting token that nobody has: an element with a name in it. */
export const ticketToken: TokenKind<Ticket> = {
  namespace: ticketNamespace,
  local: 'Ticket',
  mayBeSigned: true,
  mayBeEncrypted: true,
  parse(element) {
    wsuIdOf(element);
    return { holder: leafContent(element) };
  },
  write(id, { holder }) {
    return `<t:Ticket xmlns:t="${ticketNamespace}" xmlns:u="${ns.wsu}" u:Id="${id}">${escapeText(holder)}</t:Ticket>`;
  },
};
