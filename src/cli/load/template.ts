import { randomInt, randomUUID } from 'node:crypto';
import { ConfigurationError } from '../../errors.ts';
import { printable } from '../../printable.ts';

/** What fields are filled with. */
export interface FieldSource {
  /** Number of the call, from 1. */
  counter(): number;
  /** A whole number from 0 to `below` - 1. */
  random(below: number): number;
  uuid(): string;
  clock(): number;
}

/** Numbers the calls; randomness and time are the machine's. */
export function machineFields(): FieldSource {
  let calls = 0;
  return {
    counter() {
      calls += 1;
      return calls;
    },
    random: below => randomInt(below),
    uuid: randomUUID,
    clock: Date.now,
  };
}

/** What a field becomes in one call; two fields of one call have the same counter. */
type Fill = (source: Omit<FieldSource, 'counter'> & { readonly counter: number }) => string;

/** Of `{{random}}` without a range. */
const usualRandom = 1_000_000_000;

/** The longest range that `randomInt` takes. */
const maxRandom = 2 ** 48 - 1;

/** What stands in the braces, and what it becomes. All of it is plain text in XML. */
const fields: readonly { readonly is: RegExp; readonly fill: (match: RegExpExecArray) => Fill | undefined }[] = [
  {
    is: /^counter$/,
    fill: () => source => `${source.counter}`,
  },
  {
    is: /^random$/,
    fill: () => source => `${source.random(usualRandom)}`,
  },
  {
    is: /^random (\d{1,15})-(\d{1,15})$/,
    fill([, from, to]) {
      const [least, most] = [Number(from), Number(to)];
      const range = most - least + 1;
      return range < 1 || range > maxRandom ? undefined : source => `${least + source.random(range)}`;
    },
  },
  {
    is: /^uuid$/,
    fill: () => source => source.uuid(),
  },
  {
    is: /^time$/,
    fill: () => source => new Date(source.clock()).toISOString(),
  },
];

const field = /\{\{([^{}]*)\}\}/g;

/**
 * Reads a text with fields in double braces.
 * @returns writes the text of the next call; undefined where there is no field in it
 * @throws {SecureConversationError} `CONFIG_INVALID` for a field that is not known
 */
export function parseTemplate(text: string): ((source: FieldSource) => string) | undefined {
  const parts: (string | Fill)[] = [];
  let at = 0;
  for (const match of text.matchAll(field)) {
    parts.push(text.slice(at, match.index), fillOf(match[1] ?? ''));
    at = match.index + match[0].length;
  }
  if (parts.length === 0) return undefined;
  parts.push(text.slice(at));
  return source => {
    const one = { ...source, counter: source.counter() };
    return parts.map(part => (typeof part === 'string' ? part : part(one))).join('');
  };
}

function fillOf(name: string): Fill {
  for (const { is, fill } of fields) {
    const match = is.exec(name);
    const filled = match && fill(match);
    if (filled) return filled;
  }
  throw new ConfigurationError('CONFIG_INVALID', `the body has a field {{${printable(name, 64)}}}, which is none`, {
    hint: 'there are {{counter}}, {{random}}, {{random 1-100}}, {{uuid}} and {{time}}',
  });
}
