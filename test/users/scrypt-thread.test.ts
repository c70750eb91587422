import { scryptSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, test } from 'vitest';
import { scryptInBackground } from '../../src/users/scrypt-thread.ts';

const salt = Buffer.from('sodium chloride');
const options = { N: 1_024, r: 1, p: 1 };
const task = (password: string) => ({ password, salt, hashBytes: 32, options });

test('a hash is that of scrypt, for many that are made at once too', async () => {
  const passwords = ['', 'correct horse', 'caf\u00e9', '\ud800', 'x'.repeat(1_024)];
  const made = await Promise.all(passwords.map(password => scryptInBackground(task(password))));
  const expected = passwords.map(password => scryptSync(password, salt, 32, options).toString('hex'));
  expect(made.map(hash => hash.toString('hex'))).toEqual(expected);
});

test('what scrypt does not take fails, and the next password is hashed all the same', async () => {
  await expect(scryptInBackground({ ...task('x'), options: { N: 1_000 } })).rejects.toThrow(/^Invalid scrypt param/);
  expect(await scryptInBackground(task('x'))).toEqual(scryptSync('x', salt, 32, options));
});

/** The niceness of each thread of this process (proc_pid_stat(5), field 19). */
function niceOfThreads(): number[] {
  return readdirSync('/proc/self/task').map(thread => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('the threads that hash are of lower priority, and the process is not', async () => {
    const before = getPriority();
    await scryptInBackground(task('x'));
    expect(niceOfThreads()).toContain(10);
    expect(getPriority()).toBe(before);
  });
});
