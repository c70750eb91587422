import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { makeCertificate } from '../support/certificates.ts';
import { newFolder } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { pem } from '../support/pem.ts';
import { away } from './refusals.ts';

/** A store whose CA certificates are in a file is reached as soon as that has the right ones: nothing is restarted. */
export async function followsAuthorities(url: URL, opened: Store[]): Promise<void> {
  const caFile = join(newFolder(), 'ca.pem');
  const other = await makeCertificate({ subject: 'CN=other', isAuthority: true });
  writeFileSync(caFile, other.certificate.toString());
  const store = openStore(url, { caFile, onEvent: () => {} });
  opened.push(store);
  const claim = async () => store.claim(`authorities/${Math.random()}`, Date.now() + 60_000);
  await expect(claim()).rejects.toMatchObject(away);
  writeFileSync(caFile, pem.ca.certificate);
  await eventually(async () => expect(await claim()).toBe('new'));
}
