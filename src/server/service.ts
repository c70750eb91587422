import type { IncomingMessage } from 'node:http';
import type { WSDL } from 'soap';
import { type Awaitable, after } from '../awaitable.ts';
import { checkHeaderBlocks } from '../message/given-blocks.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { type OperationBodies, operationBodies, schemaOf } from '../schema/operation-bodies.ts';
import type { Element } from '../xml/tree.ts';
import { type CurrentContext, withContext } from './current-context.ts';
import { readArguments, readHeaders } from './operation-arguments.ts';
import { writeResult } from './operation-result.ts';
import { type FaultSchema, type ServiceFault, serviceFault } from './service-fault.ts';
import { openServiceWsdl } from './service-wsdl.ts';
import { answerHeaders, type SoapHeaders } from './soap-headers.ts';

/** What an operation answered: Body and header blocks to send, or the fault that the operation threw. */
export type ServiceAnswer = Written | { readonly fault: ServiceFault };

interface Written {
  readonly body: OutgoingBody;
  readonly headers: readonly Element[];
}

/** A verified call. */
export interface ServiceCall {
  readonly operation: OperationPlan;
  /** The one child of the verified Body. */
  readonly content: Element;
  readonly context: CurrentContext;
  /** The header blocks that were verified. */
  readonly blocks: readonly Element[];
  /** As it came over HTTP; its body has been read. */
  readonly request: IncomingMessage | undefined;
}

/** What of a port's plan its calls are made with. */
export type CalledPort = Pick<Plan, 'service' | 'port' | 'soap'>;

/** The user's service, called with bodies that were verified and decrypted. */
export interface Service {
  /** Settles when the WSDL has been read; rejects where node-soap can't. */
  readonly ready: Promise<void>;
  /**
   * Calls an operation of a port; never rejects. To be called after `ready`. A one-way operation (WSDL 1.1 §2.4.1) is
   * answered with an empty Body as soon as it has been begun, with a fault where it can't be. Any other is answered
   * with a fault where it has not answered in its time; what it answers later is let go of.
   * @param failedLater told of what a one-way operation fails with after that
   */
  call(port: CalledPort, call: ServiceCall, failedLater: (error: unknown) => void): Awaitable<ServiceAnswer>;
}

/** A service with the header blocks of its answers. */
export interface OpenService extends Service {
  readonly soapHeaders: SoapHeaders;
}

/**
 * Calls node-soap's service object the way node-soap's own server does: arguments and results are read and written in
 * its shape, by the schemas of the WSDL. Its server is not needed for it, nor the envelope that it would parse and the
 * one that it would write; node-soap itself writes only header blocks that are given as objects.
 * @param wsdl the WSDL
 * @param ports names of the ports that are called
 * @param services node-soap's service object, unchanged
 * @param timeoutMs how long an operation may take to answer
 * @throws {SecureConversationError} `WSDL_INVALID` where the schemas contradict themselves
 */
export function openService(source: Wsdl, ports: readonly string[], services: object, timeoutMs: number): OpenService {
  let wsdl: WSDL | undefined;
  const { soapHeaders, blocks: answerBlocks } = answerHeaders();
  const schema = schemaOf(source);
  const bodies = new Map(ports.map(port => [port, operationBodies(source, port)]));
  return {
    ready: openServiceWsdl(source).then(read => {
      wsdl = read;
    }),
    soapHeaders,
    call(port, { operation, content, context, blocks, request }, failedLater) {
      const ready = wsdl;
      if (ready === undefined) throw new TypeError('the service is not ready');
      const write = (result: unknown, { args, headers }: Given) => {
        const body = writeResult(schema, responseOf(bodies, port, operation), result);
        const written = answerBlocks(ready, port.soap, { operation: operation.name, args, headers, request });
        checkHeaderBlocks(written, operation.response, port.soap);
        return { body, headers: written };
      };
      return withContext(context, () => {
        const { request: body, faults } = bodiesOf(bodies, port, operation);
        const failed = { schema, faults };
        let given: Given;
        let run: Run;
        try {
          const args = readArguments(schema, body, content);
          given = { args, headers: readHeaders(schema, blocks), request };
          run = prepare(operationOf(services, port, operation.name), given);
        } catch (error) {
          return { fault: serviceFault(error, failed) };
        }
        if (operation.output === undefined) return begun(run, failed, failedLater);
        return inTime(
          outcome(run, result => write(result, given), failed),
          failed,
          timeoutMs,
        );
      });
    },
  };
}

type PortBodies = ReadonlyMap<string, ReadonlyMap<string, OperationBodies>>;

function bodiesOf(bodies: PortBodies, { port }: CalledPort, { name }: OperationPlan): OperationBodies {
  const found = bodies.get(port)?.get(name);
  if (found === undefined) throw new TypeError(`the WSDL has no operation ${port}.${name}`);
  return found;
}

function responseOf(bodies: PortBodies, port: CalledPort, operation: OperationPlan) {
  const { response } = bodiesOf(bodies, port, operation);
  if (response === undefined) throw new TypeError(`${port.port}.${operation.name} has no output`);
  return response;
}

type Callback = (error: unknown, result?: unknown) => void;
type Operation = (
  this: unknown,
  args: unknown,
  callback: Callback,
  headers: object,
  request: IncomingMessage | undefined,
) => unknown;

/**
 * As in node-soap, services, ports and operations are looked up when they are called, so that an object of a class will
 * do.
 */
function operationOf(services: object, { service, port }: Pick<Plan, 'service' | 'port'>, name: string) {
  const operations = (services as Record<string, Record<string, Record<string, Operation>>>)[service.local]?.[port];
  const operation = operations?.[name];
  if (operation === undefined) throw new TypeError(`the service object has no ${service.local}.${port}.${name}`);
  return { operations, operation };
}

/** An operation with its arguments, ready to be run. */
type Run = (callback: Callback) => unknown;

/** What an operation is called with, beside its callback. */
interface Given {
  readonly args: unknown;
  readonly headers: object;
  readonly request: IncomingMessage | undefined;
}

function prepare({ operations, operation }: ReturnType<typeof operationOf>, { args, headers, request }: Given): Run {
  return callback => operation.call(operations, args, callback, headers, request);
}

const begunAnswer: Written = { body: { declarations: '', content: '' }, headers: [] };

/**
 * Runs a one-way operation: the caller is told no more than that it has been begun. One that never says that it is done
 * keeps nobody waiting.
 */
function begun(run: Run, told: FaultSchema, failed: (error: unknown) => void): ServiceAnswer {
  after(
    outcome(run, () => begunAnswer, told),
    answer => {
      if ('fault' in answer) failed(answer.fault.cause);
    },
  );
  return begunAnswer;
}

/** An operation that never answers would keep its request, and who waits for it, for ever. */
function inTime(answer: Awaitable<ServiceAnswer>, told: FaultSchema, timeoutMs: number): Awaitable<ServiceAnswer> {
  if (!(answer instanceof Promise)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ServiceAnswer>(resolve => {
    const cause = new Error(`the operation did not answer within operationTimeoutMs, ${timeoutMs} ms`);
    timer = setTimeout(() => resolve({ fault: serviceFault(cause, told) }), timeoutMs);
    // The socket that waits keeps the process; without one there is nobody to answer.
    timer.unref();
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/**
 * The outcome of an operation in any of node-soap's styles: a callback with an error or a result, or with the result
 * alone; a returned value; a returned promise. The first of them counts. An Error that stands alone is no result.
 */
function outcome(call: Run, write: (result: unknown) => Written, told: FaultSchema): Awaitable<ServiceAnswer> {
  let first: ServiceAnswer | undefined;
  let settle: (answer: ServiceAnswer) => void = () => {};
  const answer = (given: ServiceAnswer) => {
    first ??= given;
    settle(first);
  };
  const fail = (error: unknown) => answer({ fault: serviceFault(error, told) });
  const succeed = (result: unknown) => {
    if (first !== undefined) return;
    try {
      answer(write(result));
    } catch (error) {
      fail(error);
    }
  };
  const callback: Callback = (error, result) => {
    if (error && (result !== undefined || error instanceof Error || isFault(error))) fail(error);
    else succeed(result === undefined ? error : result);
  };
  try {
    const returned = call(callback);
    if (isThenable(returned)) Promise.resolve(returned).then(value => succeed(value === undefined ? {} : value), fail);
    else if (returned !== undefined) succeed(returned);
  } catch (error) {
    fail(error);
  }
  return (
    first ??
    new Promise(resolve => {
      settle = resolve;
    })
  );
}

/** What node-soap takes for a promise, of whichever library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function isFault(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'Fault' in error;
}
