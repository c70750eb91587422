import { Refusal, refuse } from '../errors.ts';
import type { SoapVersion } from '../names.ts';
import { type Addressing, readAddressing } from '../soap/addressing.ts';
import { type Envelope, readEnvelope, soapVersionOf } from '../soap/envelope.ts';
import { type Fault, readFault } from '../soap/fault-shape.ts';
import { fixedLimits, type Limits } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import type { Tree } from '../xml/tree.ts';

const { most: maxHeaderChars } = fixedLimits.headerChars;

/** A message that was read; nothing in it has been verified. */
export interface Message {
  /** Length as received. */
  readonly bytes: number;
  readonly tree: Tree;
  readonly envelope: Envelope;
  /** Its addressing headers, to choose the plan by; undefined where it has none. */
  readonly addressing: Addressing | undefined;
}

/** A refusal of a message whose SOAP version is known, so that it can be answered with a fault in that version. */
export class EnvelopeRefusal extends Refusal {
  readonly soap: SoapVersion;

  constructor(refusal: Refusal, soap: SoapVersion) {
    super(refusal.fault, refusal.reason, refusal, { header: refusal.header, found: refusal.found });
    this.name = 'EnvelopeRefusal';
    this.soap = soap;
  }
}

/**
 * Scans the bytes of a message and reads its Envelope and its addressing headers.
 *
 * @param limits defaults to `defaultLimits` of xml/limits
 * @throws {EnvelopeRefusal} once the SOAP version is known: `malformed`, `mustUnderstand`, `invalidSecurity`, or one of
 * the addressing classes; a plain {@link Refusal} before that: `malformed`, `versionMismatch`
 */
export function readMessage(bytes: Uint8Array, limits?: Limits): Message {
  const tree = scan(bytes, limits);
  try {
    const envelope = readEnvelope(tree);
    if (envelope.body.start > maxHeaderChars) refuse('malformed', 'header-size');
    return { bytes: bytes.length, tree, envelope, addressing: readAddressing(envelope) };
  } catch (error) {
    const soap = soapVersionOf(tree.root);
    throw error instanceof Refusal && soap !== undefined ? new EnvelopeRefusal(error, soap) : error;
  }
}

/**
 * The SOAP fault of a message without a Security header; undefined for every other message. Anybody on the way can have
 * written it: it says why a call failed, perhaps, and is never the service's answer.
 *
 * @throws {Refusal} `malformed`
 */
export function unsecuredFault({ envelope }: Message): Fault | undefined {
  return envelope.security === undefined ? readFault(envelope.body) : undefined;
}
