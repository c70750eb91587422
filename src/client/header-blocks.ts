import { SecureConversationError } from '../errors.ts';
import { isListed } from '../message/plan-check.ts';
import { expandedName, ns } from '../names.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { attributeValue, type Element, isNamed } from '../xml/tree.ts';

/** A reason not to carry a header block, and what the user can do about it. */
interface Rule {
  breaks(block: Element, plan: MessagePlan): boolean;
  readonly problem: string;
  readonly hint: string;
}

const addressingNamespaces: ReadonlySet<string> = new Set([ns.wsa10, ns.wsa200408]);
const leaveOut = 'leave it out: the client writes it';

const rules: readonly Rule[] = [
  {
    breaks: ({ namespace }) => addressingNamespaces.has(namespace),
    problem: 'is a WS-Addressing header',
    hint: leaveOut,
  },
  { breaks: block => isNamed(block, ns.wsse, 'Security'), problem: 'is a Security header', hint: leaveOut },
  {
    // Every port that is offered speaks SOAP 1.2, where a mustUnderstand of SOAP 1.1 is nobody's (SOAP 1.2 Part 1 §5.2).
    breaks: ({ attributes }) => attributes.some(({ namespace }) => namespace === ns.soap11),
    problem: 'has an attribute of SOAP 1.1, which means nothing in SOAP 1.2',
    hint: 'make the client of node-soap with forceSoap12Headers: true',
  },
  {
    breaks: (block, { signed }) => isListed(block, signed.headers) && attributeValue(block, ns.wsu, 'Id') !== undefined,
    problem: 'is to be signed and has a wsu:Id',
    hint: 'leave the wsu:Id out: the client writes one',
  },
];

/**
 * Refuses header blocks of the user that are the client's own to write, or that would not mean what they say.
 * @param plan of the request
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the block
 */
export function checkHeaderBlocks(blocks: readonly Element[], plan: MessagePlan): void {
  for (const block of blocks) {
    const rule = rules.find(({ breaks }) => breaks(block, plan));
    if (rule === undefined) continue;
    const name = expandedName(block.namespace, block.local);
    throw new SecureConversationError('CONFIG_INVALID', `the header block ${name} ${rule.problem}`, {
      hint: rule.hint,
    });
  }
}
