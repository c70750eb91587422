import { readdirSync, readFileSync } from 'node:fs';
import type { Awaitable } from '../../src/awaitable.ts';
import type { RandomSource } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { keyId, newKeyRecord, type RingRecords } from '../../src/keyring/record.ts';
import { type KeyRing, keyRing } from '../../src/keyring/ring.ts';
import type { AuthenticationMethod, Context } from '../../src/state/context.ts';
import {
  openContext,
  parseState,
  type StateBinding,
  sealContext,
  type TokenBinding,
  writeState,
} from '../../src/state/seal.ts';
import { madeRing, seededRandom } from '../keyring/made.ts';

/**
 * One file of test/vectors/state: everything that goes into a sealed state and what comes out, from another
 * implementation.
 */
export interface StateVector {
  readonly name: string;
  readonly ringKey: Buffer;
  readonly salt: Buffer;
  readonly purposeKey: Buffer;
  readonly plaintext: Buffer;
  readonly sealed: string;
  readonly purpose: string;
  readonly context: Context;
  readonly binding: TokenBinding;
  readonly ring: KeyRing;
  readonly records: RingRecords;
}

const folder = new URL('../vectors/state/', import.meta.url);
const fields = 'comment ringKey keyId farm purpose salt audience wsc context purposeKey plaintext sealed'.split(' ');

export function stateVectors(): StateVector[] {
  return readdirSync(folder).map(file => readVector(file.replace('.json', '')));
}

export function readVector(name: string): StateVector {
  const json = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  if (Object.keys(json).join() !== fields.join()) throw new Error(`vector ${name} has other fields than it should`);
  const { secret, instance, credential, authenticatedBy, ...rest } = json.context;
  const context: Context = {
    ...rest,
    user: authenticatedBy === 'anonymous' ? undefined : rest.user,
    instance: instance ?? undefined,
    secret: new SecretKey(Buffer.from(secret, 'hex')),
    authenticatedBy: authenticatedBy as AuthenticationMethod,
    credential: credential === null ? undefined : new Uint8Array(Buffer.from(credential, 'hex')),
  };
  const ringKey = Buffer.from(json.ringKey, 'hex');
  const made = madeRing(context.createdMs);
  const key = newKeyRecord(made.policy, context.createdMs, context.createdMs, () => ringKey);
  if (keyId(ringKey) !== json.keyId) throw new Error(`vector ${name} has another key id`);
  const records = { ...made, farm: json.farm, keys: [key] };
  return {
    name,
    ringKey,
    salt: Buffer.from(json.salt, 'hex'),
    purposeKey: Buffer.from(json.purposeKey, 'hex'),
    plaintext: Buffer.from(json.plaintext, 'hex'),
    sealed: json.sealed,
    purpose: json.purpose,
    context,
    binding: { audience: json.audience, wsc: json.wsc, id: context.id, instance: context.instance },
    ring: keyRing(records),
    records,
  };
}

/** What can be compared of a context: the secret's bytes stand for the secret. */
export function shown(context: Context | undefined) {
  return context && { ...context, secret: secretBytes(context.secret).toString('hex') };
}

export const random = seededRandom('state');

/** Seals a context as the text of its State element. */
export function sealState(
  context: Context,
  binding: StateBinding,
  ring: KeyRing,
  nowMs: number,
  source: RandomSource = random,
): string {
  return writeState(sealContext(context, binding, ring, nowMs, source));
}

/** Opens the text of a State element. */
export function openState(text: string, binding: TokenBinding, ring: KeyRing, nowMs: number): Context | undefined {
  const sealed = parseState(text);
  return sealed && openContext(sealed, binding, ring, nowMs);
}

/** What is at hand; a promise would cost each call turns of the queue. */
export function atOnce<T>(value: Awaitable<T>): T {
  if (value instanceof Promise) throw new Error('cookie mode answers at once');
  return value;
}
