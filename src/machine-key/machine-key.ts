import { createCipheriv, createDecipheriv, createHmac, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { equalBytes } from '../crypto/digest.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { SecretKey, secretKeyObject } from '../crypto/secret-key.ts';
import { ConfigurationError } from '../errors.ts';
import { isWellFormed } from '../xml/characters.ts';
import { cipherOf, decryptions, validations } from './algorithms.ts';
import { type MachineKeyConfig, type MachineKeySettings, machineKeyId, parseMachineKey } from './config.ts';
import { deriveKey, purposeContext } from './sp800-108.ts';

/*
 * What ASP.NET's MachineKey.Protect writes (Framework45, whatever compatibilityMode says). It has no header, no version
 * and no key id:
 *
 *   IV (one block) ‖ CBC-encrypt(cipher key, IV, PKCS#7-pad(data)) ‖ HMAC(MAC key, all before)
 *
 * Both keys are derived from the purposes: the cipher key from the decryptionKey, the MAC key from the validationKey.
 */

/** What shares a machineKey with ASP.NET servers. */
export interface MachineKey {
  /** Names the machineKey without telling its keys: 16 hex digits. */
  readonly id: string;
  /**
   * Protects bytes as `MachineKey.Protect(bytes, purposes)` does.
   *
   * @param purposes specific purposes, in order; may be none
   * @param random source of the IV. Default: the operating system's
   * @throws {TypeError} for a purpose that is blank or not well-formed Unicode
   */
  protect(bytes: Uint8Array, purposes: readonly string[], random?: RandomSource): Buffer;
  /**
   * Opens what `MachineKey.Protect` protected for the same purposes. The MAC is checked before anything is decrypted.
   *
   * @returns undefined for every failure alike: changed, cut, another key, other purposes, no such bytes at all
   * @throws {TypeError} as protect
   */
  unprotect(bytes: Uint8Array, purposes: readonly string[]): Buffer | undefined;
}

/** The primary purpose of `MachineKey.Protect` and `Unprotect`. */
const protectPurpose = 'User.MachineKey.Protect';
const maxDerivedKeys = 64;

/**
 * Takes an ASP.NET server's `<machineKey>` into use.
 *
 * @param primaryPurpose `User.MachineKey.Protect`, unless what is opened comes from a part of ASP.NET that has one of
 * its own
 * @throws {SecureConversationError} `CONFIG_INVALID` for keys and algorithms that can't be used
 */
export function machineKey(config: MachineKeyConfig, primaryPurpose: string = protectPurpose): MachineKey {
  const fail = (place: string, problem: string) =>
    new ConfigurationError('CONFIG_INVALID', `machineKey: ${place} ${problem}`);
  return openMachineKey(parseMachineKey(config, fail), primaryPurpose);
}

/** The same for a machineKey that was checked already. */
export function openMachineKey(settings: MachineKeySettings, primaryPurpose: string = protectPurpose): MachineKey {
  const scheme = schemeOf(settings);
  const derived = new LRUCache<string, DerivedKeys>({ max: maxDerivedKeys });
  const keysFor = (purposes: readonly string[]): DerivedKeys => {
    if (!Array.isArray(purposes)) throw new TypeError('purposes are a list of texts');
    purposes.forEach(checkPurpose);
    const context = purposeContext(purposes);
    const name = context.toString('latin1');
    const known = derived.get(name);
    if (known !== undefined) return known;
    const made = deriveKeys(settings, primaryPurpose, context);
    derived.set(name, made);
    return made;
  };
  return Object.freeze({
    id: machineKeyId(settings),
    protect: (bytes: Uint8Array, purposes: readonly string[], random = systemRandom) =>
      protect(bytes, scheme, keysFor(purposes), random),
    unprotect: (bytes: Uint8Array, purposes: readonly string[]) => unprotect(bytes, scheme, keysFor(purposes)),
  });
}

/** Names and lengths for node:crypto. */
interface Scheme {
  readonly cipher: string;
  readonly ivBytes: number;
  readonly hash: string;
  readonly tagBytes: number;
}

interface DerivedKeys {
  readonly cipherKey: KeyObject;
  readonly macKey: KeyObject;
}

function schemeOf({ validation, decryption, decryptionKey }: MachineKeySettings): Scheme {
  const cipher = cipherOf(decryption, decryptionKey.length);
  if (cipher === undefined) throw new TypeError('the decryptionKey is not of a length of its cipher');
  const { hash, tagBytes } = validations[validation];
  return { cipher, ivBytes: decryptions[decryption].blockBytes, hash, tagBytes };
}

function deriveKeys(settings: MachineKeySettings, label: string, context: Uint8Array): DerivedKeys {
  const derived = (master: SecretKey) => secretKeyObject(new SecretKey(deriveKey(master, label, context)));
  return { cipherKey: derived(settings.decryptionKey), macKey: derived(settings.validationKey) };
}

/** .NET refuses blank purposes; two purposes must never become the same bytes. */
function checkPurpose(purpose: string): void {
  if (typeof purpose !== 'string' || purpose.trim() === '')
    throw new TypeError('a purpose is a text that is not blank');
  if (!isWellFormed(purpose)) throw new TypeError('a purpose is not well-formed Unicode');
}

function protect(data: Uint8Array, scheme: Scheme, keys: DerivedKeys, random: RandomSource): Buffer {
  const iv = random(scheme.ivBytes);
  const encryption = createCipheriv(scheme.cipher, keys.cipherKey, iv);
  const body = Buffer.concat([iv, encryption.update(data), encryption.final()]);
  return Buffer.concat([body, tagOf(body, scheme, keys)]);
}

function unprotect(bytes: Uint8Array, scheme: Scheme, keys: DerivedKeys): Buffer | undefined {
  const bodyBytes = bytes.length - scheme.tagBytes;
  if (bodyBytes <= scheme.ivBytes) return undefined;
  const body = bytes.subarray(0, bodyBytes);
  // Encrypt-then-MAC: with the tag checked first, padding never answers to anyone who does not hold the key.
  if (!equalBytes(tagOf(body, scheme, keys), bytes.subarray(bodyBytes))) return undefined;
  return decrypted(body, scheme, keys);
}

function tagOf(body: Uint8Array, { hash }: Scheme, { macKey }: DerivedKeys): Buffer {
  return createHmac(hash, macKey).update(body).digest();
}

function decrypted(body: Uint8Array, { cipher, ivBytes }: Scheme, { cipherKey }: DerivedKeys): Buffer | undefined {
  const decryption = createDecipheriv(cipher, cipherKey, body.subarray(0, ivBytes));
  try {
    return Buffer.concat([decryption.update(body.subarray(ivBytes)), decryption.final()]);
  } catch {
    return undefined;
  }
}
