import { describe, expect, test } from 'vitest';
import type { FaultClass } from '../../src/errors.ts';
import { addressingVersions, dialects, ns, soapVersions } from '../../src/names.ts';
import { readAddressing } from '../../src/soap/addressing.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { faultContent, writeFault } from '../../src/soap/fault.ts';
import { readFault, writeFaultElement } from '../../src/soap/fault-shape.ts';
import { scanText } from '../../src/xml/scan.ts';
import { leafText } from '../../src/xml/tree.ts';

const { feb2005, '200512': trust13 } = dialects;

/**
 * Code of SOAP 1.2, most general subcode, and SOAP 1.1's one code, for WS-Addressing 1.0 and the dialect of February
 * 2005.
 */
const expected: Readonly<Record<FaultClass, readonly [string, string, string]>> = {
  malformed: ['Sender', '', 'Client'],
  versionMismatch: ['VersionMismatch', '', 'VersionMismatch'],
  mustUnderstand: ['MustUnderstand', '', 'MustUnderstand'],
  invalidSecurity: ['Sender', `${ns.wsse} InvalidSecurity`, 'InvalidSecurity'],
  failedCheck: ['Sender', `${ns.wsse} FailedCheck`, 'FailedCheck'],
  failedAuthentication: ['Sender', `${ns.wsse} FailedAuthentication`, 'FailedAuthentication'],
  unsupportedAlgorithm: ['Sender', `${ns.wsse} UnsupportedAlgorithm`, 'UnsupportedAlgorithm'],
  invalidSecurityToken: ['Sender', `${ns.wsse} InvalidSecurityToken`, 'InvalidSecurityToken'],
  messageExpired: ['Sender', `${ns.wsse} MessageExpired`, 'MessageExpired'],
  badContextToken: ['Sender', `${feb2005.wsc} BadContextToken`, 'BadContextToken'],
  renewNeeded: ['Sender', `${feb2005.wsc} RenewNeeded`, 'RenewNeeded'],
  unableToRenew: ['Sender', `${feb2005.wsc} UnableToRenew`, 'UnableToRenew'],
  unknownDerivationSource: ['Sender', `${feb2005.wsc} UnknownDerivationSource`, 'UnknownDerivationSource'],
  invalidRequest: ['Sender', `${feb2005.wst} InvalidRequest`, 'InvalidRequest'],
  invalidAddressingHeader: ['Sender', `${ns.wsa10} InvalidAddressingHeader`, 'InvalidAddressingHeader'],
  addressingHeaderRequired: [
    'Sender',
    `${ns.wsa10} MessageAddressingHeaderRequired`,
    'MessageAddressingHeaderRequired',
  ],
  actionMismatch: ['Sender', `${ns.wsa10} InvalidAddressingHeader`, 'ActionMismatch'],
  onlyAnonymousAddressSupported: ['Sender', `${ns.wsa10} InvalidAddressingHeader`, 'OnlyAnonymousAddressSupported'],
  busy: ['Receiver', '', 'Server'],
  server: ['Receiver', '', 'Server'],
};

const addressing = addressingVersions['1.0'];
const out = (fault: FaultClass, soap = soapVersions['1.2']) => ({
  fault,
  soap,
  addressing,
  dialect: feb2005,
  relatesTo: 'urn:req',
});
const faultIn = (text: string) => {
  const envelope = readEnvelope(scanText(text));
  return { envelope, fault: readFault(envelope.body) };
};

describe.each(Object.entries(expected) as [FaultClass, (typeof expected)[FaultClass]][])(
  '%s',
  (name, [code, subcode, code11]) => {
    test('is written for SOAP 1.2 with its code and subcode', () => {
      const { envelope, fault } = faultIn(writeFault(out(name)));
      expect(fault?.code).toEqual({ namespace: ns.soap12, local: code });
      expect(fault?.subcode === undefined ? '' : `${fault.subcode.namespace} ${fault.subcode.local}`).toBe(subcode);
      expect(fault?.reason).not.toBe('');
      expect(fault?.detail).toBeUndefined();
      expect(envelope.security).toBeUndefined();
      expect(readAddressing(envelope)).toMatchObject({ action: addressing.faultAction, relatesTo: 'urn:req' });
    });

    test('is written for SOAP 1.1 with its most special code', () => {
      const { fault } = faultIn(writeFault(out(name, soapVersions['1.1'])));
      expect(fault?.code.local).toBe(code11);
      expect(fault?.code.namespace).toBe(subcode === '' ? ns.soap11 : subcode.split(' ')[0]);
      expect(fault?.subcode).toBeUndefined();
    });
  },
);

test('the dialect names its own codes', () => {
  const { fault } = faultIn(writeFault({ ...out('badContextToken'), dialect: trust13 }));
  expect(fault?.subcode).toEqual({ namespace: trust13.wsc, local: 'BadContextToken' });
});

test('WS-Addressing 2004/08 has its own names, and no addressing no header', () => {
  const old = faultIn(
    writeFault({ ...out('onlyAnonymousAddressSupported'), addressing: addressingVersions['2004/08'] }),
  );
  expect(old.fault?.subcode).toEqual({ namespace: ns.wsa200408, local: 'InvalidMessageInformationHeader' });
  const none = faultIn(writeFault({ ...out('actionMismatch'), addressing: undefined }));
  expect(none.envelope.header).toEqual([]);
  expect(none.fault?.subcode).toBeUndefined();
});

describe('the header block that a message is refused for', () => {
  const to = { namespace: ns.wsa10, local: 'To' };
  const problem = '<a:ProblemHeaderQName xmlns:a="http://www.w3.org/2005/08/addressing">a:To</a:ProblemHeaderQName>';

  test('stands in the Detail of SOAP 1.2, and in a header of SOAP 1.1', () => {
    expect(writeFault({ ...out('invalidAddressingHeader'), header: to })).toContain(
      `</s:Reason><s:Detail>${problem}</s:Detail>`,
    );
    const old = writeFault({ ...out('invalidAddressingHeader', soapVersions['1.1']), header: to });
    expect(old).toContain(`<a:FaultDetail>${problem}</a:FaultDetail></s:Header>`);
    expect(old).not.toContain('<detail>');
  });

  test('is not told by WS-Addressing 2004/08, nor of a header that is none of its version', () => {
    const header = { namespace: 'urn:x', local: 'To' };
    for (const text of [
      writeFault({ ...out('invalidAddressingHeader'), header }),
      writeFault({ ...out('invalidAddressingHeader'), addressing: addressingVersions['2004/08'], header: to }),
      writeFault({ ...out('invalidAddressingHeader'), addressing: undefined, header: to }),
      writeFault({ ...out('server'), header: to }),
    ])
      expect(text).not.toContain('ProblemHeaderQName');
  });

  test('is named where it was not understood, in SOAP 1.2 alone, and where it has a namespace', () => {
    const header = { namespace: 'urn:"&<', local: 'Licence' };
    const named = '<s:NotUnderstood qname="f:Licence" xmlns:f="urn:&quot;&amp;&lt;"/>';
    expect(writeFault({ ...out('mustUnderstand'), header })).toContain(`${named}</s:Header>`);
    const bare = writeFault({ ...out('mustUnderstand'), addressing: undefined, header });
    expect(bare).toContain(`<s:Header>${named}</s:Header>`);
    for (const text of [
      writeFault({ ...out('mustUnderstand', soapVersions['1.1']), header }),
      writeFault({ ...out('mustUnderstand'), header: { namespace: '', local: 'x' } }),
      writeFault({ ...out('failedCheck'), header }),
    ])
      expect(text).not.toContain('NotUnderstood');
  });
});

test('nothing but RelatesTo comes from the message, and that is escaped', () => {
  const text = writeFault({ ...out('failedCheck'), relatesTo: '</a:RelatesTo><x>&' });
  expect(text).toContain('&lt;/a:RelatesTo&gt;&lt;x&gt;&amp;</a:RelatesTo>');
  expect(writeFault({ ...out('failedCheck'), relatesTo: undefined })).not.toContain('RelatesTo');
  expect(writeFault(out('failedCheck'))).toBe(writeFault(out('failedCheck')));
});

test('the Fault alone stands on its own', () => {
  expect(readFault(scanText(faultContent(out('renewNeeded'))).root)?.subcode?.local).toBe('RenewNeeded');
});

describe.each(Object.values(soapVersions))('what a service says, in SOAP $name', soap => {
  const said = (namespace: string) => ({
    code: 'Sender' as const,
    subcodes: [{ namespace, local: 'OutOfStock' }],
    reason: 'a < b & c',
    detail: '<none/> left',
  });
  const read = (namespace: string) => readFault(scanText(writeFaultElement(soap, said(namespace))).root);

  test('is read as it was given, whatever its text', () => {
    const fault = read('urn:shop?a="1"&b');
    expect(fault?.reason).toBe('a < b & c');
    expect(fault?.detail?.children.map(entry => leafText(entry))).toEqual(['<none/> left']);
    expect(fault?.subcode ?? fault?.code).toEqual({ namespace: 'urn:shop?a="1"&b', local: 'OutOfStock' });
  });

  test('has a name in no namespace without a prefix', () => {
    const fault = read('');
    expect(fault?.subcode ?? fault?.code).toEqual({ namespace: '', local: 'OutOfStock' });
  });

  test('is a fault of its version', () => {
    const plain = { ...said(''), subcodes: [], detail: undefined };
    const fault = readFault(scanText(writeFaultElement(soap, plain)).root);
    expect(fault?.code).toEqual({ namespace: soap.namespace, local: expect.stringMatching(/^(Sender|Client)$/) });
    expect(fault?.detail).toBeUndefined();
  });
});

describe('reading', () => {
  test('prefixes in codes are resolved where they stand', () => {
    const fault =
      `<s:Fault xmlns:s="${ns.soap12}" xmlns:a="urn:outer"><s:Code>` +
      `<s:Value xmlns:a="${ns.soap12}"> a:Sender </s:Value><s:Subcode>` +
      '<s:Value>a:X</s:Value></s:Subcode></s:Code></s:Fault>';
    expect(readFault(scanText(fault).root)).toEqual({
      code: { namespace: ns.soap12, local: 'Sender' },
      subcode: { namespace: 'urn:outer', local: 'X' },
      reason: '',
      detail: undefined,
    });
  });

  test('what is no fault is none', () => {
    expect(readFault(scanText(`<s:Body xmlns:s="${ns.soap12}"/>`).root)).toBeUndefined();
    expect(readFault(scanText(`<s:Body xmlns:s="${ns.soap12}"><Fault/></s:Body>`).root)).toBeUndefined();
  });
});
