import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RandomSource } from '../crypto/random.ts';
import { ConfigurationError, type SecureConversationError } from '../errors.ts';
import { readRingFile, writeRingFile } from '../keyring/ring-file.ts';
import { createRing } from '../keyring/rotate.ts';
import { openUsers } from '../users/users.ts';
import { addUser, type NewUser } from '../users/users-file.ts';
import {
  type CertificateRole,
  createCertificatePem,
  createPrivateKeyPem,
  type Issuer,
  isCurrent,
  isOfDemo,
} from './certificates.ts';
import { makePrivateFolder, readDataFile, writeDataFile } from './data-files.ts';
import type { CertificateFiles } from './node-messages.ts';

/** Name of the demo user. */
export const demoUser = 'demo';

/** Id of the demo's OAuth client, and what its tokens may be used for. */
export const demoClient = 'demo-client';
const demoScope = ['echo.read', 'echo.write'];

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
  /** What a node shows to an issuer. */
  readonly node: CertificateFiles;
}

/**
 * Makes what is missing in the data folder and keeps what is there. A certificate of the demo CA with fewer than 30
 * days left, of another key or of a former CA is made anew over the key that is there; one of a CA of the user's own,
 * ring and users are never touched.
 * @param hasOwnRing false where the farm's ring is elsewhere
 * @throws {SecureConversationError} `CONFIG_INVALID`, `CERTIFICATE_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming
 * the file
 */
export async function prepareDemoData(
  folder: string,
  nowMs: number,
  random: RandomSource,
  hasOwnRing = true,
): Promise<DemoData> {
  const root = resolve(folder);
  makePrivateFolder(root);
  const ca = await prepareCertificate(root, 'ca', undefined, nowMs);
  const service = await prepareCertificate(root, 'service', ca, nowMs);
  const tls = await prepareCertificate(root, 'tls', ca, nowMs);
  const node = await prepareCertificate(root, 'node', ca, nowMs);
  const ring = join(root, 'ring.json');
  if (hasOwnRing) prepareRing(ring, nowMs, random);
  const users = join(root, 'users.json');
  const passwordFile = join(root, 'demo-password');
  return {
    folder: root,
    ring,
    users,
    password: await prepareSecret(users, passwordFile, { name: demoUser, roles: ['reader'] }, random),
    passwordFile,
    ca: ca.files.certificate,
    service: service.files,
    tls: tls.files,
    node: node.files,
  };
}

function prepareRing(file: string, nowMs: number, random: RandomSource): void {
  if (!existsSync(file)) writeRingFile(file, createRing({ nowMs, random }));
  readRingFile(file);
}

/** The demo's OAuth client; paths are absolute. */
export interface DemoClient {
  /** Clients file. */
  readonly clients: string;
  /** The client's secret alone. */
  readonly secretFile: string;
}

/**
 * Makes the demo's client in the data folder where it is not there yet.
 * @throws {SecureConversationError} `USERS_INVALID`, naming the file
 */
export async function prepareDemoClient({ folder }: DemoData, random: RandomSource): Promise<DemoClient> {
  const clients = join(folder, 'clients.json');
  const secretFile = join(folder, `${demoClient}-secret`);
  await prepareSecret(clients, secretFile, { name: demoClient, roles: demoScope }, random);
  return { clients, secretFile };
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
  if (present !== undefined && !isOfDemo(present, issuer)) throw foreignCertificate(files);
  const pem = await createCertificatePem(role, privateKey, issuer, nowMs);
  writeDataFile(files.certificate, pem, 'certificate', 'CERTIFICATE_INVALID');
  return { files, privateKey, certificate: new X509Certificate(pem) };
}

/** Whose it is, it may be the only copy. */
function foreignCertificate({ certificate, key }: CertificateFiles): SecureConversationError {
  return new ConfigurationError(
    'CERTIFICATE_INVALID',
    `certificate ${certificate}: is not of the demo CA, so it is neither used nor replaced`,
    { hint: `move it and ${key} away to have others made, or use them with "wssc serve"` },
  );
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
    throw new ConfigurationError('CERTIFICATE_INVALID', `${what} ${file}: is not a PEM ${what}`, {
      hint: 'delete it to have it made anew',
    });
  }
}

/**
 * A user and password of the demo. The password is written before the user is, so that it is never lost between the
 * two.
 */
async function prepareSecret(
  users: string,
  passwordFile: string,
  user: Omit<NewUser, 'password'>,
  random: RandomSource,
): Promise<string> {
  const present = readDataFile(passwordFile, 'password file', 'USERS_INVALID')?.trim();
  if (existsSync(users)) return knownPassword(users, passwordFile, user.name, present);
  const password = present || Buffer.from(random(15)).toString('base64url');
  if (!present) writeDataFile(passwordFile, `${password}\n`, 'password file', 'USERS_INVALID');
  await addUser(users, { ...user, password }, random);
  return password;
}

/**
 * The password of a user who is there; a farm would do with the hash, but what is printed to be pasted must be right.
 */
async function knownPassword(
  users: string,
  passwordFile: string,
  name: string,
  password: string | undefined,
): Promise<string> {
  const opened = openUsers(users);
  if (password && (await opened.authenticate(name, password)) !== undefined) return password;
  throw new ConfigurationError(
    'USERS_INVALID',
    `password file ${passwordFile}: ${passwordProblem(password, name)}, and ${users} holds only a hash`,
    { hint: `delete ${users} to have user ${name} made anew` },
  );
}

function passwordProblem(password: string | undefined, name: string): string {
  if (password === undefined) return 'does not exist';
  return password === '' ? 'is empty' : `is not the password of user ${name}`;
}
