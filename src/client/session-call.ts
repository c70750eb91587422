import { refuse } from '../errors.ts';
import { writePlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { blockText, contentText } from '../message/verified.ts';
import { isHeldToRequest, type OperationPlan, type Plan } from '../policy/plan.ts';
import { isFault } from '../soap/fault-shape.ts';
import type { Element } from '../xml/tree.ts';
import type { Exchanged, Route } from './exchange.ts';
import { checkMultiReferences } from './multi-references.ts';

/** A call of an operation. */
export interface SessionCall {
  readonly operation: OperationPlan;
  readonly body: OutgoingBody;
  /** Header blocks to carry beside those that are written here; default: none. */
  readonly headers?: readonly Element[] | undefined;
  /** Send to this one alone; default: to the session's, in their order. */
  readonly address?: string | undefined;
  /** Ends the wait for the call, which may have been done by then; default: nothing does. */
  readonly signal?: AbortSignal | undefined;
  /** The way that node-soap was told to take for this call; default: the session's. */
  readonly route?: Route;
}

/** What a call brought. */
export interface CallResult {
  /** The answer in clear: an envelope with the verified Body and header blocks. It may be a fault of the service. */
  readonly envelope: string;
  /** The verified content of the Body; undefined for none, and for a fault. */
  readonly content: Element | undefined;
  /** The verified Fault; undefined where the answer is none. */
  readonly fault: Element | undefined;
  readonly status: number;
  readonly address: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Characters of the sealed state in the request; 0 without a conversation. */
  readonly stateChars: number;
}

/** The wsa:Action that an answer may have: the operation's, that of a fault that it declares, or that of any fault. */
export function answerActions({ outputAction, faults }: OperationPlan, { addressing }: Plan): readonly string[] {
  return [outputAction, addressing?.faultAction ?? '', ...faults.map(({ action }) => action)];
}

/**
 * What is handed on of a verified answer.
 * @throws {Refusal} `actionMismatch` for the answer of another operation
 */
export function callResult(
  { verified, status, address, sentBytes, receivedBytes }: Exchanged,
  operation: OperationPlan,
  { soap, addressing }: Plan,
  stateChars: number,
): CallResult {
  if (!isHeldToRequest(operation.response, addressing)) checkAnswerBody(verified.content, operation);
  const { blocks, content } = verified;
  checkMultiReferences(content === undefined ? blocks : [...blocks, content]);
  const envelope = writePlainEnvelope(soap, verified.content, contentText(verified), blockText(verified));
  const read =
    content !== undefined && isFault(content) ? { content: undefined, fault: content } : { content, fault: undefined };
  return { envelope, ...read, status, address, sentBytes, receivedBytes, stateChars };
}

/** Without a RelatesTo that is kept it is the Body that says what is answered: another operation's answer is none. */
function checkAnswerBody(content: Element | undefined, { output }: OperationPlan): void {
  if (content !== undefined && isFault(content)) return;
  if (content?.namespace !== output?.namespace || content?.local !== output?.local)
    refuse('actionMismatch', 'answer-body');
}
