import { currentContext } from '../server/current-context.ts';

/** What a call may hold; node-soap reads what is there, be it what the schema wants or not. */
type Arguments<Name extends string> = { readonly [K in Name]?: unknown } | null;

const operations = {
  Echo: (args: Arguments<'text'>) => ({ text: textOf(args?.text) }),
  Add: (args: Arguments<'a' | 'b'>) => ({ sum: int(int(args?.a, 'a') + int(args?.b, 'b'), 'the sum') }),
  WhoAmI: () => {
    const { user, roles, id, node, openedFrom } = currentContext();
    return { user, role: [...roles], contextId: id, node, openedFrom };
  },
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : senderFault('text must be one text');
}

/** xs:int (XML Schema Part 2 §3.3.17). */
function int(value: unknown, name: string): number {
  const isInt = typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
  return isInt ? value : senderFault(`${name} must be a whole number from -2147483648 to 2147483647`);
}

/** A fault as node-soap wants it thrown: the caller is told the reason. */
function senderFault(reason: string): never {
  throw { Fault: { Code: { Value: 'soap:Sender' }, Reason: { Text: reason } } };
}

/**
 * The example service of wsdl/echo.wsdl as node-soap wants it: service, port, operation; the same three operations on
 * each port.
 */
const echoService = {
  EchoService: {
    EchoTls11: operations,
    EchoTls13: operations,
    EchoSymmetric: operations,
  },
};

export default echoService;
