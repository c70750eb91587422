import { createRequire } from 'node:module';
import type { IServices, Server } from 'soap';
import { SecureConversationError } from '../errors.ts';
import { writePlainEnvelope } from '../message/plain-envelope.ts';
import type { OperationPlan } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { type CurrentContext, currentContext, withContext } from './current-context.ts';
import { type ServiceFault, serviceFault } from './service-fault.ts';

// node-soap is CommonJS; its own exports object is asked for, not the interop view of it.
const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/** What an operation answered: the plain envelope that node-soap wrote, or the fault that the operation threw. */
export type ServiceAnswer = { readonly envelope: string } | { readonly fault: ServiceFault };

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
  const failures = new WeakMap<CurrentContext, unknown>();
  const opened = serverless(wsdlFile, wsdlText, recordingFailures(services, failures));
  return {
    ready: opened.then(() => undefined),
    async call(operation, path, content, context) {
      const server = await opened;
      const answer = await withContext(context, () =>
        server.processRequest(writePlainEnvelope(content), {
          url: path,
          method: 'POST',
          headers: { soapaction: operation.soapAction },
        }),
      );
      if (failures.has(context)) return { fault: serviceFault(failures.get(context)) };
      // Whatever node-soap answers without calling the operation (an unknown element, a parse error) is its own words, stack traces included.
      if (answer.statusCode >= 400 || !answer.body.startsWith('<')) return { fault: serviceFault(undefined) };
      return { envelope: answer.body };
    },
  };
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
 * The service object with each operation's failure kept for {@link Service.call}: node-soap would put its message on the wire. As in
 * node-soap, services, ports and operations are looked up when they are called, so that an object of a class will do.
 */
function recordingFailures(services: object, failures: WeakMap<CurrentContext, unknown>): IServices {
  const recorded = (operation: Operation) => recordingFailure(operation, failures);
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

function recordingFailure(operation: Operation, failures: WeakMap<CurrentContext, unknown>): Operation {
  return function recorded(this: unknown, ...parameters: unknown[]) {
    const call = currentContext();
    const note = (error: unknown): never => {
      if (call) failures.set(call, error);
      throw error;
    };
    const [args, callback, ...rest] = parameters as [unknown, (error: unknown, result?: unknown) => void, ...unknown[]];
    const answered = (error: unknown, result?: unknown) => {
      // node-soap's one-argument style: the result stands where the error would.
      if (call && error && (result !== undefined || error instanceof Error || isFault(error)))
        failures.set(call, error);
      callback(error, result);
    };
    try {
      const result = operation.call(this, args, answered, ...rest);
      return isThenable(result) ? Promise.resolve(result).catch(note) : result;
    } catch (error) {
      return note(error);
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
