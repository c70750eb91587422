import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ns } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { hasConversation } from '../../src/policy/plan.ts';
import { stockShapeOf } from '../../src/policy/stock-shape.ts';
import { weaknessesOf } from '../../src/policy/weaknesses.ts';
import { locateFile, parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';
import { plainPortOf, plainShapes, plainWsdlText } from '../interop/plain-shapes.ts';

const file = 'test/interop/wsdl/plain-ping.wsdl';

// `UPDATE_WSDL=1 npx vitest run --project unit test/policy/plain-shapes` writes the WSDL of the shapes.
if (process.env.UPDATE_WSDL === '1') writeFileSync(file, plainWsdlText());

test('the WSDL of the plain interop ports is that of their shapes', () => {
  expect(readFileSync(file, 'utf8')).toBe(plainWsdlText());
});

describe('a plain port that leaves all to TLS', () => {
  const wsdl = readWsdl(file);

  test.each(plainShapes.filter(({ binding }) => binding === 'transport'))('$name has no token', shape => {
    const plan = planOf(wsdl, plainPortOf(shape));
    expect(plan).toMatchObject({ transport: 'https' });
    const [{ request } = {}] = plan.operations;
    expect(request).toMatchObject({ supporting: [], timestamp: shape.isTimed, encrypted: { body: false } });
    const asked = { RequireClientCertificate: 'Certificate', HttpBasicAuthentication: 'Basic', '': 'None' };
    expect(stockShapeOf(plan).name).toContain(`Transport, ${asked[shape.httpsToken]}`);
    expect(weaknessesOf(plan).join('\n').includes('anonymous')).toBe(shape.httpsToken === '');
  });
});

describe('a plain port that is protected in the message', () => {
  const wsdl = readWsdl(file);

  test.each(plainShapes.filter(({ binding }) => binding !== 'transport'))(
    '$name has request and answer under one key, or those of two certificates',
    shape => {
      const plan = planOf(wsdl, plainPortOf(shape));
      expect(hasConversation(plan)).toBe(false);
      expect(plan.transport).toBe('http');
      const [{ request, response } = {}] = plan.operations;
      const { binding, isDerived: derivedKeys, client, isClear } = shape;
      const protection = { kind: binding, ...(binding === 'symmetric' ? { derivedKeys } : {}) };
      for (const message of [request, response])
        expect(message).toMatchObject({
          protection,
          timestamp: true,
          encrypted: { body: !isClear },
          signed: { body: true },
        });
      const kinds = { nothing: [], UsernameToken: ['username'], X509Token: ['x509'] }[client];
      expect(request?.supporting.map(({ kind }) => kind)).toEqual(kinds);
      expect(response?.supporting).toEqual([]);
    },
  );
});

/** The WSDL with one change after the beginning of a policy. */
function changed(policy: string, from: string | RegExp, to: string) {
  const text = readFileSync(file, 'utf8');
  const start = text.indexOf(`wsu:Id="${policy}"`);
  const rest = text.slice(start).replace(from, () => to);
  expect(rest).not.toBe(text.slice(start));
  return parseWsdl({ name: file, text: text.slice(0, start) + rest }, locateFile);
}

describe('a plain port is refused for', () => {
  test.each([
    ['CertificatesTokens', 'PlainCertificatesTokens'],
    ['EndorsedTokens', 'PlainEndorsedTokens'],
  ])('ProtectTokens of %s with a certificate that is not in the message', (policy, port) => {
    const absent = changed(policy, 'IncludeToken/AlwaysToRecipient', 'IncludeToken/Never');
    expect(() => planOf(absent, port)).toThrow('with IncludeToken never');
  });

  test('a conversation that endorses', () => {
    const token = `<sp:SecureConversationToken sp:IncludeToken="${ns.sp12}/IncludeToken/AlwaysToRecipient"/>`;
    const endorsed = changed('Endorsed', /<sp:X509Token [^>]*Always.*?<\/sp:X509Token>/s, token);
    expect(() => planOf(endorsed, 'PlainEndorsed')).toThrow('beside a SymmetricBinding of an X509Token');
  });
});

describe('what a plain port leaves open is said', () => {
  const wsdl = readWsdl(file);
  const of = (port: string) => weaknessesOf(planOf(wsdl, port)).join('\n');

  test('of a Body that is signed and not encrypted', () => {
    const wsdlInClear = changed('parts', /<sp:EncryptedParts>.*?<\/sp:EncryptedParts>/s, '');
    // A key of the request can sign alone, and so can a certificate.
    for (const port of ['PlainAnonymous', 'PlainCertificates'])
      expect(weaknessesOf(planOf(wsdlInClear, port)), port).toContainEqual(expect.stringContaining('in clear'));
    expect(weaknessesOf(planOf(wsdlInClear, 'PlainCertificates')).join()).not.toMatch(/others? encrypted/);
  });

  test('of an answer that is not tied to its request', () => {
    expect(of('PlainCertificates')).toContain('nothing ties an answer to its request');
    for (const port of [
      'PlainPassword',
      'PlainPasswordAddressed',
      'PlainCertificatesAddressed',
      'PlainCertificatesConfirmed',
    ])
      expect(of(port), port).not.toMatch(/nothing ties/);
  });

  test('of what is encrypted and tied to nobody', () => {
    for (const port of ['PlainCertificates', 'PlainCertificatesAddressed'])
      expect(of(port), port).toContain('sign what another encrypted, unread');
    expect(of('PlainEndorsed')).not.toContain('unread');
  });

  test('of a certificate that signs for no service', () => {
    for (const port of ['PlainCertificates', 'PlainEndorsed']) expect(of(port), port).toContain('signs no To');
    for (const port of ['PlainCertificatesAddressed', 'PlainEndorsedAddressed'])
      expect(of(port), port).not.toContain('signs no To');
  });

  test('of a certificate that another can take the place of', () => {
    for (const port of ['PlainEndorsed', 'PlainEndorsedDerived', 'PlainEndorsedAddressed'])
      expect(of(port), port).toContain('put theirs in its place');
    for (const port of ['PlainEndorsedHidden', 'PlainPassword', 'PlainCertificates'])
      expect(of(port), port).not.toContain('put theirs in its place');
  });

  test('of clients who do not say who they are', () => {
    expect(of('PlainAnonymous')).toContain('anonymous');
    expect(of('PlainPassword')).not.toContain('anonymous');
  });
});
