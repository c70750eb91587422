import { ConfigurationError } from '../errors.ts';
import { addressingVersions, expandedName, ns, type SoapVersion, soapVersions } from '../names.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { isListed } from '../policy/plan.ts';
import { attributeValue, type Element, isNamed } from '../xml/tree.ts';

/** A reason not to carry a header block, and what the user can do about it. */
interface Rule {
  breaks(block: Element, plan: MessagePlan): boolean;
  readonly problem: string;
  readonly hint: string;
}

const addressingNamespaces: ReadonlySet<string> = new Set(
  Object.values(addressingVersions).map(({ namespace }) => namespace),
);
const leaveOut = 'leave it out: it is written for you';

const rules: readonly Rule[] = [
  {
    breaks: ({ namespace }) => addressingNamespaces.has(namespace),
    problem: 'is a WS-Addressing header',
    hint: leaveOut,
  },
  { breaks: block => isNamed(block, ns.wsse, 'Security'), problem: 'is a Security header', hint: leaveOut },
  {
    breaks: (block, { signed }) => isListed(block, signed.headers) && attributeValue(block, ns.wsu, 'Id') !== undefined,
    problem: 'is to be signed and has a wsu:Id',
    hint: 'leave the wsu:Id out: one is written for you',
  },
];

/** An attribute of another SOAP version (mustUnderstand, role) is nobody's there (SOAP 1.2 Part 1 §5.2). */
function versionRules(soap: SoapVersion): readonly Rule[] {
  const others = Object.values(soapVersions).filter(other => other !== soap);
  return others.map(other => ({
    breaks: ({ attributes }) => attributes.some(({ namespace }) => namespace === other.namespace),
    problem: `has an attribute of SOAP ${other.name}, which means nothing in SOAP ${soap.name}`,
    hint:
      `write it for SOAP ${soap.name}: ` +
      "node-soap's client has the prefix soap for 1.2 with its option forceSoap12Headers, else for 1.1",
  }));
}

/**
 * Refuses header blocks of a user that are not theirs to write, or that would not mean what they say.
 * @param plan of the message
 * @param soap what the message is written in
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the block
 */
export function checkHeaderBlocks(blocks: readonly Element[], plan: MessagePlan, soap: SoapVersion): void {
  if (blocks.length === 0) return;
  const all = [...rules, ...versionRules(soap)];
  for (const block of blocks) {
    const rule = all.find(({ breaks }) => breaks(block, plan));
    if (rule === undefined) continue;
    const name = expandedName(block.namespace, block.local);
    throw new ConfigurationError('CONFIG_INVALID', `the header block ${name} ${rule.problem}`, {
      hint: rule.hint,
    });
  }
}
