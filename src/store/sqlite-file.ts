import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../errors.ts';

/**
 * File systems of other machines, by the type that statfs gives (linux/magic.h): several machines would write one file,
 * and none sees the locks and the shared memory of the others.
 */
const elsewhere: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
]);

/** @throws {SecureConversationError} `STORE_INVALID` always */
export function failSqlite(file: string, problem: string, cause?: unknown, hint?: string): never {
  throw new ConfigurationError('STORE_INVALID', `store ${file}: ${problem}`, {
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * The file that a URL of SQLite names, as an absolute path: `sqlite:store.sqlite`, `sqlite:/var/lib/wssc/store.sqlite`.
 * @throws {SecureConversationError} `STORE_INVALID`
 */
export function sqliteFileOf({ pathname, host, search, hash }: URL): string {
  let file = '';
  try {
    file = decodeURIComponent(pathname);
  } catch {
    // It stays without a name.
  }
  if (file !== '' && !file.includes('\0') && host === '' && search === '' && hash === '') return resolve(file);
  throw new ConfigurationError(
    'STORE_INVALID',
    'the URL of a store in SQLite must be sqlite: and the path of its file',
    {
      hint: 'give sqlite:store.sqlite or sqlite:/var/lib/wssc/store.sqlite, with % ? and # as %25, %3F and %23',
    },
  );
}

/**
 * Makes the file where there is none, for this user alone; what SQLite puts beside it gets the same mode.
 * @throws {SecureConversationError} `STORE_INVALID` for a symbolic link, another's file, one that others may read or
 * write, and on a file system of several machines
 */
export function prepareSqliteFile(file: string): void {
  const descriptor = openOrMake(file);
  try {
    checkOwn(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
  const system = elsewhere.get(statfsSync(dirname(file)).type);
  if (system !== undefined)
    failSqlite(file, `lies on a file system of several machines (${system})`, undefined, 'SQLite is for one machine');
}

function openOrMake(file: string): number {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    return openSync(file, flags, 0o600);
  } catch (cause) {
    return failSqlite(file, problemOf((cause as NodeJS.ErrnoException).code ?? ''), cause);
  }
}

function checkOwn(file: string, descriptor: number): void {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) failSqlite(file, 'is not a regular file');
  const self = process.geteuid?.();
  if (self === undefined) return;
  if (self !== 0 && stats.uid !== self) failSqlite(file, 'belongs to another user');
  if ((stats.mode & 0o077) !== 0)
    failSqlite(file, `its mode ${(stats.mode & 0o777).toString(8)} lets others at it, 600 is needed`);
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ELOOP: 'is a symbolic link',
  EACCES: 'may not be opened or made',
  EISDIR: 'is a folder',
  ENOTDIR: 'its folder is not a folder',
  ENOSPC: 'no space is left to make it',
  EROFS: 'is on a read-only file system',
};

function problemOf(code: string): string {
  return problems[code] ?? `can't be opened (${code})`;
}
