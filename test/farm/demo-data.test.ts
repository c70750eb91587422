import { createPrivateKey, X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createCertificatePem } from '../../src/farm/certificates.ts';
import { type DemoData, demoClient, demoUser, prepareDemoClient, prepareDemoData } from '../../src/farm/demo-data.ts';
import { openUsers } from '../../src/users/users.ts';
import { addUser } from '../../src/users/users-file.ts';
import { pem } from '../support/pem.ts';

const root = mkdtempSync(join(tmpdir(), 'demo-data-'));
afterAll(() => rmSync(root, { recursive: true }));

const nowMs = Date.now();
const dayMs = 86_400_000;
let folders = 0;
const fresh = () => join(root, `data${folders++}`);
const prepare = (folder: string, atMs = nowMs) => prepareDemoData(folder, atMs, systemRandom);
const first = await prepare(fresh());
/** What the first run made, with a hash that is cheap to check: keys and passwords take their time. */
const template = await cheap(first);
/** A folder with data in it, without some of its files. */
const copyOf = (...missing: readonly string[]): string => {
  const folder = fresh();
  cpSync(template, folder, { recursive: true });
  for (const name of missing) rmSync(join(folder, name));
  return folder;
};
const copied = () => prepare(copyOf());
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]));

async function cheap({ folder, password }: DemoData): Promise<string> {
  const copy = fresh();
  cpSync(folder, copy, { recursive: true });
  const users = join(copy, 'users.json');
  rmSync(users);
  await addUser(users, { name: demoUser, password, roles: ['reader'] }, systemRandom, { N: 1_024, r: 1, p: 1 });
  return copy;
}

/** Puts a certificate with few days left in the place of one. */
async function age({ folder }: DemoData, role: 'service' | 'tls', days: number): Promise<void> {
  const keyOf = (name: string) => createPrivateKey(readFileSync(join(folder, `${name}-key.pem`)));
  const ca = { certificate: new X509Certificate(readFileSync(join(folder, 'ca.pem'))), privateKey: keyOf('ca') };
  writeFileSync(join(folder, `${role}.pem`), await createCertificatePem(role, keyOf(role), ca, nowMs, days));
}

test('the first run makes a folder for this user only, and files that nobody else may read', async () => {
  const { folder } = first;
  const modes = ['.', ...readdirSync(folder)].map(name => (statSync(join(folder, name)).mode & 0o777).toString(8));
  expect(modes).toEqual(['700', ...Array(readdirSync(folder).length).fill('600')]);
});

test('the demo user can log in with the password that is printed', async () => {
  const data = first;
  const users = openUsers(data.users);
  expect(await users.authenticate(demoUser, data.password)).toEqual({ user: demoUser, roles: ['reader'] });
  expect(await users.authenticate(demoUser, 'demo')).toBeUndefined();
});

test("the demo's client is made once, and has the secret that its file says", async () => {
  const data = await copied();
  const { clients, secretFile } = await prepareDemoClient(data, systemRandom);
  const secret = readFileSync(secretFile, 'utf8').trim();
  const found = await openUsers(clients).authenticate(demoClient, secret);
  expect(found).toEqual({ user: demoClient, roles: ['echo.read', 'echo.write'] });
  const before = filesOf(data.folder);
  await prepareDemoClient(data, systemRandom);
  expect(filesOf(data.folder)).toEqual(before);
});

test('each data folder has a password of its own', async () => {
  const [one, two] = [first, await prepare(copyOf('demo-password', 'users.json'))];
  expect(one.password).toMatch(/^[\w-]{20}$/);
  expect(one.password).not.toBe(two.password);
});

test('a second run changes nothing', async () => {
  const data = await copied();
  const before = filesOf(data.folder);
  expect(await prepare(data.folder)).toEqual(data);
  expect(filesOf(data.folder)).toEqual(before);
});

test('a certificate with 10 days left is made anew over its key; the others, ring and users stay', async () => {
  const data = await copied();
  await age(data, 'service', 10);
  await age(data, 'tls', 31);
  const before = filesOf(data.folder);
  await prepare(data.folder);
  const after = filesOf(data.folder);
  const changed = Object.keys(after).filter(name => after[name] !== before[name]);
  expect(changed).toEqual(['service.pem']);
  const renewed = new X509Certificate(after['service.pem'] ?? '');
  expect(Date.parse(renewed.validTo)).toBeGreaterThan(nowMs + 360 * dayMs);
  expect(renewed.checkPrivateKey(createPrivateKey(after['service-key.pem'] ?? ''))).toBe(true);
});

test('near the end of the CA all certificates are renewed', async () => {
  const data = await copied();
  const before = filesOf(data.folder);
  await prepare(data.folder, nowMs + 3_640 * dayMs);
  const after = filesOf(data.folder);
  expect(Object.keys(after).filter(name => after[name] !== before[name])).toEqual([
    'ca.pem',
    'node.pem',
    'service.pem',
    'tls.pem',
  ]);
});

test('a certificate of the demo CA is made anew over another key, also after the CA lost its own', async () => {
  const data = await copied();
  const { key } = pem.tls;
  writeFileSync(join(data.folder, 'tls-key.pem'), key);
  rmSync(join(data.folder, 'ca-key.pem'));
  await prepare(data.folder);
  const after = filesOf(data.folder);
  expect(after['tls-key.pem']).toBe(key);
  const [ca, tls] = ['ca.pem', 'tls.pem'].map(name => new X509Certificate(after[name] ?? ''));
  expect(tls?.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(ca && tls?.verify(ca.publicKey)).toBe(true);
});

test.each([
  ['with its own key', 'tls', true],
  ['without its key', 'tls', false],
  ['for the service', 'service', true],
  ['as the CA, without its key', 'ca', false],
] as const)('a certificate of another CA is named and not overwritten: %s', async (_, role, withKey) => {
  const data = await copied();
  const { key } = pem.tls;
  // One that signs itself has another issuer than the demo CA.
  const foreign = await createCertificatePem('tls', createPrivateKey(key), undefined, nowMs);
  const file = join(data.folder, `${role}.pem`);
  writeFileSync(file, foreign);
  if (withKey) writeFileSync(join(data.folder, `${role}-key.pem`), key);
  const before = filesOf(data.folder);
  await expect(prepare(data.folder)).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: `certificate ${file}: is not of the demo CA, so it is neither used nor replaced`,
  });
  expect(filesOf(data.folder)).toEqual(before);
});

test.each(['ca.pem', 'service-key.pem', 'tls.pem', 'ring.json', 'users.json'])(
  'a %s that is not what it should be is named and not overwritten',
  async name => {
    const data = await copied();
    const file = join(data.folder, name);
    writeFileSync(file, 'something else');
    const error = await prepare(data.folder).then(
      () => openUsers(data.users),
      refused => refused,
    );
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toContain(file);
    expect(error.message).not.toContain('something else');
    expect(readFileSync(file, 'utf8')).toBe('something else');
  },
);

test.each<[string, string | undefined, string]>([
  ['is gone', undefined, 'does not exist'],
  ['is empty', '\n', 'is empty'],
  ['holds another password', 'another password\n', 'is not the password of user demo'],
])(
  'a users file whose password file %s is not replaced, and no wrong password is printed',
  async (_, text, problem) => {
    const data = await copied();
    const users = readFileSync(data.users, 'utf8');
    if (text === undefined) rmSync(data.passwordFile);
    else writeFileSync(data.passwordFile, text);
    await expect(prepare(data.folder)).rejects.toMatchObject({
      code: 'USERS_INVALID',
      message: `password file ${data.passwordFile}: ${problem}, and ${data.users} holds only a hash`,
      hint: `delete ${data.users} to have user demo made anew`,
    });
    expect(readFileSync(data.users, 'utf8')).toBe(users);
    rmSync(data.users);
    const again = await prepare(data.folder);
    expect(await openUsers(again.users).authenticate(demoUser, again.password)).toBeDefined();
  },
);

test('a folder where there should be a file, and a file where there should be a folder, are named', async () => {
  const folder = copyOf('tls.pem');
  mkdirSync(join(folder, 'tls.pem'));
  await expect(prepare(folder)).rejects.toThrow(join(folder, 'tls.pem'));
  const file = join(root, 'file');
  writeFileSync(file, '');
  await expect(prepare(join(file, 'data'))).rejects.toThrow(file);
});
