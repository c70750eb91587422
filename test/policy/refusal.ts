import { expect } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { ns } from '../../src/names.ts';
import { planOf } from '../../src/policy/compile.ts';
import { type Change, echoText, echoVariant, lineOf } from './echo-variant.ts';

export const sp11 = `{${ns.sp11}}`;
export const sp12 = `{${ns.sp12}}`;
export const include = `sp:IncludeToken="${ns.sp11}/IncludeToken`;
export const messageParts = 'wsu:Id="EchoSymmetric_message_policy"';

/** A change of one port that must be refused with `code`, saying `says` at the line of `at`. */
export interface Row {
  readonly port: 'EchoTls11' | 'EchoTls13' | 'EchoSymmetric';
  /** Start of the text that is changed; default: the port's policy. */
  readonly within?: string;
  readonly from: string | RegExp;
  readonly to: string;
  readonly at: string | RegExp;
  readonly says: string;
}

/** An X509Token as an AsymmetricBinding may have it. */
export const x509 = (when: string, properties = '') =>
  `<sp:X509Token ${include}/${when}"><wsp:Policy>${properties}</wsp:Policy></sp:X509Token>`;

/** The binding of EchoSymmetric's BootstrapPolicy, with the client's token. */
export const bootstrapBinding =
  /<sp:SymmetricBinding>\s*<wsp:Policy>\s*<sp:ProtectionToken>\s*<wsp:Policy>\s*<sp:X509Token.*?<\/sp:SignedSup[^>]*>/s;

/** An AsymmetricBinding in its place; undefined tokens are left out. */
export function asymmetricBinding(change: {
  readonly initiator?: string | undefined;
  readonly recipient?: string | undefined;
  readonly properties?: string;
}): string {
  const { initiator, recipient, properties } = {
    initiator: x509('AlwaysToRecipient'),
    recipient: x509('Never'),
    properties: '',
    ...change,
  };
  const token = (name: string, text: string | undefined) =>
    text === undefined ? '' : `<sp:${name}><wsp:Policy>${text}</wsp:Policy></sp:${name}>`;
  return (
    `<sp:AsymmetricBinding><wsp:Policy>${token('InitiatorToken', initiator)}${token('RecipientToken', recipient)}` +
    '<sp:AlgorithmSuite><wsp:Policy><sp:Basic128/></wsp:Policy></sp:AlgorithmSuite>' +
    `<sp:IncludeTimestamp/>${properties}</wsp:Policy></sp:AsymmetricBinding>`
  );
}

const policyOf = (port: string): string => `wsu:Id="${port}_policy"`;

export function changeOf({ port, within = policyOf(port), from, to }: Row): Change {
  return { within, from, to };
}

export function expectRefusal(code: ErrorCode, row: Row): void {
  const change = changeOf(row);
  const line = lineOf(echoText(change), policyOf(row.port), row.at);
  const message = expect.stringContaining(`variant.wsdl:${line}: ${row.says}`);
  expect(() => planOf(echoVariant(change), row.port)).toThrow(expect.objectContaining({ code, message }));
}
