import type { Client } from 'soap';
import { ConfigurationError } from '../errors.ts';
import type { OperationPlan, Plan } from '../policy/plan.ts';

/**
 * The operation of that name.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming those that the port has
 */
export function operationPlan({ port, operations }: Plan, name: string): OperationPlan {
  const operation = operations.find(each => each.name === name);
  if (operation !== undefined) return operation;
  throw new ConfigurationError('CONFIG_INVALID', `port ${port} has no operation ${name}`, {
    hint: `it has ${operations.map(each => each.name).join(', ')}`,
  });
}

/**
 * Arguments of an operation as a JSON object.
 * @param what they are, as an error says it: `the arguments are`
 * @throws {SecureConversationError} `CONFIG_INVALID` for anything else
 */
export function parseArguments(json: string, what: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ConfigurationError('CONFIG_INVALID', `${what} not a JSON object`, {
    hint: `write them as one word, in a POSIX shell: '{"text":"hello"}'`,
  });
}

type Invoke = (args: object) => Promise<unknown>;

/**
 * node-soap's method for an operation, as a promise of the result alone.
 * @throws {SecureConversationError} `CONFIG_INVALID` for an operation that the port does not have
 */
export function operationOf(client: Client, plan: Plan, name: string): Invoke {
  operationPlan(plan, name);
  const ports = client[plan.service.local] as Record<string, Record<string, NodeSoapMethod>>;
  const method = ports[plan.port]?.[name] as NodeSoapMethod;
  return args =>
    new Promise((resolve, reject) => method(args, (error, result) => (error ? reject(error) : resolve(result))));
}

type NodeSoapMethod = (args: object, callback: (error: unknown, result: unknown) => void) => void;
