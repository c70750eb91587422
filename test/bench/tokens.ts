import { webcrypto } from 'node:crypto';
import iron from '@hapi/iron';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { type BearerToken, openBearerToken, sealBearerToken } from '../../src/bearer/bearer-token.ts';
import { randomBytesPooled, uuidText } from '../../src/crypto/random.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { interleaved } from './rounds.ts';

/** One way to make and check a token of the same claims. Times are CPU time of one token. */
export interface TokenFigures {
  readonly name: 'ours' | 'jose' | 'iron';
  readonly issueUs: number;
  readonly validateUs: number;
  readonly chars: number;
}

interface TokenScheme {
  readonly name: TokenFigures['name'];
  issue(): Promise<string> | string;
  /** Throws where the token is not good. */
  validate(token: string): Promise<unknown> | unknown;
}

const lifeMs = 3_600_000;

/**
 * Issues and validates a token of user `alice` with two roles, beside a JWE of `jose` and a sealed object of `iron`
 * with the same claims.
 */
export async function measureTokens(rounds: number): Promise<readonly TokenFigures[]> {
  const nowMs = Date.now();
  const token: BearerToken = {
    id: uuidText(randomBytesPooled),
    grant: uuidText(randomBytesPooled),
    subject: 'alice',
    client: 'web',
    audience: 'https://orders.example',
    scope: ['orders.read', 'orders.write'],
    claims: ['reader', 'editor'].map(value => ({ type: 'role', value })),
    issuedMs: nowMs,
    expiresMs: nowMs + lifeMs,
  };
  const schemes = [ours(token), await jose(token), sealedByIron(token)];
  const tokens = await Promise.all(schemes.map(scheme => scheme.issue()));
  const contenders = schemes.flatMap((scheme, i) => [
    { name: `${scheme.name} issue`, times: 4_000, run: repeated(() => scheme.issue()) },
    { name: `${scheme.name} validate`, times: 4_000, run: repeated(() => scheme.validate(tokens[i] ?? '')) },
  ]);
  const figures = await interleaved(contenders, rounds);
  return schemes.map(({ name }, i) => ({
    name,
    issueUs: figures[2 * i] ?? Number.NaN,
    validateUs: figures[2 * i + 1] ?? Number.NaN,
    chars: tokens[i]?.length ?? Number.NaN,
  }));
}

/** What is not asynchronous is not awaited: that would be measured too. */
function repeated(work: () => unknown): (times: number) => Promise<void> {
  return async times => {
    for (let i = 0; i < times; i++) {
      const result = work();
      if (result instanceof Promise) await result;
    }
  };
}

function ours(token: BearerToken): TokenScheme {
  const ring = keyRing(createRing({ nowMs: token.issuedMs, random: randomBytesPooled }));
  return {
    name: 'ours',
    issue: () => sealBearerToken(token, ring, token.issuedMs, randomBytesPooled),
    validate(text) {
      if (openBearerToken(text, token, ring, token.issuedMs) === undefined) throw new Error('the token did not open');
    },
  };
}

/** JWE, `dir` with A256GCM: one key that both sides have, as here; in the form in which jose is fastest. */
async function jose(token: BearerToken): Promise<TokenScheme> {
  const { id, grant, subject, client, audience, scope, claims, issuedMs, expiresMs } = token;
  const key = await webcrypto.subtle.importKey('raw', randomBytesPooled(32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    name: 'jose',
    issue: () =>
      new EncryptJWT({ client_id: client, scope: scope.join(' '), claims, grant })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setSubject(subject)
        .setAudience(audience)
        .setJti(id)
        .setIssuedAt(Math.floor(issuedMs / 1000))
        .setExpirationTime(Math.floor(expiresMs / 1000))
        .encrypt(key),
    validate: text => jwtDecrypt(text, key, { audience }),
  };
}

function sealedByIron({ id, grant, subject, client, audience, scope, claims }: BearerToken): TokenScheme {
  const password = Buffer.from(randomBytesPooled(32)).toString('hex');
  const content = { sub: subject, client_id: client, aud: audience, scope: scope.join(' '), claims, jti: id, grant };
  const options = { ...iron.defaults, ttl: lifeMs };
  return {
    name: 'iron',
    issue: () => iron.seal(content, password, options),
    validate: text => iron.unseal(text, password, options),
  };
}
