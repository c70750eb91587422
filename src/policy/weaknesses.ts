import { addressingVersions } from '../names.ts';
import {
  encryptsBesideCertificates,
  encryptsSignatures,
  hasConversation,
  isAnonymous,
  isListed,
  type MessagePlan,
  type Plan,
  provingRequests,
  signersOf,
  tokenUseOf,
  wantsCertificateToken,
  wantsUsername,
} from './plan.ts';

/** What is said of a plan of which something holds. */
type Weakness = readonly [holds: (plan: Plan) => boolean, says: string];

const weaknesses: readonly Weakness[] = [
  [
    plan => plan.addressing === undefined && plan.transport === 'http' && !hasKeyOfRequest(plan) && !isConfirmed(plan),
    'without WS-Addressing nothing ties an answer to its request: two that are under way can be exchanged',
  ],
  [
    plan =>
      plan.addressing !== undefined &&
      plan.transport === 'http' &&
      !hasKeyOfRequest(plan) &&
      !isRelated(plan) &&
      !isConfirmed(plan),
    'answers sign no RelatesTo, so nothing ties one to its request: two that are under way can be exchanged',
  ],
  [
    plan =>
      !hasConversation(plan) &&
      plan.transport === 'http' &&
      plan.operations.some(({ request, response }) => !request.encrypted.body || !response.encrypted.body),
    'EncryptedParts without Body: it goes in clear, for everybody on the way to read',
  ],
  [({ suite }) => suite.legacy, 'the suite digests and signs with SHA-1; those whose names end in Sha256 do not'],
  [
    plan =>
      hasConversation(plan) &&
      plan.operations.some(({ request: { protection } }) => protection.kind === 'symmetric' && !protection.derivedKeys),
    'without derived keys one key signs and encrypts all messages of a conversation',
  ],
  [plan => provingRequests(plan).some(isAnonymous), 'anonymous: nobody has to say who they are'],
  [
    plan =>
      !hasConversation(plan) &&
      plan.addressing === undefined &&
      provingRequests(plan).some(request => tokenUseOf(request) === undefined && wantsUsername(request)),
    'without WS-Addressing and without a signature a copy of a call is noticed by the Nonce of its UsernameToken alone',
  ],
  [
    plan =>
      plan.transport === 'http' &&
      [...provingRequests(plan), ...plan.operations.map(({ request }) => request)].some(
        request => encryptsSignatures(request) && request.suite.encryption.mode === 'cbc',
      ),
    'an encrypted signature is decrypted before anything is verified, and AES-CBC verifies nothing; a GCM suite does',
  ],
  [
    plan =>
      provingRequests(plan).some(
        request => encryptsBesideCertificates(request) && request.suite.encryption.mode === 'cbc',
      ),
    'who has a certificate may change and sign what others encrypted, and AES-CBC verifies nothing; a GCM suite does',
  ],
  [
    plan => !hasConversation(plan) && provingRequests(plan).some(encryptsBesideCertificates),
    'who has a certificate may sign what another encrypted, unread: if it comes first, the service answers them',
  ],
  [
    plan => provingRequests(plan).some(isExchangeable),
    'a certificate endorses and is not signed: who has another one, and comes first, can put theirs in its place',
  ],
  [
    plan => provingRequests(plan).some(isGoodElsewhere),
    'a certificate signs no To: who is sent a message can use its signature for one that goes elsewhere',
  ],
];

/** Whether the signature by which somebody is known can be taken off a message that another key signs, and replaced. */
function isExchangeable(request: MessagePlan): boolean {
  if (request.protection.kind !== 'symmetric' || encryptsSignatures(request)) return false;
  return signersOf(request).some(signer => signer.kind === 'supporting' && !signer.signed);
}

/** Whether a request that a certificate signs is bound to no service: what one was sent it can encrypt to another. */
function isGoodElsewhere(request: MessagePlan): boolean {
  return wantsCertificateToken(request) && !signsHeader(request, 'To');
}

/** Whether each answer is under a key that its request alone has carried. */
function hasKeyOfRequest(plan: Plan): boolean {
  return !hasConversation(plan) && plan.operations.every(({ response }) => response.protection.kind === 'symmetric');
}

function isConfirmed({ operations }: Plan): boolean {
  return operations.every(({ response }) => response.confirmsSignatures);
}

function isRelated({ operations }: Plan): boolean {
  return operations.every(({ response }) => signsHeader(response, 'RelatesTo'));
}

function signsHeader({ signed }: MessagePlan, local: string): boolean {
  return Object.values(addressingVersions).some(({ namespace }) => isListed({ namespace, local }, signed.headers));
}

const unprotected = 'unprotected: who calls is not known, and anybody on the way reads and changes what is sent';

/** What a plan leaves open to somebody on the way, or to anybody. */
export function weaknessesOf(plan: Plan): string[] {
  if (plan.isUnprotected) return [unprotected];
  return weaknesses.filter(([holds]) => holds(plan)).map(([, says]) => says);
}
