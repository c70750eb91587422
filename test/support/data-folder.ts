import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/crypto/random.ts';
import { prepareDemoData } from '../../src/farm/demo-data.ts';

/** Folders of this test run, for {@link removeFolders}. */
const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wssc-farm-'));
  folders.push(folder);
  return folder;
}

let template: Promise<string> | undefined;

/** A data folder with certificates, ring and demo user: copies of the same ones, because keys take their time. */
export async function newData(): Promise<string> {
  template ??= prepareDemoData(newFolder(), Date.now(), systemRandom).then(({ folder }) => folder);
  const folder = newFolder();
  cpSync(await template, folder, { recursive: true });
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
