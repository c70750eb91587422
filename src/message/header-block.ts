import { ns } from '../names.ts';
import { bindingOf, type Element } from '../xml/tree.ts';
import { standalone } from '../xml/write.ts';

/**
 * A header block that somebody else wrote, to stand in a Header of ours: as written, with the declarations that it
 * inherits, and with a wsu:Id for the signature to name it by.
 *
 * @param block without a wsu:Id of its own
 */
export function identified(block: Element, id: string): string {
  const text = standalone(block);
  const nameEnd = 1 + block.name.length;
  const prefix = freePrefix(block);
  return `${text.slice(0, nameEnd)} xmlns:${prefix}="${ns.wsu}" ${prefix}:Id="${id}"${text.slice(nameEnd)}`;
}

function freePrefix({ scope }: Element): string {
  let prefix = 'u';
  while (bindingOf(scope, prefix) !== undefined) prefix += '_';
  return prefix;
}
