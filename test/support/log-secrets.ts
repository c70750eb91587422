import fs, { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';

/*
 * Every line that a server of a test writes comes here: by keptLog() where it is one of this process, by spawn() of
 * started.ts where it is a process of its own. After each file of tests, check-logs.ts looks for secrets in them:
 *
 * - each key that this process has made (session keys, keys derived of them, those of rings), in base64 and hex;
 * - the passwords and secrets of the fixtures, and all that stands in the files of a process that was started;
 * - what looks like a private key or a token, whosever it is.
 */

const lines: string[] = [];
/** Keys in hex, as many as the last that were made. */
let keys = new Set<string>();
const texts = new Set<string>();
const maxKeys = 200_000;

/** Keeps a line, or several, that a server has written. */
export function noteLines(written: string): void {
  lines.push(written);
}

/** All lines since they were last taken. */
export function takeLines(): string[] {
  return lines.splice(0);
}

/** A secret that must stand in no line: the bytes of a key, or a text such as a password. */
export function noteSecret(secret: string | Uint8Array): void {
  if (typeof secret !== 'string') noteKey(secret);
  else if (secret.length >= 8) for (const form of formsOf(secret)) texts.add(form);
}

function noteKey(bytes: Uint8Array): void {
  if (keys.size >= maxKeys) keys = new Set();
  keys.add(Buffer.from(bytes).toString('hex'));
}

/** A text as it is, in JSON, in base64 and in hex. */
function formsOf(text: string): string[] {
  const octets = Buffer.from(text);
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    octets.toString('base64').replace(/=+$/, ''),
    octets.toString('hex'),
  ];
}

/** What of all that is secret stands in lines; each with a piece of its line. */
export function secretsIn(written: readonly string[]): string[] {
  return written.flatMap(line => {
    const found = [...textsIn(line), ...keysIn(line), ...shapesIn(line)];
    return found.length === 0 ? [] : [`${found.join(', ')} in: ${line.slice(0, 300)}`];
  });
}

function textsIn(line: string): string[] {
  return [...texts].filter(text => line.includes(text));
}

function keysIn(line: string): string[] {
  return (line.match(/[A-Za-z0-9+/_-]{22,}/g) ?? []).filter(run =>
    [run.toLowerCase(), Buffer.from(run, 'base64').toString('hex')].some(hex => keys.has(hex)),
  );
}

/** A token is longer, and of more kinds of characters, than any path or name. */
function shapesIn(line: string): string[] {
  const tokens = (line.match(/[A-Za-z0-9+/_-]{80,}/g) ?? []).filter(run => new Set(run).size >= 36);
  return [...tokens, ...(/PRIVATE KEY|"d":"/.exec(line) ?? [])];
}

/** Notes what is secret in the files of a folder: keys of rings, hashes of users, private keys, passwords. */
export function noteSecretsBelow(folder: string): void {
  for (const file of filesOf(folder)) {
    const text = textOf(file);
    if (/PRIVATE KEY/.test(text)) for (const line of text.split('\n').filter(isKeyText)) noteSecret(line);
    else if (/\.json$/.test(file)) for (const [, value = ''] of text.matchAll(/"([\w+/-]{43,}=*)"/g)) noteSecret(value);
    else if (/password|secret|kek/.test(file)) noteSecret(text.trim());
  }
}

/** A file may be taken away, or replaced by a new one, while a program runs. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const isKeyText = (line: string) => /^[\w+/]{40,}=*$/.test(line);

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => /\.(?:json|pem|key)$|password|secret|kek/.test(name))
      .map(name => join(folder, name))
      .filter(file => statSync(file).isFile() && statSync(file).size < 65_536);
  } catch {
    // A folder that a test has taken away has no secrets any more.
    return [];
  }
}

/** The log of a program that gives none is written there, past process.stderr. */
const { writeSync } = fs;
fs.writeSync = ((fd: number, ...rest: [string]) => {
  if (fd === 2) noteLines(String(rest[0]));
  return writeSync(fd, ...rest);
}) as typeof writeSync;

/** A key is frozen when it has its bytes: that is seen, whoever makes it. */
const { freeze } = Object;
Object.freeze = <T>(value: T) => {
  if (value instanceof SecretKey) noteKey(secretBytes(value));
  return freeze(value);
};
