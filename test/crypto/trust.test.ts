import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openTrust, type Trust, type TrustOptions } from '../../src/crypto/trust.ts';
import { Refusal } from '../../src/errors.ts';
import { type Made, makeCertificate, makeCrl, x509 } from '../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'trust-'));
afterAll(() => rmSync(folder, { recursive: true }));

const root = await makeCertificate({ subject: 'CN=root', isAuthority: true });
const middle = await makeCertificate({ subject: 'CN=middle', issuer: root, isAuthority: true });
const alice = await makeCertificate({ subject: 'O=example,CN=alice', issuer: root });
const bob = await makeCertificate({ subject: 'CN=bob', issuer: middle });
const stranger = await makeCertificate({ subject: 'CN=root', isAuthority: true });

const errors: string[] = [];
const trustIn = (pem: string, options: Partial<TrustOptions> = {}) =>
  openTrust({
    trust: pem,
    crl: [],
    minRsaBits: 2048,
    place: 'trust',
    purpose: 'client',
    onError: error => void errors.push(error.message),
    ...options,
  });

let works = 0;
const inTurn = <T>(work: () => Promise<T>) => {
  works += 1;
  return work();
};

/** What becomes of a path: the subject that is believed, or the reason of the refusal. */
async function outcome(trust: Trust, ...path: readonly Made[]): Promise<string> {
  try {
    const { subject } = await trust.check(
      path.map(({ certificate }) => certificate.raw),
      Date.now(),
      inTurn,
    );
    return subject;
  } catch (error) {
    if (error instanceof Refusal && error.fault === 'invalidSecurityToken') return error.reason;
    throw error;
  }
}

describe('a certificate is believed', () => {
  test('that a trusted authority has issued, also where it or its chain came along', async () => {
    expect(await outcome(trustIn(root.pem), alice)).toBe('CN=alice,O=example');
    expect(await outcome(trustIn(root.pem), alice, root)).toBe('CN=alice,O=example');
    expect(await outcome(trustIn(root.pem), bob, middle)).toBe('CN=bob');
    expect(await outcome(trustIn(root.pem), bob, middle, root)).toBe('CN=bob');
    expect(await outcome(trustIn(middle.pem), bob)).toBe('CN=bob');
  });

  test('that is trusted itself, and issued by nobody who is', async () => {
    const own = await makeCertificate({
      subject: 'CN=self',
      isAuthority: true,
      usage: x509.KeyUsageFlags.digitalSignature,
    });
    expect(await outcome(trustIn(own.pem), own)).toBe('CN=self');
    expect(await outcome(trustIn(alice.pem), alice)).toBe('CN=alice,O=example');
    expect(trustIn(alice.pem + root.pem).known.map(({ subject }) => subject)).toEqual([
      'CN=alice,O=example',
      'CN=root',
    ]);
  });

  test('whose key says that it signs for clients, or does not say', async () => {
    const { digitalSignature, nonRepudiation } = x509.KeyUsageFlags;
    const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
    const trust = trustIn(root.pem);
    const named = (more: Partial<Parameters<typeof makeCertificate>[0]>) =>
      makeCertificate({ subject: 'CN=carol', issuer: root, ...more });
    expect(await outcome(trust, await named({ usage: nonRepudiation }))).toBe('CN=carol');
    expect(await outcome(trust, await named({ extendedUsage: [serverAuth, clientAuth] }))).toBe('CN=carol');
    expect(await outcome(trust, await named({ extendedUsage: ['2.5.29.37.0'] }))).toBe('CN=carol');
    expect(await outcome(trust, await named({ extendedUsage: [serverAuth] }))).toBe('certificate-usage');
    expect(await outcome(trust, await named({ usage: x509.KeyUsageFlags.keyEncipherment }))).toBe('certificate-usage');
    expect(digitalSignature).toBe(1);
  });
});

describe('a certificate is not believed', () => {
  test('that another authority of the same name has issued, however many there are of that name', async () => {
    const forged = await makeCertificate({ subject: 'O=example,CN=alice', issuer: stranger });
    const renewed = await makeCertificate({ subject: 'CN=root', isAuthority: true });
    expect(await outcome(trustIn(root.pem), forged)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(root.pem + renewed.pem), forged)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(root.pem), forged, stranger)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(root.pem + renewed.pem), forged, stranger)).toBe('certificate-untrusted');
    const others = await makeCertificate({ subject: 'CN=eve', isAuthority: true });
    const more = await makeCertificate({ subject: 'CN=eve', isAuthority: true });
    const hers = await makeCertificate({ subject: 'CN=alice', issuer: others });
    expect(await outcome(trustIn(root.pem), hers, others, more)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(root.pem), hers, others)).toBe('certificate-untrusted');
  });

  test('with a key that came along, which is not even used', async () => {
    const others = await makeCertificate({ subject: 'CN=other', issuer: stranger, isAuthority: true });
    const hers = await makeCertificate({ subject: 'CN=alice', issuer: others });
    const used = vi.spyOn(X509Certificate.prototype, 'verify');
    try {
      expect(await outcome(trustIn(root.pem), hers, others)).toBe('certificate-untrusted');
      expect(used.mock.calls.filter(([key]) => key.equals(others.certificate.publicKey))).toEqual([]);
      expect(used).toHaveBeenCalled();
    } finally {
      used.mockRestore();
    }
  });

  test('that the certificate of a client has issued, be the client trusted by an authority or itself', async () => {
    const issued = await makeCertificate({ subject: 'CN=mallory', issuer: alice });
    expect(await outcome(trustIn(root.pem), issued, alice)).toBe('certificate-chain');
    expect(await outcome(trustIn(root.pem + alice.pem), issued, alice)).toBe('certificate-chain');
    expect(await outcome(trustIn(alice.pem), issued)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(alice.pem), issued, alice)).toBe('certificate-untrusted');
  });

  test('whose issuer may issue none, or none so far below', async () => {
    const unusable = await makeCertificate({
      ...{ subject: 'CN=unusable', issuer: root, isAuthority: true, usage: x509.KeyUsageFlags.cRLSign },
    });
    expect(
      await outcome(trustIn(root.pem), await makeCertificate({ subject: 'CN=x', issuer: unusable }), unusable),
    ).toBe('certificate-chain');
    const last = await makeCertificate({ subject: 'CN=last', isAuthority: true, pathLength: 0 });
    const below = await makeCertificate({ subject: 'CN=below', issuer: last, isAuthority: true });
    const end = await makeCertificate({ subject: 'CN=end', issuer: below });
    expect(await outcome(trustIn(last.pem), end, below)).toBe('certificate-chain');
    expect(await outcome(trustIn(last.pem), await makeCertificate({ subject: 'CN=y', issuer: last }))).toBe('CN=y');
  });

  test('outside of its time, or of its authority’s', async () => {
    const past = new Date(Date.now() - 1_000);
    const future = new Date(Date.now() + 60_000);
    const expired = await makeCertificate({ subject: 'CN=x', issuer: root, until: past });
    const early = await makeCertificate({ subject: 'CN=x', issuer: root, from: future });
    const old = await makeCertificate({ subject: 'CN=old', isAuthority: true, until: past });
    expect(await outcome(trustIn(root.pem), expired)).toBe('certificate-expired');
    expect(await outcome(trustIn(expired.pem), expired)).toBe('certificate-expired');
    expect(await outcome(trustIn(root.pem), early)).toBe('certificate-not-yet-valid');
    expect(await outcome(trustIn(old.pem), await makeCertificate({ subject: 'CN=x', issuer: old }))).toBe(
      'certificate-expired',
    );
  });

  test('with a key that is too short, or whose exponent proves nothing', async () => {
    const short = await makeCertificate({ subject: 'CN=short', issuer: root, bits: 1024 });
    expect(await outcome(trustIn(root.pem), short)).toBe('certificate-key');
    expect(await outcome(trustIn(root.pem, { minRsaBits: 1024 }), short)).toBe('CN=short');
    const three = await makeCertificate({ subject: 'CN=three', issuer: root, exponent: 3 });
    expect(await outcome(trustIn(root.pem), three)).toBe('CN=three');
    const { raw } = three.certificate;
    // INTEGER 3, the last value of the key.
    const at = raw.indexOf(Buffer.from('020103', 'hex'));
    for (const exponent of [0, 1, 2, 4]) {
      const der = Buffer.from(raw);
      der[at + 2] = exponent;
      const check = () => trustIn(root.pem).check([der], Date.now(), inTurn);
      expect(check).toThrow(expect.objectContaining({ reason: 'certificate-key' }));
    }
  });

  test('with an extension that is critical and not known', async () => {
    const unknown = new x509.Extension('1.3.6.1.4.1.99999.1', true, Buffer.from('0500', 'hex'));
    const strange = await makeCertificate({ subject: 'CN=x', issuer: root, extensions: [unknown] });
    expect(await outcome(trustIn(root.pem), strange)).toBe('certificate-chain');
  });

  test('that was signed by way of SHA-1, unless it is trusted itself', async () => {
    const weak = await makeCertificate({ subject: 'CN=weak', issuer: root, hash: 'SHA-1' });
    expect(await outcome(trustIn(root.pem), weak)).toBe('certificate-untrusted');
    expect(await outcome(trustIn(weak.pem), weak)).toBe('CN=weak');
  });

  test('in a path that is none, or of more than four with the trusted one', async () => {
    expect(await outcome(trustIn(root.pem), bob, root)).toBe('certificate-path');
    expect(await outcome(trustIn(root.pem))).toBe('certificate-key');
    expect(await outcome(trustIn(root.pem), alice, alice)).toBe('certificate-path');
    const chain = [bob];
    let issuer = root;
    for (const subject of ['CN=1', 'CN=2', 'CN=3', 'CN=end']) {
      issuer = await makeCertificate({ subject, issuer, isAuthority: subject !== 'CN=end' });
      chain.unshift(issuer);
    }
    const [end, three, two, one] = chain as [Made, Made, Made, Made];
    expect(await outcome(trustIn(two.pem), end, three)).toBe('CN=end');
    expect(await outcome(trustIn(one.pem), end, three, two)).toBe('CN=end');
    expect(await outcome(trustIn(root.pem), end, three, two, one)).toBe('certificate-path');
    expect(await outcome(trustIn(root.pem), end, three, two, one, root)).toBe('certificate-path');
  });

  test('that is no certificate, whatever follows', () => {
    const check = (...path: Uint8Array[]) => trustIn(root.pem).check(path, Date.now(), inTurn);
    expect(() => check(Buffer.from('3003020101', 'hex'))).toThrow(
      expect.objectContaining({ reason: 'certificate-key' }),
    );
    expect(() => check(alice.certificate.raw, Buffer.from('30', 'hex'))).toThrow(
      expect.objectContaining({ reason: 'certificate-path' }),
    );
  });
});

describe('what was found out', () => {
  test('costs once, good or bad, and nothing where nobody trusted has issued it', async () => {
    const trust = trustIn(root.pem);
    const forged = await makeCertificate({ subject: 'CN=alice', issuer: stranger });
    const unknown = await makeCertificate({ subject: 'CN=x', isAuthority: true, usage: 1 });
    for (const [made, expected, cost] of [
      [alice, 'CN=alice,O=example', 1],
      [forged, 'certificate-untrusted', 1],
      [unknown, 'certificate-untrusted', 0],
    ] as const) {
      works = 0;
      for (let i = 0; i < 3; i++) expect(await outcome(trust, made)).toBe(expected);
      expect(works).toBe(cost);
    }
  });

  test('is found out again after five minutes, and the dates count each time', async () => {
    const brief = await makeCertificate({ subject: 'CN=brief', issuer: root, until: new Date(Date.now() + 60_000) });
    const trust = trustIn(root.pem);
    const at = async (made: Made, ms: number) => trust.check([made.certificate.raw], Date.now() + ms, inTurn);
    works = 0;
    await at(brief, 0);
    await at(alice, 0);
    await expect(at(brief, 62_000)).rejects.toMatchObject({ reason: 'certificate-expired' });
    await at(alice, 299_000);
    expect(works).toBe(2);
    await at(alice, 301_000);
    expect(works).toBe(3);
  });
});

describe('with lists of what was revoked', () => {
  const file = join(folder, 'crl.pem');
  const lists = (...made: readonly string[]) => {
    writeFileSync(file, made.join(''));
    return trustIn(root.pem, { crl: [file] });
  };

  test('a certificate is refused that stands there, and one whose issuer has no current list', async () => {
    const trust = lists(makeCrl(root, [alice]));
    const carol = await makeCertificate({ subject: 'CN=carol', issuer: root });
    expect(await outcome(trust, alice)).toBe('certificate-revoked');
    expect(await outcome(trust, carol)).toBe('CN=carol');
    expect(await outcome(trust, bob, middle)).toBe('certificate-revocation-unknown');
    expect(await outcome(lists(makeCrl(root, []), makeCrl(middle, [])), bob, middle)).toBe('CN=bob');
    expect(await outcome(lists(makeCrl(root, [middle]), makeCrl(middle, [])), bob, middle)).toBe('certificate-revoked');
  });

  test('a list that is over, not yet begun, or by another authority of the name is none', async () => {
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    for (const list of [
      makeCrl(root, [], { from: hour(-2), until: hour(-1) }),
      makeCrl(root, [], { from: hour(1), until: hour(2) }),
      makeCrl(stranger, []),
    ])
      expect(await outcome(lists(list), alice)).toBe('certificate-revocation-unknown');
  });

  test('a file that has changed counts at once, and one that can’t be read leaves the last good lists', async () => {
    const trust = lists(makeCrl(root, []));
    expect(await outcome(trust, alice)).toBe('CN=alice,O=example');
    writeFileSync(file, makeCrl(root, [alice]));
    utimesSync(file, 1, 1);
    expect(await outcome(trust, alice)).toBe('certificate-revoked');
    writeFileSync(file, 'nonsense');
    expect(await outcome(trust, alice)).toBe('certificate-revoked');
    expect(errors).toEqual([`${file}: holds no certificate revocation list in PEM or DER format`]);
  });

  test('a list in DER counts, and one that only looks like one is none', async () => {
    const der = Buffer.from(makeCrl(root, [alice]).replace(/-----.*/g, ''), 'base64');
    writeFileSync(file, der);
    expect(await outcome(trustIn(root.pem, { crl: [file] }), alice)).toBe('certificate-revoked');
    writeFileSync(file, Buffer.from('3003020101', 'hex'));
    expect(await outcome(trustIn(root.pem, { crl: [file] }), alice)).toBe('certificate-revocation-unknown');
  });

  test('a file that is none is refused with its name', () => {
    const other = join(folder, 'other.pem');
    const open = () => trustIn(root.pem, { crl: [other] });
    expect(open).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID', message: `${other}: can't be read` }));
    writeFileSync(other, root.pem);
    expect(open).toThrow(`${other}: holds no certificate revocation list`);
  });
});

test('a text without a certificate that could be trusted is refused', async () => {
  const code = expect.objectContaining({ code: 'CERTIFICATE_INVALID' });
  expect(() => trustIn('nonsense')).toThrow(code);
  const short = await makeCertificate({ subject: 'CN=short', bits: 1024 });
  expect(() => trustIn(short.pem)).toThrow(code);
});

describe('other certificates that are trusted', () => {
  test('are what is asked from then on, whatever was found out before', async () => {
    const trust = trustIn(root.pem);
    expect(await outcome(trust, alice)).toBe('CN=alice,O=example');
    const change = trust.change(middle.pem);
    expect(await outcome(trust, alice)).toBe('CN=alice,O=example');
    change();
    expect(await outcome(trust, alice)).toBe('certificate-untrusted');
    expect(await outcome(trust, bob)).toBe('CN=bob');
    trust.change(alice.pem)();
    expect(trust.known.map(({ subject }) => subject)).toEqual(['CN=alice,O=example']);
  });

  test('are not taken where there are none', async () => {
    const trust = trustIn(root.pem);
    expect(() => trust.change('x')).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID' }));
    expect(await outcome(trust, alice)).toBe('CN=alice,O=example');
  });
});
