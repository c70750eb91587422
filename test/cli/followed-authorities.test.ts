import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { endNodes, type ServeNode, serviceFolder, startProgram } from '../store/serve-nodes.ts';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { removeFolders } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { issueRequest } from '../support/initiator.ts';
import { pem } from '../support/pem.ts';
import { spawn } from '../support/started.ts';

/*
 * Files that say who is trusted, as Kubernetes mounts them: each is a link to a file below ..data, which is a link to
 * a folder, and is put in the place of the one before by a rename.
 */

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const certificatesWsdl = fileURLToPath(new URL('../../wsdl/certificates.wsdl', import.meta.url));
const files = ['relays', 'issuer', 'clients'] as const;
type Mounted = Readonly<Record<(typeof files)[number], string>>;

let folder = '';
let mounts = 0;
/** An issuer, a node that hands requests on to it, and one whose clients have certificates. */
let sts: ServeNode;
let relaying: ServeNode;
let direct: ServeNode;
let first: { readonly ca: Made; readonly client: Made };
let second: { readonly ca: Made; readonly client: Made };

function mount(texts: Mounted): void {
  const secrets = join(folder, 'secrets');
  mounts += 1;
  mkdirSync(join(secrets, `..${mounts}`), { recursive: true });
  for (const name of files) writeFileSync(join(secrets, `..${mounts}`, name), texts[name], { mode: 0o440 });
  symlinkSync(`..${mounts}`, join(secrets, '..next'));
  renameSync(join(secrets, '..next'), join(secrets, '..data'));
}

async function authority(name: string) {
  const ca = await makeCertificate({ subject: `CN=${name}`, isAuthority: true });
  return { ca, client: await makeCertificate({ subject: `CN=client of ${name}`, issuer: ca }) };
}

beforeAll(async () => {
  [first, second] = [await authority('first'), await authority('second')];
  folder = await serviceFolder();
  const relay = await freePort();
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const config = (name: string, members: object) => {
    write(`${name}.json`, JSON.stringify({ ring: 'ring.json', ...members }));
    return ['--config', join(folder, `${name}.json`), '--store', 'none'];
  };
  write('node.pem', pem.node.certificate);
  write('node-key.pem', pem.node.key);
  mount(usual());
  for (const name of files) symlinkSync(`..data/${name}`, join(folder, 'secrets', name));
  const own = { certificate: 'service.pem', key: 'service-key.pem' };
  const addresses = ['http://localhost:8080'];
  const issuing = { wsdl, users: 'users.json', ...own, addresses, ports: { EchoSymmetric: {} } };
  const tls = { certificate: 'tls.pem', key: 'tls-key.pem' };
  sts = await startProgram([
    'sts',
    ...config('sts', { ...issuing, tls, relays: { ca: 'secrets/relays' } }),
    ...['--relay', String(relay)],
  ]);
  const shown = { certificate: 'node.pem', key: 'node-key.pem' };
  const issuer = { address: `https://localhost:${relay}`, ca: 'secrets/issuer', ...shown };
  const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));
  const ports = { EchoSymmetric: {} };
  relaying = await startProgram(['serve', ...config('relaying', { wsdl, service, addresses, issuer, ports })]);
  write(
    'service.mjs',
    'const operations = { Echo: ({ text }) => ({ text }) };\n' +
      'export default { CertificateService: { Certificate: operations } };\n',
  );
  const trusting = { trust: 'secrets/clients', ports: { Certificate: {} } };
  direct = await startProgram([
    'serve',
    ...config('direct', { wsdl: certificatesWsdl, service: 'service.mjs', ...own, ...trusting }),
  ]);
  for (const [name, { client }] of Object.entries({ first, second })) {
    write(`${name}.pem`, client.pem);
    write(`${name}-key.pem`, client.key);
  }
});
afterAll(() => {
  endNodes();
  removeFolders();
});

const usual = (): Mounted => ({
  relays: pem.ca.certificate,
  issuer: pem.ca.certificate,
  clients: first.ca.pem,
});

/** The status of a bootstrap that is handed on to the issuer. */
const handedOn = async () => (await relaying.post(issueRequest('EchoSymmetric').sent.text)).status;

/** The exit code of a call by a client with a certificate. */
async function called(client: 'first' | 'second'): Promise<number> {
  const words = ['call', '--wsdl', certificatesWsdl, '--port', 'Certificate', '--address', direct.base];
  const own = ['--certificate', `${client}.pem`, '--key', `${client}-key.pem`];
  const child = spawn(
    process.execPath,
    [mainProgram, ...words, ...own, '--service-certificate', 'service.pem', 'Echo', '{"text":"hello"}'],
    { cwd: folder, stdio: 'ignore' },
  );
  const [code] = await once(child, 'exit');
  return code;
}

const now = async () => [await handedOn(), await called('first'), await called('second')];
const patience = { timeout: 60_000, interval: 500 };

test('files of authorities are followed through links, and one that is broken is not used', async () => {
  expect(await now()).toEqual([200, 0, 2]);

  mount({ ...usual(), relays: 'none', issuer: 'none', clients: 'none' });
  for (const [node, name] of [
    [sts, 'relays'],
    [relaying, 'issuer'],
    [direct, 'clients'],
  ] as const)
    await expect
      .poll(node.log, patience)
      .toContain(`${join(folder, 'secrets', name)}: holds no certificate in PEM format`);
  expect(await now()).toEqual([200, 0, 2]);

  mount({ ...usual(), relays: second.ca.pem, clients: second.ca.pem });
  await expect.poll(now, patience).toEqual([503, 2, 0]);

  // One process at a time: which of them follows first is not said.
  const both = { ...usual(), clients: first.ca.pem + second.ca.pem };
  mount(both);
  await expect.poll(now, patience).toEqual([200, 0, 0]);

  mount({ ...both, issuer: second.ca.pem });
  await expect.poll(now, patience).toEqual([503, 0, 0]);

  mount(usual());
  await expect.poll(now, patience).toEqual([200, 0, 2]);
});
