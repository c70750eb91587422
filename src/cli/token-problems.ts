/** Why a token does not open, as one sentence with what to do. */
import { isSealedToken, keyIdOfToken } from '../bearer/bearer-token.ts';
import { keyIdOfKatanaToken } from '../bearer/katana-token.ts';
import { shortId } from '../keyring/named-key.ts';
import type { TokenProblem } from './token-age.ts';
import { katanaSchemes, type TokenKeys } from './token-schemes.ts';

type Judge = (text: string, keys: TokenKeys, nowMs: number) => TokenProblem | undefined;

const another = 'get another one';

/** Why no scheme opens a text; the first that has something to say is the reason. */
const judges: readonly Judge[] = [asWritten, ofDataProtection, asCut, ofRing, ofMachineKeys];

/** Why no scheme opened a token, as far as it shows to who has the keys. */
export function whyNotOpened(text: string, keys: TokenKeys, nowMs: number): TokenProblem {
  for (const judge of judges) {
    const problem = judge(text, keys, nowMs);
    if (problem !== undefined) return problem;
  }
  return notMade;
}

function asWritten(text: string): TokenProblem | undefined {
  if (/^bearer\s/i.test(text)) return { says: 'the word Bearer stands before the token', todo: 'give the token alone' };
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text))
    return {
      says: 'the token is a JWT, and none of those that are made with a ring or a machineKey',
      todo: 'ask who issued it, or send it to the service that it is for',
    };
  if (/^[\w-]+$/.test(text)) return undefined;
  return {
    says: 'the token is not base64url, so it is none of those that are known here',
    todo: 'give it as it came: A to Z, a to z, 0 to 9, - and _ alone',
  };
}

/** Magic and version of a DataProtection payload are 09 F0 C9 F0. */
function ofDataProtection(text: string): TokenProblem | undefined {
  if (!text.startsWith('CfDJ8')) return undefined;
  const says =
    'the token is a payload of ASP.NET Core DataProtection, which no machineKey opens: ' +
    'it needs the key ring of its own application';
  return { says };
}

const cutTodo = 'give the whole of it; a header or a field that it went through may be too short for it';

/** Four characters are three octets: one, or bits that are left over, can't stand at the end. */
function asCut(text: string): TokenProblem | undefined {
  if (Buffer.from(text, 'base64url').toString('base64url') === text) return undefined;
  return {
    says: `the token ends in the middle of an octet after ${text.length} characters: it was cut or changed`,
    todo: cutTodo,
  };
}

function ofRing(text: string, { ring, audience }: TokenKeys, nowMs: number): TokenProblem | undefined {
  const keyId = keyIdOfToken(text);
  if (keyId === undefined) return sealBegins.test(text) ? tooShort(text) : undefined;
  const sealed = `the token says that ring key ${shortId(keyId)} sealed it`;
  if (ring === undefined) return { says: `${sealed}, and no ring is given`, todo: 'give the ring with --ring' };
  if (ring.find(keyId, nowMs) === undefined)
    return {
      says: `${sealed}, which does not open in this ring: it is of another farm, or the key's time is over`,
      todo: `give the ring of who issued it, or ${another}`,
    };
  if (audience === undefined)
    return {
      says: `${sealed}, which is in the ring, but it does not open without its --audience`,
      todo: 'give the audience that it was issued for with --audience',
    };
  if (isSealedToken(text, { audience }, ring, nowMs))
    return {
      says: `the token opens with ring key ${shortId(keyId)}, but what is in it can't be read`,
      todo: 'a later version of this package may have made it: update the nodes that read it first',
    };
  return {
    says:
      `${sealed}, which is in the ring, but it does not open for that --audience: ` +
      `it is for another one, was cut or changed, or is a conversation's state`,
    todo: `see that all ${text.length} characters are as they were issued, and for which audience`,
  };
}

/** Magic and version of what a ring key seals, F5 01. */
const sealBegins = /^9Q[E-H]/;

function tooShort(text: string): TokenProblem {
  return {
    says: `the token begins as one of a ring, and has ${text.length} characters, too few for one: it was cut`,
    todo: cutTodo,
  };
}

function ofMachineKeys(text: string, keys: TokenKeys): TokenProblem | undefined {
  if (keys.machineKeys.length === 0)
    return { says: 'the ring holds no machineKey', todo: 'import one with "wssc keys import"' };
  for (const [scheme, purposesOf] of Object.entries(katanaSchemes))
    for (const purposes of purposesOf(keys)) {
      const keyId = keyIdOfKatanaToken(text, purposes, keys.machineKeys);
      if (keyId !== undefined) return unreadTicket(scheme, keyId);
    }
  return undefined;
}

/** The MAC is right: whoever has the key made just this. */
function unreadTicket(scheme: string, keyId: string): TokenProblem {
  return {
    says: `machineKey ${shortId(keyId)} opens the token as a ${scheme}, but the ticket in it is cut or can't be read`,
    todo: "have its application write tickets with Katana's own serializer (TicketDataFormat), times among them",
  };
}

const notMade: TokenProblem = {
  says:
    'no machineKey that stands here made the token, or for a purpose that is not known (--cookie names one), ' +
    'or it was changed',
  todo: 'give the machineKey of the application that made it, and the whole token',
};
