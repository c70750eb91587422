import { ns } from '../names.ts';
import type { ElementDeclaration, Schema } from '../schema/components.ts';
import { readMember, readValue } from '../schema/read-value.ts';
import { usualKeys } from '../schema/value-keys.ts';
import type { Element } from '../xml/tree.ts';

/**
 * The arguments that an operation is called with: what node-soap's server makes of the same element, but for white
 * space at both ends of a string, which is kept.
 * @param request what the operation's Body holds
 * @throws {TypeError} for text beside child elements, which node-soap does not read either
 */
export function readArguments(schema: Schema, request: ElementDeclaration, content: Element): unknown {
  return readValue(schema, content, request.type, usualKeys);
}

/**
 * The header blocks that an operation is called with, each under its local name, as node-soap's server gives them, by
 * the types that the schemas have for them; the wsu:Id by which a block was signed is none of its attributes. One that
 * holds text beside elements, which node-soap does not read, is left out.
 */
export function readHeaders(schema: Schema, blocks: readonly Element[]): object {
  const headers = {};
  for (const block of blocks) {
    try {
      readMember(schema, headers, withoutId(block), usualKeys);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return headers;
}

function withoutId(block: Element): Element {
  const attributes = block.attributes.filter(({ namespace, local }) => namespace !== ns.wsu || local !== 'Id');
  return attributes.length === block.attributes.length ? block : { ...block, attributes };
}
