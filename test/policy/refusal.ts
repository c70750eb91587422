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
