import { describe, expect, test } from 'vitest';
import { type Describes, list, number, object, oneOf, record, text, wholeNumber } from '../src/fields.ts';

const place = { of: 'options', path: '' };
const nowMs = () => 7;
const described = object({
  name: { is: text, required: true, means: 'A name.' },
  waitMs: { is: number(1, 60_000, 'ms'), default: 1_000, means: 'A wait.' },
  order: { is: oneOf('first', 'rotate'), default: 'first', means: 'An order.' },
  rate: {
    is: object({ burst: { is: wholeNumber(1, 9), default: 3, means: 'A burst.' } }),
    default: {},
    means: 'A rate.',
  },
  lifeS: { is: number(1, 9), default: 2, as: 'lifeMs', means: 'A life.' },
  graceS: { is: number(1, 9), without: 'none', as: 'graceMs', means: 'Grace.' },
  nowMs: { is: text, make: () => nowMs, says: 'a clock', means: 'A clock.' },
  ports: { is: record(list(text)), without: 'all', means: 'Ports.' },
});

describe('what is read', () => {
  test('has each default, and nothing for what has none', () => {
    expect(described.read({ name: 'a' }, place)).toStrictEqual({
      name: 'a',
      waitMs: 1_000,
      order: 'first',
      rate: { burst: 3 },
      lifeMs: 2,
      nowMs,
    });
  });

  test('has what is given in the place of defaults, by the name that it is used by', () => {
    const given = { name: 'a', waitMs: 5, rate: { burst: 1 }, lifeS: 9, graceS: 1, ports: { a: ['b'] } };
    expect(described.read(given, place)).toMatchObject({
      waitMs: 5,
      rate: { burst: 1 },
      lifeMs: 9,
      graceMs: 1,
      ports: { a: ['b'] },
    });
  });

  test('takes undefined for what is not given', () => {
    const given = { name: 'a', waitMs: undefined, graceS: undefined };
    expect(described.read(given, place)).toStrictEqual(described.read({ name: 'a' }, place));
  });
});

test('a default that could not be given is refused like any other value', () => {
  const wrong = object({ waitMs: { is: number(1, 2), default: 3, means: 'A wait.' } });
  expect(() => wrong.read({}, place)).toThrow('options: waitMs must be a number from 1 to 2');
});

test.each<[string, object, string]>([
  ['a member that there is not', { name: 'a', wait: 1 }, 'options: unknown key wait'],
  ['a member of a member', { name: 'a', rate: { brust: 1 } }, 'options: unknown key rate.brust'],
  ['what every object has', { name: 'a', toString: 1 }, 'options: unknown key toString'],
  ['the name that a member is used by', { name: 'a', lifeMs: 1 }, 'options: unknown key lifeMs'],
  [
    'a list with a place that has nothing in it',
    { name: 'a', ports: { a: new Array(1) } },
    'options: ports.a[0] must be a text that is not empty',
  ],
  ['a member of another type', { name: 7 }, 'options: name must be a text that is not empty'],
  [
    'an item of another type',
    { name: 'a', ports: { b: ['c', 7] } },
    'options: ports.b[1] must be a text that is not empty',
  ],
  ['nothing where something is required', {}, 'options: lacks the key name'],
])('%s is refused by its place', (_, given, message) => {
  expect(() => described.read(given, place)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }));
});

describe('the compiler', () => {
  interface Options {
    readonly name: string;
    readonly order?: 'first' | 'rotate';
    readonly waitMs?: number;
  }
  const name = { is: text, required: true, means: 'A name.' } as const;
  const order = { is: oneOf('first', 'rotate'), default: 'first', means: 'An order.' } as const;
  const waitMs = { is: number(1, 9, 'ms'), without: 'none', means: 'A wait.' } as const;

  test('takes the description of each option, and knows what is read by it', () => {
    const settings = object({ name, order, waitMs } satisfies Describes<Options>).read({ name: 'a' }, place);
    const read: { readonly name: string; readonly order: 'first' | 'rotate'; readonly waitMs?: number } = settings;
    expect(read).toEqual({ name: 'a', order: 'first' });
  });

  test('refuses a description that is not that of the options', () => {
    const descriptions = [
      // @ts-expect-error one is missing
      { name, order } satisfies Describes<Options>,
      // @ts-expect-error one is too many
      { name, order, waitMs, wait: waitMs } satisfies Describes<Options>,
      // @ts-expect-error another type
      { name: { ...name, is: number(1, 2) }, order, waitMs } satisfies Describes<Options>,
      // @ts-expect-error fewer values than may be given
      { name, order: { ...order, is: oneOf('first') }, waitMs } satisfies Describes<Options>,
      // @ts-expect-error more values than may be given
      { name, order: { ...order, is: oneOf('first', 'rotate', 'last') }, waitMs } satisfies Describes<Options>,
      // @ts-expect-error a default of another type
      { name, order: { ...order, default: 'last' }, waitMs } satisfies Describes<Options>,
      // @ts-expect-error required, but may be left out
      { name, order, waitMs: { is: waitMs.is, required: true, means: '' } } satisfies Describes<Options>,
      // @ts-expect-error may not be left out, but has a default
      { name: { is: text, default: 'a', means: '' }, order, waitMs } satisfies Describes<Options>,
    ];
    expect(descriptions).toHaveLength(8);
  });
});
