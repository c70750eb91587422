import { describe, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { expectRefusal, include, messageParts, type Row, sp11, sp12 } from './refusal.ts';

const invalid: Readonly<Record<string, Row>> = {
  'two versions of SecurityPolicy': {
    port: 'EchoTls11',
    from: '<sp:Wss11><wsp:Policy/></sp:Wss11>',
    to: `<s:Wss11 xmlns:s="${ns.sp12}"/>`,
    at: '<s:Wss11',
    says: `${sp12}Wss11 stands beside assertions ${sp11}*: two versions of WS-SecurityPolicy in one port`,
  },
  'a Trust13 beside SecurityPolicy 1.1': {
    port: 'EchoTls11',
    from: /<sp:Trust10>.*?<\/sp:Trust10>/s,
    to: `<s:Trust13 xmlns:s="${ns.sp12}"/>`,
    at: '<s:Trust13',
    says: `${sp12}Trust13 stands beside assertions ${sp11}*`,
  },
  'two bindings': {
    port: 'EchoTls11',
    from: '<wsaw:UsingAddressing/>',
    to: '<sp:SymmetricBinding/><wsaw:UsingAddressing/>',
    at: '<sp:SymmetricBinding/>',
    says: `${sp11}SymmetricBinding stands beside another binding (variant.wsdl:`,
  },
  'a second Trust10': {
    port: 'EchoTls11',
    from: '<wsaw:UsingAddressing/>',
    to: '<sp:Trust10 xml:id="t"/><wsaw:UsingAddressing/>',
    at: '<sp:Trust10 xml:id',
    says: `${sp11}Trust10 stands beside another (variant.wsdl:`,
  },
  'a second Wss': {
    port: 'EchoTls11',
    from: '<wsaw:UsingAddressing/>',
    to: '<sp:Wss10/><wsaw:UsingAddressing/>',
    at: '<sp:Wss10/>',
    says: `${sp11}Wss10 stands beside another (variant.wsdl:`,
  },
  'a binding without suite': {
    port: 'EchoTls11',
    from: /<sp:AlgorithmSuite>.*<\/sp:AlgorithmSuite>/,
    to: '',
    at: '<sp:TransportBinding>',
    says: `${sp11}TransportBinding has no AlgorithmSuite`,
  },
  'a suite assertion without a suite': {
    port: 'EchoTls11',
    from: '<sp:Basic256/>',
    to: '',
    at: '<sp:AlgorithmSuite>',
    says: `${sp11}AlgorithmSuite names no suite`,
  },
  'a layout assertion without a layout': {
    port: 'EchoTls11',
    from: '<sp:Strict/>',
    to: '',
    at: '<sp:Layout>',
    says: `${sp11}Layout names no layout`,
  },
  'two suite assertions': {
    port: 'EchoTls11',
    from: '<sp:AlgorithmSuite>',
    to: '<sp:AlgorithmSuite><wsp:Policy><sp:Basic128/></wsp:Policy></sp:AlgorithmSuite><sp:AlgorithmSuite>',
    at: '<sp:AlgorithmSuite>',
    says: `${sp11}AlgorithmSuite stands twice in one binding`,
  },
  'two layout assertions': {
    port: 'EchoTls11',
    from: '<sp:Layout>',
    to: '<sp:Layout><wsp:Policy><sp:Lax/></wsp:Policy></sp:Layout><sp:Layout>',
    at: '<sp:Layout>',
    says: `${sp11}Layout stands twice in one binding`,
  },
  'two layouts': {
    port: 'EchoTls11',
    from: '<sp:Strict/>',
    to: '<sp:Strict/><sp:Lax/>',
    at: '<sp:Lax/>',
    says: `${sp11}Lax is a second layout`,
  },
  'a binding without token': {
    port: 'EchoTls11',
    from: /<sp:TransportToken>.*<\/sp:TransportToken>/,
    to: '',
    at: '<sp:TransportBinding>',
    says: `${sp11}TransportBinding has no TransportToken`,
  },
  'two tokens in one place': {
    port: 'EchoSymmetric',
    from: /(?<=<\/sp:X509Token>)/,
    to: `<sp:X509Token ${include}/Never"/>`,
    at: `<sp:X509Token ${include}/Never"/>`,
    says: `${sp11}X509Token is a second token`,
  },
  'two tokens of the transport': {
    port: 'EchoTls13',
    from: '<sp:HttpsToken/>',
    to: '<sp:HttpsToken/><sp:HttpsToken/>',
    at: '<sp:HttpsToken/>',
    says: `${sp12}HttpsToken is a second token`,
  },
  'two kinds of certificate reference': {
    port: 'EchoSymmetric',
    from: '<sp:RequireThumbprintReference/>',
    to: '<sp:RequireThumbprintReference/><sp:RequireIssuerSerialReference/>',
    at: '<sp:RequireIssuerSerialReference/>',
    says: `${sp11}RequireIssuerSerialReference is a second kind of reference`,
  },
  'an IncludeToken of another namespace': {
    port: 'EchoTls11',
    from: `${ns.sp11}/IncludeToken/AlwaysToRecipient`,
    to: `${ns.sp12}/IncludeToken/AlwaysToRecipient`,
    at: '<sp:SecureConversationToken',
    says: `${sp11}SecureConversationToken has IncludeToken ${ns.sp12}/IncludeToken/AlwaysToRecipient`,
  },
  'a header without namespace': {
    port: 'EchoSymmetric',
    within: messageParts,
    from: `<sp:Header Name="To" Namespace="${ns.wsa10}"/>`,
    to: '<sp:Header Name="To"/>',
    at: '<sp:Header Name="To"/>',
    says: `${sp11}Header has no Namespace`,
  },
  'a bootstrap without binding': {
    port: 'EchoTls11',
    from: /<sp:BootstrapPolicy>.*?<\/sp:BootstrapPolicy>/s,
    to: '<sp:BootstrapPolicy><wsp:Policy/></sp:BootstrapPolicy>',
    at: '<sp:BootstrapPolicy>',
    says: `${sp11}BootstrapPolicy has no TransportBinding or SymmetricBinding`,
  },
  'two versions of WS-Addressing': {
    port: 'EchoTls11',
    from: '<wsaw:UsingAddressing/>',
    to: `<wsaw:UsingAddressing/><a:UsingAddressing xmlns:a="${ns.wsap200408}"/>`,
    at: '<a:UsingAddressing',
    says: `{${ns.wsap200408}}UsingAddressing stands beside another version (variant.wsdl:`,
  },
  'another WS-Addressing in the bootstrap': {
    port: 'EchoTls11',
    from: '<sp:BootstrapPolicy>\n                  <wsp:Policy>',
    to: `<sp:BootstrapPolicy><wsp:Policy><a:UsingAddressing xmlns:a="${ns.wsap200408}"/>`,
    at: '<a:UsingAddressing',
    says: `{${ns.wsap200408}}UsingAddressing is another version of WS-Addressing than the port has`,
  },
  'a TransportBinding at a plain address': {
    port: 'EchoTls11',
    within: '<wsdl:port name="EchoTls11"',
    from: 'https://localhost:8443',
    to: 'http://localhost:8080',
    at: '<soap12:address location="http://localhost:8080/EchoTls11"',
    says: 'a TransportBinding at the plain address http://localhost:8080/EchoTls11',
  },
};

describe('POLICY_INVALID, with name, file and line', () => {
  it.each(Object.entries(invalid))('%s', (_name, row) => expectRefusal('POLICY_INVALID', row));
});
