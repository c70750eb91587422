import type { RandomSource } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { KeyRing, RingKey } from '../keyring/ring.ts';
import { open, type SealBinding, seal } from '../keyring/seal.ts';
import { decodeContext, encodeContext, Reader } from './codec.ts';
import { type KeptConversation, type KeptInstance, maxInstances } from './kept-conversation.ts';
import type { StateBinding } from './seal.ts';

/*
 * A conversation as the value of a record in a store:
 *
 *   0  8  when it was last touched, milliseconds since the epoch; 0: it has no idle expiry
 *   8  n  bytes of keyring/seal.ts with the purpose sct-record, bound to audience, namespace and Identifier
 *
 * Their plaintext, schema 1. Integers are big-endian, lp(x) is uint16 length ‖ x:
 *
 *   1  schema, 01
 *   2  number of renewals of the latest Instance that has been in use
 *   8  since when it has been, milliseconds since the epoch
 *   1  number of Instances, 1 to 8
 *  lp  for each, a plaintext of codec.ts
 *
 * To extend it, take the next schema number.
 */

const touchedBytes = 8;
const schema = 1;
const headBytes = 12;
const lengthBytes = 2;

/** Which conversation a record is of. */
export interface RecordBinding extends StateBinding {
  /** Identifier of the conversation. */
  readonly id: string;
}

/** A purpose of its own: the State of a token is no record, nor a record the State of a token. */
function sealBinding({ audience, wsc, id }: RecordBinding): SealBinding {
  return { purpose: 'sct-record', names: [audience, wsc, id] };
}

/**
 * Seals a conversation under a key of the ring.
 * @throws {Refusal} `server` where user and roles are too long
 */
export function sealConversation(
  kept: KeptConversation,
  binding: RecordBinding,
  ring: KeyRing,
  key: RingKey,
  random: RandomSource,
): Buffer {
  return seal(encode(kept), sealBinding(binding), ring.farm, key, random);
}

/** Opens a sealed conversation; undefined for everything that is not one, of just this binding, alike. */
export function openConversation(
  sealed: Uint8Array,
  binding: RecordBinding,
  ring: KeyRing,
  nowMs: number,
): KeptConversation | undefined {
  const plaintext = open(sealed, sealBinding(binding), ring, nowMs);
  const kept = plaintext && decode(plaintext);
  return kept?.instances.every(({ context }) => context.id === binding.id) ? kept : undefined;
}

/** The value of a record. */
export function recordValue(sealed: Uint8Array, touchedMs: number): Buffer {
  const value = Buffer.alloc(touchedBytes + sealed.length);
  value.writeBigUInt64BE(BigInt(Math.floor(touchedMs)));
  value.set(sealed, touchedBytes);
  return value;
}

/** The parts of a record's value; of one that is too short the sealed part is empty. */
export function recordParts(value: Uint8Array): { readonly touchedMs: number; readonly sealed: Buffer } {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const touchedMs = bytes.length < touchedBytes ? 0 : Number(bytes.readBigUInt64BE());
  return { touchedMs, sealed: bytes.subarray(touchedBytes) };
}

function encode({ instances, latest }: KeptConversation): Buffer {
  const head = Buffer.alloc(headBytes);
  head[0] = schema;
  head.writeUInt16BE(latest.renewals, 1);
  head.writeBigUInt64BE(BigInt(Math.floor(latest.sinceMs)), 3);
  head[headBytes - 1] = instances.length;
  return Buffer.concat([head, ...instances.flatMap(({ context }) => lengthPrefixed(encodedContext(context)))]);
}

function encodedContext(context: KeptInstance['context']): Buffer {
  return encodeContext(context) ?? refuse('server', 'state-too-large');
}

function lengthPrefixed(bytes: Buffer): readonly Buffer[] {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(bytes.length);
  return [length, bytes];
}

function decode(plaintext: Buffer): KeptConversation | undefined {
  const reader = new Reader(plaintext);
  if (reader.uint(1) !== schema) return undefined;
  const latest = { renewals: reader.uint(2), sinceMs: reader.time() };
  const count = reader.uint(1);
  if (count === 0 || count > maxInstances) return undefined;
  const instances: KeptInstance[] = [];
  while (instances.length < count) {
    const context = decodeContext(reader.lengthPrefixed());
    if (context === undefined) return undefined;
    instances.push({ context, keys: undefined, isNew: false });
  }
  return reader.isWhole() ? { instances, latest } : undefined;
}
