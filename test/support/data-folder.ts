import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/crypto/random.ts';
import { demoUser, prepareDemoData } from '../../src/farm/demo-data.ts';
import { addUser } from '../../src/users/users-file.ts';
import { anotherKeyPem } from './rsa-keys.ts';

/** Folders of this test run, for {@link removeFolders}. */
const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wssc-farm-'));
  folders.push(folder);
  return folder;
}

let template: Promise<string> | undefined;

/** A hash that is cheap to check: each start of a farm does, and each node at its first login. */
const cheap = { N: 1_024, r: 1, p: 1 };

async function makeData(): Promise<string> {
  const folder = newFolder();
  const password = Buffer.from(systemRandom(15)).toString('base64url');
  writeFileSync(join(folder, 'demo-password'), `${password}\n`, { mode: 0o600 });
  for (const role of ['ca', 'service', 'tls', 'node'])
    writeFileSync(join(folder, `${role}-key.pem`), anotherKeyPem(), { mode: 0o600 });
  await addUser(join(folder, 'users.json'), { name: demoUser, password, roles: ['reader'] }, systemRandom, cheap);
  await prepareDemoData(folder, Date.now(), systemRandom);
  return folder;
}

/** A data folder with certificates, ring and demo user: copies of the same ones, because keys take their time. */
export async function newData(): Promise<string> {
  template ??= makeData();
  const folder = newFolder();
  cpSync(await template, folder, { recursive: true });
  return folder;
}

/** The one that others are copied from is among them: it is made anew for the next file of tests in this process. */
export function removeFolders(): void {
  template = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
