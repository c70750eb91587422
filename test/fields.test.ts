import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
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
    expect(described.read({ name: 'a' }, place)).toEqual({
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

describe('an instance of a class', () => {
  class Usual {
    get waitMs() {
      return 5;
    }
    describe() {
      return `${this.waitMs} ms`;
    }
  }
  class Own extends Usual {
    readonly name = 'a';
    readonly #secret = 'b';
    get lifeS() {
      return this.#secret.length;
    }
  }

  test('is read with its getters and what it inherits, and its methods are no members', () => {
    expect(described.read(new Own(), place)).toMatchObject({ name: 'a', waitMs: 5, lifeMs: 1 });
  });

  test('and an object that was made of another are read alike, and the nearer member counts', () => {
    const usual = { name: 'a', waitMs: 5, ports: Object.create({ b: ['c'] }) };
    const read = described.read(Object.create(usual, { waitMs: { value: 6 } }), place);
    expect(read).toMatchObject({ name: 'a', waitMs: 6, ports: { b: ['c'] } });
  });

  test('is asked once for each member', () => {
    let asked = 0;
    const once = {
      get name() {
        asked += 1;
        return 'a';
      },
    };
    expect([described.read(once, place).name, asked]).toEqual(['a', 1]);
  });

  test('is refused for a member that there is not, where it can be listed', () => {
    const mistaken = Object.create({ name: 'a', wait: 1 });
    expect(() => described.read(mistaken, place)).toThrow('options: unknown key wait');
  });

  test.each([Promise.resolve({ burst: 1 }), new Map([['burst', 1]]), new Date(), new Error('burst'), /burst/])(
    'that has no members is a mistake: %s',
    rate => {
      expect(() => described.read({ name: 'a', rate }, place)).toThrow('options: rate must be');
      expect(() => described.read({ name: 'a', ports: rate }, place)).toThrow('options: ports must be');
    },
  );
});

describe('what somebody has put into all objects', () => {
  const common = Object.prototype as unknown as Record<string, unknown>;
  const put = { name: 'b', waitMs: 6, graceS: 1, graceMs: 1, wait: 1, burst: 1, p: ['q'] };
  afterEach(() => {
    for (const name of Object.keys(put)) delete common[name];
  });

  test.each<[string, () => object]>([
    ['here', () => ({ rate: {}, ports: {} })],
    ['in another realm', () => runInNewContext('Object.prototype.waitMs = 6; ({ rate: {}, ports: {} })')],
  ])('is no option, neither given nor read, %s', (_, bare) => {
    const given = Object.assign(bare(), { name: 'a' });
    Object.assign(common, put);
    const read = described.read(given, place);
    expect([read.name, read.waitMs, read.rate.burst, read.graceMs]).toEqual(['a', 1_000, 3, undefined]);
    expect(read.ports?.p).toBe(undefined);
    expect(() => described.read({}, place)).toThrow('options: lacks the key name');
  });

  test('can not be put there by a file', () => {
    const file = JSON.parse('{"name":"a","ports":{"__proto__":["x"]}}');
    expect(Object.keys(described.read(file, place).ports ?? {})).toEqual(['__proto__']);
    expect(Object.getPrototypeOf({})).not.toHaveProperty('0');
    expect(() => described.read(JSON.parse('{"name":"a","__proto__":{"waitMs":5}}'), place)).toThrow(
      'options: unknown key __proto__',
    );
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
