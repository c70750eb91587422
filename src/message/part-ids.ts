import { systemRandom } from '../crypto/random.ts';

/**
 * The ids of the parts that we write. They begin alike in all messages of a process, and are not to be guessed by an
 * attacker who writes the payload of one: a value of theirs in an id attribute there would make the message ambiguous
 * for its receiver.
 */
const mark = Buffer.from(systemRandom(8)).toString('hex');

export const ids = {
  timestamp: `TS-${mark}`,
  body: `B-${mark}`,
  encryptedKey: `EK-${mark}`,
  signingKey: `DKs-${mark}`,
  encryptionKey: `DKe-${mark}`,
  token: (kind: string) => `T${kind}-${mark}`,
  encryptedBody: `EDb-${mark}`,
  encryptedToken: (kind: string) => `ED${kind}-${mark}`,
  encryptedSignature: (index: number) => `EDs${index}-${mark}`,
  signature: `SIG-${mark}`,
  confirmation: (index: number) => `SC${index}-${mark}`,
  encryptedConfirmation: (index: number) => `EDc${index}-${mark}`,
  endorsingKey: `DKx-${mark}`,
  endorsement: (index: number) => `END${index}-${mark}`,
  header: (local: string) => `${local}-${mark}`,
} as const;
