import fc from 'fast-check';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import type { AuthenticationMethod, Context } from '../../src/state/context.ts';

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => {
  const hex = Buffer.from(bytes).toString('hex');
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
});
const instance = uuid.filter(uri => /[1-9a-f]/.test(uri.slice('urn:uuid:'.length)));
const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const methods: readonly AuthenticationMethod[] = ['usernameToken', 'x509', 'anonymous'];

/** Every context that can be. */
export const anyContext: fc.Arbitrary<Context> = fc
  .record({
    id: uuid,
    instance: fc.option(instance, { nil: undefined }),
    secret: fc.uint8Array({ minLength: 16, maxLength: 64 }).map(bytes => new SecretKey(bytes)),
    user: text,
    roles: fc.array(text, { maxLength: 12 }),
    authenticatedBy: fc.constantFrom(...methods),
    credential: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    createdMs: time,
    keyEffectiveMs: time,
    keyExpiresMs: time,
    tokenExpiresMs: time,
    absoluteExpiresMs: time,
    renewals: fc.nat(0xffff),
    userEpoch: fc.nat(0xffffffff),
  })
  .map(context => ({ ...context, user: context.authenticatedBy === 'anonymous' ? undefined : context.user }));
