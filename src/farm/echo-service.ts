import { currentContext } from '../server/current-context.ts';

const operations = {
  Echo: ({ text }: { text: string }) => ({ text }),
  Add: ({ a, b }: { a: number; b: number }) => ({ sum: a + b }),
  WhoAmI: () => {
    const context = currentContext();
    if (context === undefined) throw new Error('called outside a conversation');
    const { user, roles, id, node, openedFrom } = context;
    return { user, role: [...roles], contextId: id, node, openedFrom };
  },
};

/** The example service of wsdl/echo.wsdl as node-soap wants it: service, port, operation; the same three operations on each port. */
const echoService = {
  EchoService: {
    EchoTls11: operations,
    EchoTls13: operations,
    EchoSymmetric: operations,
  },
};

export default echoService;
