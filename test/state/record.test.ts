import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seal } from '../../src/keyring/seal.ts';
import { encodeContext } from '../../src/state/codec.ts';
import type { Context } from '../../src/state/context.ts';
import { type KeptConversation, maxInstances } from '../../src/state/kept-conversation.ts';
import { openConversation, recordParts, recordValue, sealConversation } from '../../src/state/record.ts';
import { anyContext } from './any-context.ts';
import { random, readVector, shown } from './made.ts';

const { context: alice, ring, binding: token } = readVector('alice');
const nowMs = alice.createdMs;
const binding = { audience: token.audience, wsc: token.wsc, id: alice.id };
const key = ring.current(nowMs) ?? expect.fail('no key issues');

const keptOf = (contexts: readonly Context[], renewals = 0, sinceMs = 0): KeptConversation => ({
  instances: contexts.map(context => ({ context, keys: undefined, isNew: true })),
  latest: { renewals, sinceMs },
});
const shownKept = (kept: KeptConversation | undefined) =>
  kept && { latest: kept.latest, instances: kept.instances.map(({ context }) => shown(context)) };

const anyKept = fc
  .tuple(fc.array(anyContext, { minLength: 1, maxLength: maxInstances }), fc.nat(0xffff), fc.nat())
  .map(([contexts, renewals, sinceMs]) =>
    keptOf(
      contexts.map(context => ({ ...context, id: alice.id })),
      renewals,
      sinceMs,
    ),
  );

test('a conversation is opened as it was sealed, with all its Instances', () => {
  fc.assert(
    fc.property(anyKept, kept => {
      const sealed = sealConversation(kept, binding, ring, key, random);
      expect(shownKept(openConversation(sealed, binding, ring, nowMs))).toEqual(shownKept(kept));
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['another audience', { audience: `${binding.audience}2` }],
  ['another dialect', { wsc: `${binding.wsc}2` }],
  ['another Identifier', { id: `${alice.id.slice(0, -1)}0` }],
])('a conversation does not open under %s', (_, change) => {
  const sealed = sealConversation(keptOf([alice]), binding, ring, key, random);
  expect(openConversation(sealed, { ...binding, ...change }, ring, nowMs)).toBeUndefined();
});

/** Sealed as a record is, whatever it says. */
const sealedBytes = (plaintext: Uint8Array) =>
  seal(plaintext, { purpose: 'sct-record', names: [binding.audience, binding.wsc, alice.id] }, ring.farm, key, random);
const lengthPrefixed = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
const one = lengthPrefixed(encodeContext(alice) ?? Buffer.alloc(0));
const headOf = (count: number, schema = 1) => Buffer.from([schema, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count]);

describe('sealed bytes are no conversation', () => {
  test.each<[string, Uint8Array]>([
    ['that are empty', Buffer.alloc(0)],
    ['of schema 0', Buffer.concat([headOf(1, 0), one])],
    ['of schema 2', Buffer.concat([headOf(1, 2), one])],
    ['without an Instance', headOf(0)],
    ['with fewer Instances than they say', Buffer.concat([headOf(2), one])],
    ['with more Instances than they say', Buffer.concat([headOf(1), one, one])],
    ['with more Instances than there may be', Buffer.concat([headOf(9), ...Array.from({ length: 9 }, () => one)])],
    ['with something after the last', Buffer.concat([headOf(1), one, Buffer.alloc(1)])],
    ['with an empty Instance', Buffer.concat([headOf(1), Buffer.alloc(2)])],
    ['with an Instance that passes the end', Buffer.concat([headOf(1), Buffer.from([0xff, 0xff]), one])],
    [
      'with an Instance of another conversation',
      Buffer.concat([headOf(1), lengthPrefixed(encodeContext({ ...alice, id: `${alice.id.slice(0, -1)}0` }) ?? one)]),
    ],
  ])('%s', (_, plaintext) => {
    expect(openConversation(sealedBytes(plaintext), binding, ring, nowMs)).toBeUndefined();
  });
  test('that are cut anywhere', () => {
    const whole = Buffer.concat([headOf(1), one]);
    expect(openConversation(sealedBytes(whole), binding, ring, nowMs)).toBeDefined();
    for (let length = 0; length < whole.length; length += 1)
      expect(openConversation(sealedBytes(whole.subarray(0, length)), binding, ring, nowMs)).toBeUndefined();
  });
});

const firstRecord =
  'AAABm3baqAf1AVzrBzjDZR9hoKGio6SlpqeoqaqrrK2ur7CxsrO0tba3bB7zLfFtUTM/yq5PTBYWmV7A1v4qnhMHIvjZugEdh9o3' +
  '0EoOniLXCqsCgrX5H1EcWg2/CN9uKdATALY5J0UV5zXKOp4/+4aZjpZ3udyFFA+zVPOZo89Qz/Oe8KGAvzJEnZcpatBrAzzDDnn4' +
  'bY8m5a8lPJcvZQDnKj/uB+dzP7Oo6zh0aaiefCXbFOCuFFAoWYteRdZuvoBzH1toYtFIU4oLiZdlVGlUZXCwt8B3asDICyplVoK6' +
  'HY+qqfvaHy8LOCGaSsBCZKSl/J+sMxbqoVFqJFcHMwXdwztLpqFE8lQXa8MFULHDfGaReDkKmynjU6ZeCCeoWlQ7AvSNqPAlESWD' +
  '1iW0ltLWvrliUvtzgQamZ5wSVwnE68wKjHnVIAkOt1vQov/e2YgA7mduBmF+o3gryZ8eIqsCZ9mRxau1ABRl0pBoUj5uKPzyHSBS' +
  'BZdcoadpOV/kpxg=';

test('a record has the form that it had when records were first written', () => {
  const salt = Buffer.from(Array.from({ length: 24 }, (_, index) => index + 0xa0));
  const next = { ...alice, instance: `${alice.id.slice(0, -1)}1`, renewals: 1 };
  const kept = keptOf([alice, next], 1, nowMs + 5);
  const value = recordValue(
    sealConversation(kept, binding, ring, key, () => salt),
    nowMs + 7,
  );
  expect(value.toString('base64')).toBe(firstRecord);
  const { touchedMs, sealed } = recordParts(value);
  expect(touchedMs).toBe(nowMs + 7);
  expect(shownKept(openConversation(sealed, binding, ring, nowMs))).toEqual(shownKept(kept));
});
