import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addUser, readUsersFile } from '../conversation/users-file.ts';
import type { RandomSource } from '../crypto/random.ts';
import { SecureConversationError } from '../errors.ts';
import { readRingFile, writeRingFile } from '../keyring/ring-file.ts';
import { createRing } from '../keyring/rotate.ts';
import {
  type CertificateRole,
  createCertificatePem,
  createPrivateKeyPem,
  type Issuer,
  isCurrent,
} from './certificates.ts';
import { makePrivateFolder, readDataFile, writeDataFile } from './data-files.ts';
import type { CertificateFiles } from './node-messages.ts';

/** Name of the demo user. */
export const demoUser = 'demo';

/** What the demonstration farm runs on; paths are absolute. */
export interface DemoData {
  readonly folder: string;
  readonly ring: string;
  readonly users: string;
  readonly password: string;
  /** The demo user's password alone, to be printed again and to be redirected into `wssc call`. */
  readonly passwordFile: string;
  /** Certificate of the demo CA (PEM). */
  readonly ca: string;
  readonly service: CertificateFiles;
  readonly tls: CertificateFiles;
}

/**
 * Makes what is missing in the data folder and keeps what is there. A certificate with fewer than 30 days left, of another key or of
 * another CA is made anew over the key that is there; ring and users are never touched again.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `CERTIFICATE_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming the file
 */
export async function prepareDemoData(folder: string, nowMs: number, random: RandomSource): Promise<DemoData> {
  const root = resolve(folder);
  makePrivateFolder(root);
  const ca = await prepareCertificate(root, 'ca', undefined, nowMs);
  const service = await prepareCertificate(root, 'service', ca, nowMs);
  const tls = await prepareCertificate(root, 'tls', ca, nowMs);
  const ring = join(root, 'ring.json');
  if (!existsSync(ring)) writeRingFile(ring, createRing({ nowMs, random }));
  readRingFile(ring);
  const users = join(root, 'users.json');
  const passwordFile = join(root, 'demo-password');
  return {
    folder: root,
    ring,
    users,
    password: await prepareUser(users, passwordFile, random),
    passwordFile,
    ca: ca.files.certificate,
    service: service.files,
    tls: tls.files,
  };
}

interface Prepared extends Issuer {
  readonly files: CertificateFiles;
}

async function prepareCertificate(
  folder: string,
  role: CertificateRole,
  issuer: Issuer | undefined,
  nowMs: number,
): Promise<Prepared> {
  const files = { certificate: join(folder, `${role}.pem`), key: join(folder, `${role}-key.pem`) };
  const privateKey = prepareKey(files.key);
  const present = readCertificate(files.certificate);
  if (present !== undefined && isCurrent(present, privateKey, issuer, nowMs))
    return { files, privateKey, certificate: present };
  const pem = await createCertificatePem(role, privateKey, issuer, nowMs);
  writeDataFile(files.certificate, pem, 'certificate', 'CERTIFICATE_INVALID');
  return { files, privateKey, certificate: new X509Certificate(pem) };
}

function prepareKey(file: string): KeyObject {
  const present = readDataFile(file, 'private key', 'CERTIFICATE_INVALID');
  const pem = present ?? createPrivateKeyPem();
  if (present === undefined) writeDataFile(file, pem, 'private key', 'CERTIFICATE_INVALID');
  return parsed(file, 'private key', () => createPrivateKey(pem));
}

function readCertificate(file: string): X509Certificate | undefined {
  const pem = readDataFile(file, 'certificate', 'CERTIFICATE_INVALID');
  return pem === undefined ? undefined : parsed(file, 'certificate', () => new X509Certificate(pem));
}

/** The parser's own message may quote the file: it is not passed on. */
function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new SecureConversationError('CERTIFICATE_INVALID', `${what} ${file}: is not a PEM ${what}`, {
      hint: 'delete it to have it made anew',
    });
  }
}

/** The demo user's password. It is written before the user is, so that it is never lost between the two. */
async function prepareUser(users: string, passwordFile: string, random: RandomSource): Promise<string> {
  const present = readDataFile(passwordFile, 'password file', 'USERS_INVALID')?.trim();
  if (existsSync(users)) {
    readUsersFile(users);
    if (present) return present;
    throw new SecureConversationError(
      'USERS_INVALID',
      `password file ${passwordFile}: does not exist, and ${users} holds only a hash`,
      {
        hint: 'delete the users file to have the demo user made anew',
      },
    );
  }
  const password = present || Buffer.from(random(15)).toString('base64url');
  if (!present) writeDataFile(passwordFile, `${password}\n`, 'password file', 'USERS_INVALID');
  await addUser(users, { name: demoUser, password, roles: ['reader'] }, random);
  return password;
}
