import { createPrivateKey } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ownPair } from '../../src/server/pair-files.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { pem } from '../support/pem.ts';

afterAll(removeFolders);

const folder = newFolder();
function written(name: string, content: string | Uint8Array, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
const certificate = written('service.pem', pem.service.certificate, 0o644);
const key = written('service-key.pem', createPrivateKey(pem.service.key).export(cipher).toString());
const problem = (file: string) =>
  expect.objectContaining({
    code: 'CERTIFICATE_INVALID',
    message: expect.stringContaining(`${file}: its mode 644 lets`),
  });

describe('what others can read is refused', () => {
  test('the passphrase of a key', () => {
    const passphrase = written('passphrase', 'secret\nof a key\n');
    expect(ownPair({ certificate, key, passphrase }).certificate).toContain('BEGIN CERTIFICATE');
    chmodSync(passphrase, 0o644);
    expect(() => ownPair({ certificate, key, passphrase })).toThrow(problem(passphrase));
  });

  test('a PKCS#12 file, before anything is read of it', () => {
    const both = written('both.p12', Buffer.from([0x30, 0x82, 0xff]));
    expect(() => ownPair({ certificate: both })).not.toThrow(problem(both));
    chmodSync(both, 0o644);
    expect(() => ownPair({ certificate: both })).toThrow(problem(both));
  });

  test('the key itself', () => {
    chmodSync(key, 0o644);
    expect(() => ownPair({ certificate, key })).toThrow(problem(key));
  });
});
