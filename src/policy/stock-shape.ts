/** Which binding of WCF, or which endpoint of CXF's interoperability matrix, a plan is. */
import {
  type ConversationPlan,
  encryptsSignatures,
  hasConversation,
  type MessagePlan,
  type PlainPlan,
  type Plan,
  provingRequests,
  type SupportingToken,
} from './plan.ts';

/** What a plan is like: a name, and in what the plan is other than that. */
export interface StockShape {
  readonly name: string;
  readonly except: readonly string[];
}

/** The nearest one. */
export function stockShapeOf(plan: Plan): StockShape {
  if (plan.dialect.wcfBinding === undefined) return { name: 'none', except: [] };
  if (!hasConversation(plan)) return plainShape(plan);
  return plan.operations.some(({ request }) => request.protection.kind === 'symmetric')
    ? symmetricShape(plan)
    : transportShape(plan);
}

const clientOf = ({ bootstrap }: ConversationPlan): readonly SupportingToken[] => bootstrap.request.supporting;

function transportShape(plan: ConversationPlan): StockShape {
  const { soap, addressing, bootstrap } = plan;
  const { wcfBinding } = plan.dialect;
  const [client] = clientOf(plan);
  if (addressing?.name === '2004/08') {
    const name = "CXF's UserNameOverTransport";
    return {
      name,
      except: [...others(plan, cxfUsual), ...(client?.kind === 'username' ? [] : ["the client's token"])],
    };
  }
  const credential = client === undefined ? undefined : wcfCredentials.get(client.kind);
  return {
    name: `WCF's ${wcfBinding}, TransportWithMessageCredential${credential === undefined ? '' : `, ${credential}`}`,
    except: [
      ...(soap.name === '1.2' ? [] : [`SOAP ${soap.name}`]),
      ...(addressing?.name === '1.0' ? [] : ['no WS-Addressing']),
      ...(bootstrap.request.protection.kind === 'transport' ? [] : ['a bootstrap without TLS']),
      ...(credential === undefined ? ['no credential in the message'] : []),
    ],
  };
}

const wcfCredentials: ReadonlyMap<string, string> = new Map([
  ['username', 'UserName'],
  ['x509', 'Certificate'],
]);

/** Of WCF's bindings: over TLS, with a credential in each message, or with one of TLS or HTTP. */
function plainShape(plan: PlainPlan): StockShape {
  const [request] = provingRequests(plan);
  const security = request && plainSecurity(request);
  if (request === undefined || security === undefined) return { name: 'none', except: [] };
  const isBasic = plan.soap.name === '1.1';
  const isMessage = request.supporting.length !== 0;
  const session = isMessage ? ' without a secure session' : '';
  const ws = plan.dialect.wcfBinding;
  const wanted = isBasic ? undefined : '1.0';
  const found = plan.addressing?.name;
  return {
    name: `WCF's ${isBasic ? 'BasicHttpBinding' : ws + session}, ${security}`,
    except: [
      ...(found === wanted ? [] : [found === undefined ? 'no WS-Addressing' : `WS-Addressing ${found}`]),
      ...(isMessage || !request.timestamp ? [] : ['a Timestamp']),
    ],
  };
}

function plainSecurity(request: MessagePlan): string | undefined {
  const { protection, supporting } = request;
  if (protection.kind !== 'transport') return undefined;
  const [client] = supporting;
  if (client === undefined) {
    const credential = protection.clientCertificate ? 'Certificate' : protection.basicAuthentication ? 'Basic' : 'None';
    return `Transport, ${credential}`;
  }
  const credential = wcfCredentials.get(client.kind);
  return credential && `TransportWithMessageCredential, ${credential}`;
}

/** Letters of CXF's names: what the client shows, whether keys are derived, and whether nobody cancels. */
function symmetricShape(plan: ConversationPlan): StockShape {
  const request = plan.operations[0]?.request ?? plan.cancel.request;
  const { protection } = request;
  if (protection.kind !== 'symmetric') return { name: 'none', except: [] };
  const [client] = clientOf(plan);
  const isAsymmetric = plan.bootstrap.request.protection.kind === 'asymmetric';
  const letters = isAsymmetric ? 'X10' : client === undefined ? 'A' : client.kind === 'username' ? 'UX' : 'X';
  const derived = protection.derivedKeys ? 'D' : '';
  const order = protection.order === 'encryptBeforeSigning' ? '-ES' : protection.encryptSignature ? '-SEES' : '';
  // Of all that encrypt the signatures of calls, the one that leaves those of the bootstrap in clear.
  if (client?.kind === 'x509' && protection.encryptSignature && !encryptsSignatures(plan.bootstrap.request))
    return { name: "CXF's MutualCertificate10SignEncrypt", except: others(plan, cxfUsual) };
  const name = plan.mayCancel ? `_${letters}${derived}${order}` : `${letters}${derived}C${order}`;
  return { name: `CXF's ${name}`, except: others(plan, cxfUsual) };
}

/** What all of CXF's endpoints have. */
const cxfUsual = { soap: '1.2', addressing: '2004/08', suite: 'Basic128' } as const;

function others(plan: Plan, usual: typeof cxfUsual): string[] {
  const found: string[] = [];
  if (plan.soap.name !== usual.soap) found.push(`SOAP ${plan.soap.name}`);
  if (plan.addressing?.name !== usual.addressing)
    found.push(plan.addressing === undefined ? 'no WS-Addressing' : `WS-Addressing ${plan.addressing.name}`);
  if (!plan.dialect.isUsualInCxf) found.push(`dialect ${plan.dialect.name}`);
  if (plan.suite.name !== usual.suite) found.push(`suite ${plan.suite.name}`);
  return found;
}
