import { ns } from '../../src/names.ts';
import { leafContent, wsuIdOf } from '../../src/security/grammar.ts';
import type { TokenKind } from '../../src/security/supporting-tokens.ts';
import { escapeText } from '../../src/xml/write.ts';

/** What a seal says: whose key it is. */
export interface Seal {
  readonly owner: string;
}

export const sealNamespace = 'urn:example:seal';

/** A supporting token that nobody has, with a key that signs: an element with the name of the key's owner in it. */
export const sealToken: TokenKind<Seal> = {
  namespace: sealNamespace,
  local: 'Seal',
  mayBeSigned: true,
  mayBeEncrypted: false,
  key: { valueType: () => `${sealNamespace}#Key`, nameOf: ({ owner }) => owner },
  parse(element) {
    wsuIdOf(element);
    return { owner: leafContent(element) };
  },
  write(id, { owner }) {
    return `<t:Seal xmlns:t="${sealNamespace}" xmlns:u="${ns.wsu}" u:Id="${id}">${escapeText(owner)}</t:Seal>`;
  },
};
