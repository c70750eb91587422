import type { RandomSource } from '../crypto/random.ts';
import { failAt, isObject, itemOf, type Place, within } from '../fields.ts';
import { base64Bytes } from '../files/strict-json.ts';
import type { Kek } from './kek.ts';

/** A ring as JSON says it. */
type RingJson = Readonly<Record<string, unknown>>;

/** Which members of a list's items hold a key. */
const wrappedMembers = { keys: ['key'], machineKeys: ['validationKey', 'decryptionKey'] } as const;
type WrappedList = keyof typeof wrappedMembers;

/** What wraps. */
export interface Wrapping {
  readonly kek: Kek;
  readonly random: RandomSource;
}

/** The JSON of a ring with its keys wrapped, and with its MAC. */
export function wrapRing(ring: RingJson, { kek, random }: Wrapping): RingJson {
  const wrapped = eachKey(ring, (value, names) => {
    const key = base64Bytes(value) ?? Buffer.alloc(0);
    return kek.wrap(key, names, random).toString('base64');
  });
  const whole = { ...wrapped, kek: kek.id };
  return { ...whole, mac: kek.mac(JSON.stringify(whole)).toString('base64') };
}

/**
 * The JSON of a ring as it would be with `kek` null: its MAC is checked first, then its keys are unwrapped. What is not
 * wrapped stays as it is.
 * @throws the place's error where no KEK is the one that wrapped it, and where anything was changed without it
 */
export function unwrapRing(value: unknown, keks: readonly Kek[], place: Place): unknown {
  if (!isObject(value) || typeof Reflect.get(value, 'kek') !== 'string') return value;
  const { mac, ...whole } = value as RingJson;
  const kek = keks.find(({ id }) => id === whole.kek) ?? otherKek(whole.kek, keks, place);
  const given = base64Bytes(mac);
  if (given === undefined || !kek.isMac(JSON.stringify(whole), given))
    failAt(place, 'was changed by somebody who has not its KEK');
  const plain = eachKey(whole, (wrapped, names, at) => {
    const key = kek.unwrap(base64Bytes(wrapped) ?? Buffer.alloc(0), names);
    return (
      key?.toString('base64') ?? failAt(itemOf(within(place, at.list), at.index), 'has a key that its KEK did not wrap')
    );
  });
  return { ...plain, kek: null };
}

function otherKek(id: unknown, keks: readonly Kek[], place: Place): never {
  const [first] = keks;
  const named = String(id)
    .slice(0, 16)
    .replace(/[^0-9a-f]/g, '?');
  if (first === undefined) return failAt(place, `its keys are wrapped by KEK ${named}, and none was given`);
  return failAt(place, `its keys are wrapped by KEK ${named}, not by ${first.id}`);
}

type Change = (
  value: unknown,
  names: { readonly farm: string; readonly keyId: string; readonly what: string },
  at: { readonly list: WrappedList; readonly index: number },
) => string;

/** The ring with another text in place of each key. */
function eachKey(ring: RingJson, change: Change): RingJson {
  const changed = (list: WrappedList) => {
    const items: unknown = ring[list];
    if (!Array.isArray(items)) return {};
    const each = (item: RingJson, index: number) =>
      Object.fromEntries(
        wrappedMembers[list].map(what => {
          const names = { farm: String(ring.farm), keyId: String(item.id), what };
          return [what, change(item[what], names, { list, index })];
        }),
      );
    return { [list]: items.map((item, i) => (isObject(item) ? { ...item, ...each(item as RingJson, i) } : item)) };
  };
  return { ...ring, ...changed('keys'), ...changed('machineKeys') };
}
