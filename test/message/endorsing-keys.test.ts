import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digest } from '../../src/crypto/digest.ts';
import { wrapKey } from '../../src/crypto/keywrap.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { readMessage } from '../../src/message/message.ts';
import { receive } from '../../src/message/receive.ts';
import { tokenTypes } from '../../src/names.ts';
import {
  bases,
  build,
  contextId,
  contextSecret,
  derivedBytes,
  dk,
  encryptedKeyStr,
  nowMs,
  type Recipe,
  reference,
  sct,
  str,
} from './builder.ts';
import { own } from './captures.ts';
import { found } from './found.ts';
import { endorsed, symmetricBootstrap } from './plans.ts';

/**
 * Two signatures with any keys over any parts, generated: whoever makes them knows both secrets and follows every rule
 * but that of which key signs what. Only what the plan wants is taken, and all of that.
 */

const bob = own('bob');
const secret = Buffer.alloc(16, 0x77);
const cipher = wrapKey(bob.certificate.publicKey, new SecretKey(secret));
const recorded = {
  cipher: cipher.toString('base64'),
  thumbprint: bob.thumbprintSha1,
  secret,
  sha1: digest('sha1', cipher),
};
const made = bases(recorded);

const keyInfos = {
  DKs: str(reference('#DKs', dk)),
  DKe: str(reference('#DKe', dk)),
  DKx: str(reference('#DKx', dk)),
  EK: encryptedKeyStr,
  SCT: str(reference('#SCT', sct)),
  'SCT by its Identifier': str(reference(contextId, sct)),
  UT: str(reference('#UT', tokenTypes.x509v3)),
};
type KeyInfoName = keyof typeof keyInfos;

const secrets = {
  EK: secret,
  'DKs of EK': derivedBytes(secret, 'DKs'),
  'DKx of EK': derivedBytes(secret, 'DKx'),
  SCT: contextSecret,
  'DKs of SCT': derivedBytes(contextSecret, 'DKs'),
  'DKx of SCT': derivedBytes(contextSecret, 'DKx'),
};
type SecretName = keyof typeof secrets;

/** Of one signature: whose key its KeyInfo names, which key it is made with, what it covers. */
interface Choice {
  readonly keyInfo: KeyInfoName;
  readonly secret: SecretName;
  readonly sign: readonly string[];
}

/** What is wanted, and what else may be covered. */
interface Wanted {
  readonly keyInfos: readonly KeyInfoName[];
  readonly secret: SecretName;
  readonly required: readonly string[];
}

const may = ['TS', 'UT', 'Body', 'To', 'ReplyTo', 'MessageID', 'Action', 'SCT', 'DKs', 'DKe'];
const mayNot = ['EK', 'SIG', 'END', 'None'];
const main: Wanted = { keyInfos: ['DKs'], secret: 'DKs of EK', required: may.slice(0, 7) };
const plans = {
  'endorsed-bootstrap': { keyInfos: ['SCT', 'SCT by its Identifier'], secret: 'SCT', required: ['SIG'] },
  'endorsed-by-derived-key': { keyInfos: ['DKx'], secret: 'DKx of SCT', required: ['SIG'] },
} satisfies Record<string, Wanted>;

/** Mostly what is wanted, so that one thing alone is wrong often enough. */
function mostly<T>(wanted: T, others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(wanted) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

function choice({ keyInfos: [keyInfo], secret: wanted, required }: Wanted): fc.Arbitrary<Choice> {
  const others = [...may, ...mayNot].filter(id => !required.includes(id));
  return fc.record({
    keyInfo: mostly(keyInfo as KeyInfoName, Object.keys(keyInfos) as KeyInfoName[]),
    secret: mostly(wanted, Object.keys(secrets) as SecretName[]),
    sign: fc
      .tuple(
        mostly(
          [...required],
          required.map(left => required.filter(id => id !== left)),
        ),
        fc.subarray(others, { maxLength: 2 }),
      )
      .chain(([covered, more]) =>
        fc.shuffledSubarray([...covered, ...more], { minLength: covered.length + more.length }),
      ),
  });
}

function isWanted(chosen: Choice, wanted: Wanted): boolean {
  const known = [...may, ...wanted.required];
  return (
    wanted.keyInfos.includes(chosen.keyInfo) &&
    chosen.secret === wanted.secret &&
    wanted.required.every(id => chosen.sign.includes(id)) &&
    chosen.sign.every(id => known.includes(id))
  );
}

function recipeOf({ keyInfo, secret: key, sign }: Choice): Recipe {
  const written = `<ds:KeyInfo>${keyInfos[keyInfo]}</ds:KeyInfo>`;
  return { sign, secret: secrets[key], signature: text => text.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/, () => written) };
}

async function outcome(name: keyof typeof plans, recipe: Recipe): Promise<string> {
  const keys = {
    ownCertificates: [bob],
    findContext: ({ id }: { id: string }) => (id === contextId ? found(id, new SecretKey(contextSecret)) : undefined),
  };
  const plan = endorsed(symmetricBootstrap().request, name === 'endorsed-by-derived-key');
  const options = { nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000, random: systemRandom };
  try {
    const { content } = await receive(readMessage(Buffer.from(build(made[name], recipe))), plan, keys, options);
    return content?.local ?? '';
  } catch (error) {
    if (error instanceof Refusal) return 'refused';
    throw error;
  }
}

const turned = (text: string) => text.replace('<SIGNATURE/><ENDORSEMENT/>', '<ENDORSEMENT/><SIGNATURE/>');

test.each(Object.keys(plans) as (keyof typeof plans)[])(
  '%s: only the keys and parts that the plan wants are taken, whichever Signature stands first',
  async name => {
    const seen = { Echo: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(choice(main), choice(plans[name]), fc.boolean(), async (first, second, isTurned) => {
        const recipe = { ...recipeOf(first), endorsement: recipeOf(second), ...(isTurned ? { unsigned: turned } : {}) };
        const expected = isWanted(first, main) && isWanted(second, plans[name]) ? 'Echo' : 'refused';
        expect(await outcome(name, recipe)).toBe(expected);
        seen[expected] += 1;
      }),
      { numRuns: 400 },
    );
    expect(seen.Echo).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  },
);
