/** Small WSDLs for what bodies are written and read by: two documents, whose prefix `t` means two namespaces. */
import { parseWsdl, type Wsdl } from '../../src/policy/wsdl.ts';

/** What a WSDL differs in. */
export interface WsdlParts {
  /** Content of the schema of `urn:a`. */
  readonly a: string;
  /** Content of the schema of `urn:b`, which stands in a file of its own. */
  readonly b?: string;
  /** Attributes of the schema of `urn:a`; default: elements are qualified. */
  readonly form?: string;
  readonly style?: 'document' | 'rpc';
  /** Parts of request and answer; default: the elements Q and R of `urn:a`. */
  readonly request?: string;
  readonly response?: string;
  /** Attributes of soap:body. */
  readonly body?: string;
  /** Beside soap:body. */
  readonly header?: string;
  /** Policy of the port: its assertions, default none. */
  readonly policy?: string;
  readonly address?: string;
  /** Elements of the faults that the operation has, with prefixes of the document of `urn:a`. */
  readonly faults?: readonly string[];
  /** Attributes of wsdl:fault, by its element. */
  readonly faultAttributes?: Readonly<Record<string, string>>;
}

const names =
  'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap12/" ' +
  'xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

/** The texts of a WSDL, by the names of the documents; `main` is imported by none. */
export function wsdlTexts(parts: WsdlParts): Record<'main' | 'a' | 'b', string> {
  const { form = 'elementFormDefault="qualified"', style = 'document', body = '', header = '', policy = '' } = parts;
  const { request = '<wsdl:part name="p" element="t:Q"/>', response = '<wsdl:part name="p" element="t:R"/>' } = parts;
  const { address = 'http://localhost/P' } = parts;
  const { faults = [], faultAttributes = {} } = parts;
  const faultName = (element: string) => element.replace(':', '-');
  const bound = `<soap:body use="literal" ${body}/>${header}`;
  return {
    main: `<wsdl:definitions targetNamespace="urn:s" xmlns:t="urn:s" xmlns:other="urn:a" ${names}>${policy}
<wsdl:import namespace="urn:a" location="a.wsdl"/>
<wsdl:binding name="B" type="other:PT"><soap:binding style="${style}" transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Call"><soap:operation soapAction="urn:call"/>
<wsdl:input>${bound}</wsdl:input><wsdl:output>${bound}</wsdl:output>${faults
      .map(faultName)
      .map(name => `<wsdl:fault name="${name}"><soap:fault name="${name}" use="literal"/></wsdl:fault>`)
      .join('')}</wsdl:operation></wsdl:binding>
<wsdl:service name="S"><wsdl:port name="P" binding="t:B">${policy === '' ? '' : policyReference}
<soap:address location="${address}"/></wsdl:port></wsdl:service></wsdl:definitions>`,
    a: `<wsdl:definitions targetNamespace="urn:a" xmlns:t="urn:a" xmlns:b="urn:b" ${names}>
<wsdl:types><xsd:schema targetNamespace="urn:a" ${form}>
<xsd:import namespace="urn:b" schemaLocation="b.xsd"/>${parts.a}</xsd:schema></wsdl:types>
<wsdl:message name="Request">${request}</wsdl:message><wsdl:message name="Response">${response}</wsdl:message>${faults
      .map(
        element =>
          `<wsdl:message name="${faultName(element)}"><wsdl:part name="f" element="${element}"/></wsdl:message>`,
      )
      .join('')}
<wsdl:portType name="PT"><wsdl:operation name="Call"><wsdl:input message="t:Request"/>
<wsdl:output message="t:Response"/>${faults
      .map(faultName)
      .map(
        (name, index) =>
          `<wsdl:fault name="${name}" message="t:${name}" ${faultAttributes[faults[index] ?? ''] ?? ''}/>`,
      )
      .join('')}</wsdl:operation></wsdl:portType></wsdl:definitions>`,
    b: `<xsd:schema targetNamespace="urn:b" xmlns:t="urn:b" elementFormDefault="qualified" ${names}>
${parts.b ?? ''}</xsd:schema>`,
  };
}

const policyReference = '<wsp:PolicyReference xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" URI="#policy"/>';

/** The WSDL itself. */
export function wsdlOf(parts: WsdlParts): Wsdl {
  const { main, a, b } = wsdlTexts(parts);
  const texts: Readonly<Record<string, string>> = { 'a.wsdl': a, 'b.xsd': b };
  return parseWsdl({ name: 'main.wsdl', text: main }, location => {
    const text = texts[location];
    return text === undefined ? undefined : { name: location, text };
  });
}
