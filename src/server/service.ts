import { createRequire } from 'node:module';
import type { IServices, Server } from 'soap';
import { SecureConversationError } from '../errors.ts';
import { readPlainEnvelope, writePlainEnvelope } from '../message/plain-envelope.ts';
import type { OutgoingBody } from '../message/send.ts';
import { ns } from '../names.ts';
import type { OperationPlan } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { type CurrentContext, currentContext, withContext } from './current-context.ts';
import { type ServiceFault, serviceFault } from './service-fault.ts';

// node-soap is CommonJS; its own exports object is asked for, not the interop view of it.
const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/** What an operation answered: the Body that node-soap wrote, or the fault that the operation threw. */
export type ServiceAnswer = { readonly body: OutgoingBody } | { readonly fault: ServiceFault };

/** The user's service behind node-soap, called with bodies that were verified and decrypted. */
export interface Service {
  /** Settles when the WSDL has been read; rejects where node-soap can't. */
  readonly ready: Promise<void>;
  /** To be called after `ready`. */
  call(operation: OperationPlan, path: string, content: Element, context: CurrentContext): Promise<ServiceAnswer>;
}

/**
 * Puts node-soap's serverless core behind the pipeline: it gets a minimal envelope without Security header and the SOAPAction that
 * agrees with the verified wsa:Action, and its answer is taken before it is protected.
 * @param wsdlFile path of the WSDL
 * @param services node-soap's service object, unchanged
 */
export function openService(wsdlFile: string, wsdlText: string, services: object): Service {
  const failing: Failing = new WeakMap();
  let server: Server | undefined;
  const opened = serverless(wsdlFile, wsdlText, recordingFailures(services, failing));
  return {
    ready: opened.then(ready => {
      server = ready;
    }),
    call(operation, path, content, context) {
      const request = { url: path, method: 'POST', headers: { soapaction: operation.soapAction } };
      return new Promise((resolve, reject) => {
        if (server === undefined) throw new TypeError('the service is not ready');
        const settle = (answer: ServiceAnswer) => {
          // Left to the garbage collector, the entry would keep its message alive through every collection but a full one.
          failing.delete(context);
          resolve(answer);
        };
        failing.set(context, error => settle({ fault: serviceFault(error) }));
        const plain = server.processRequest.bind(server, writePlainEnvelope(content), request);
        withContext(context, plain).then(answer => settle(answerOf(answer)), reject);
      });
    },
  };
}

/** What is to be told of the failure of each call that is under way; after its answer, nothing. */
type Failing = WeakMap<CurrentContext, (error: unknown) => void>;

function answerOf({ statusCode, body }: { readonly statusCode: number; readonly body: string }): ServiceAnswer {
  // Whatever node-soap answers without calling the operation (an unknown element, a parse error) is its own words, stack traces included.
  if (statusCode >= 400 || !body.startsWith('<')) return { fault: serviceFault(undefined) };
  try {
    return { body: readPlainEnvelope(withNil(body)) };
  } catch (error) {
    return { fault: serviceFault(error) };
  }
}

/** node-soap writes null as xsi:nil, and declares that prefix as a client only. */
function withNil(envelope: string): string {
  if (!envelope.includes(' xsi:nil="true"')) return envelope;
  const start = envelope.indexOf(':Envelope ') + ':Envelope '.length;
  const isDeclared = envelope.slice(start, envelope.indexOf('>', start)).includes('xmlns:xsi=');
  return isDeclared ? envelope : `${envelope.slice(0, start)}xmlns:xsi="${ns.xsi}" ${envelope.slice(start)}`;
}

function serverless(wsdlFile: string, xml: string, services: IServices): Promise<Server> {
  return new Promise((resolve, reject) => {
    const callback = (cause: unknown, server: Server) => {
      if (cause)
        reject(new SecureConversationError('WSDL_INVALID', `${wsdlFile}: node-soap can't read this WSDL`, { cause }));
      else resolve(server);
    };
    soap
      .createServerless({
        path: '/',
        services,
        xml,
        uri: wsdlFile,
        forceSoap12Headers: true,
        suppressStack: true,
        callback,
      })
      .catch(reject);
  });
}

/**
 * The service object with each operation's failure told to {@link Service.call} first: node-soap would put its message on the wire.
 * As in node-soap, services, ports and operations are looked up when they are called, so that an object of a class will do.
 */
function recordingFailures(services: object, failing: Failing): IServices {
  const recorded = (operation: Operation) => recordingFailure(operation, failing);
  return lookedUp(services, (ports: object) => lookedUp(ports, (operations: object) => lookedUp(operations, recorded)));
}

/** An object whose properties are those of `target`, each as `map` makes it. */
function lookedUp<T>(target: object, map: (value: T) => unknown): IServices {
  const property = (name: string | symbol) => {
    const value = Reflect.get(target, name);
    return value === undefined ? undefined : map(value);
  };
  return new Proxy({}, { get: (_, name) => property(name) });
}

// biome-ignore lint/suspicious/noExplicitAny: node-soap types an operation's parameters so
type Operation = (this: unknown, ...parameters: any[]) => unknown;

function recordingFailure(operation: Operation, failing: Failing): Operation {
  return function recorded(this: unknown, ...parameters: unknown[]) {
    const call = currentContext();
    const fail = (error: unknown) => {
      if (call) failing.get(call)?.(error);
    };
    const [args, callback, ...rest] = parameters as [unknown, (error: unknown, result?: unknown) => void, ...unknown[]];
    const answered = (error: unknown, result?: unknown) => {
      // node-soap's one-argument style: the result stands where the error would.
      if (error && (result !== undefined || error instanceof Error || isFault(error))) fail(error);
      try {
        callback(error, result);
      } catch (cause) {
        // A result that node-soap can't write: nobody above would catch this, and no answer would ever come.
        fail(cause);
      }
    };
    try {
      const result = operation.call(this, args, answered, ...rest);
      if (!isThenable(result)) return result;
      Promise.resolve(result).then(value => answered(null, value === undefined ? {} : value), fail);
    } catch (error) {
      fail(error);
      throw error;
    }
  };
}

/** What node-soap takes for a promise, of whichever library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function isFault(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'Fault' in error;
}
