import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type ConfigurationCode, ConfigurationError, SecureConversationError } from '../errors.ts';
import type { Place } from '../fields.ts';
import { isNameless, wipeAfter, wipeFile } from './wipe.ts';

/** What a kind of private file is called in errors, and which permission bits it must not have. */
export interface PrivateFileKind {
  /** `key ring`, `users file`. */
  readonly what: string;
  readonly code: ConfigurationCode;
  /** Permission bits that make the file unusable (POSIX systems). */
  readonly forbiddenMode: number;
  /** Said where the file does not exist. */
  readonly missingHint: string;
}

const groupReads = 0o040;
const maxBytes = 16 * 1024 * 1024;
const staleLockMs = 10_000;
const lockWaitMs = 2_000;
const lockPollMs = 20;
const maxReads = 16;

/** The file's place in an error: `key ring ./ring.json: …`. */
export function fileError(
  kind: PrivateFileKind,
  file: string,
  problem: string,
  cause?: unknown,
): SecureConversationError {
  return new ConfigurationError(kind.code, `${kind.what} ${file}: ${problem}`, cause === undefined ? {} : { cause });
}

/** The whole of a file, for what is read in it: a member is called a field in its errors, which list none of them. */
export function wholeOf(kind: PrivateFileKind, file: string): Place {
  return {
    of: `${kind.what} ${file}`,
    path: '',
    manner: {
      error: sentence => new ConfigurationError(kind.code, sentence),
      unknown: name => `has an unknown field ${JSON.stringify(name.slice(0, 40))}`,
      missing: name => `lacks the field "${name}"`,
    },
  };
}

/**
 * Reads a file that only its owner may read or change.
 * @throws {SecureConversationError} with the kind's code: missing, unreadable, a symbolic link, not a regular file,
 * another owner, too permissive, or too large
 */
export function readPrivateFile(file: string, kind: PrivateFileKind): string {
  return readChecked(file, kind, constants.O_NOFOLLOW ?? 0).toString('utf8');
}

/**
 * Reads a file that is only ever read, and may be a symbolic link, as Kubernetes mounts secrets: what is checked and
 * read is the file that it leads to now.
 * @throws {SecureConversationError} with the kind's code: as {@link readPrivateFile}, but for links
 */
export function readMountedFile(file: string, kind: PrivateFileKind): string {
  return readMountedBytes(file, kind).toString('utf8');
}

/** The octets of such a file. @throws {SecureConversationError} as {@link readMountedFile} */
export function readMountedBytes(file: string, kind: PrivateFileKind): Buffer {
  return readChecked(file, kind, 0);
}

/**
 * Replaces a private file whole, or makes it: a new file with mode 0600 is written and flushed beside it, then renamed
 * over it, and what the file held before is overwritten. The new file is the lock as well, so that of two writers the
 * second waits and then sees what the first wrote.
 * @param change gets the present text, or undefined where there is no file; what it returns is written, undefined
 * leaves the file alone
 * @throws {SecureConversationError} with the kind's code
 */
export function updatePrivateFile(
  file: string,
  kind: PrivateFileKind,
  change: (current: string | undefined) => string | undefined,
): void {
  const next = `${file}.next`;
  const descriptor = openLock(file, next, kind);
  let renamed = false;
  try {
    const text = change(exists(file) ? readPrivateFile(file, kind) : undefined);
    if (text === undefined) return;
    writeFileSync(descriptor, text);
    keepOwner(file, descriptor);
    fsyncSync(descriptor);
    wipeAfter(file, () => {
      renameSync(next, file);
      renamed = true;
      syncDirectory(file);
    });
  } catch (error) {
    throw error instanceof SecureConversationError ? error : systemError(kind, file, error);
  } finally {
    closeSync(descriptor);
    // The lock's name is another writer's once the rename has happened.
    if (!renamed) wipeFile(next);
  }
}

function readChecked(file: string, kind: PrivateFileKind, noFollow: number): Buffer {
  let read = readOnce(file, kind, noFollow);
  // A writer overwrites what it has replaced, also under the hands of who reads it.
  for (let tries = 1; read.isNameless && tries < maxReads; tries += 1) read = readOnce(file, kind, noFollow);
  return read.bytes;
}

function readOnce(file: string, kind: PrivateFileKind, noFollow: number): { bytes: Buffer; isNameless: boolean } {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw systemError(kind, file, error);
  }
  try {
    checkFile(fstatSync(descriptor), file, kind);
    const bytes = readFileSync(descriptor);
    return { bytes, isNameless: isNameless(descriptor) };
  } catch (error) {
    throw error instanceof SecureConversationError ? error : systemError(kind, file, error);
  } finally {
    closeSync(descriptor);
  }
}

function checkFile(stats: Stats, file: string, kind: PrivateFileKind): void {
  if (!stats.isFile()) throw fileError(kind, file, 'is not a regular file');
  if (stats.size > maxBytes) throw fileError(kind, file, `is larger than ${maxBytes} bytes`);
  const self = process.geteuid?.();
  if (self === undefined) return;
  if (self !== 0 && stats.uid !== self && stats.uid !== 0) throw fileError(kind, file, 'belongs to another user');
  if ((stats.mode & kind.forbiddenMode) === 0) return;
  const needed = (kind.forbiddenMode & groupReads) === 0 ? '600 or 440' : '600';
  throw fileError(kind, file, `its mode ${(stats.mode & 0o777).toString(8)} lets others at it, ${needed} is needed`);
}

const systemProblems: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ELOOP: 'is a symbolic link',
  EACCES: 'may not be opened',
  EPERM: 'may not be changed',
  EISDIR: 'is not a regular file',
  ENOTDIR: 'its folder is not a folder',
  ENOSPC: 'no space is left to write it',
  EROFS: 'is on a read-only file system',
};

function systemError(kind: PrivateFileKind, file: string, error: unknown): SecureConversationError {
  const code = codeOf(error);
  const message = `${kind.what} ${file}: ${systemProblems[code] ?? `can't be used (${code})`}`;
  return new ConfigurationError(kind.code, message, code === 'ENOENT' ? { hint: kind.missingHint } : {});
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Makes the file that is lock and next content in one. One that a dead writer left behind is taken away after 10 s. */
function openLock(file: string, next: string, kind: PrivateFileKind): number {
  for (let waitedMs = 0; ; waitedMs += lockPollMs) {
    try {
      return openSync(next, 'wx', 0o600);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw folderError(kind, file, error);
      if (waitedMs >= lockWaitMs) throw fileError(kind, file, 'another process is writing it');
      if (ageMs(next) > staleLockMs) wipeFile(next);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPollMs);
    }
  }
}

function folderError(kind: PrivateFileKind, file: string, error: unknown): SecureConversationError {
  return codeOf(error) === 'ENOENT'
    ? fileError(kind, file, 'its folder does not exist')
    : systemError(kind, file, error);
}

/** Age by the file system's own stamps against the wall clock; a lock's age is no business of the ring's clock. */
function ageMs(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** A tool run by root must not take the file away from the service's user. */
function keepOwner(file: string, descriptor: number): void {
  const present = statSync(file, { throwIfNoEntry: false });
  if (present !== undefined && present.uid !== process.geteuid?.()) fchownSync(descriptor, present.uid, present.gid);
}

/** Flushes the rename itself; not every system can open a folder. */
function syncDirectory(file: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(dirname(file), 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
