import { readFileSync } from 'node:fs';
import { parseWsdl, type Wsdl } from '../../src/policy/wsdl.ts';

export const echoFile = 'wsdl/echo.wsdl';

/** One change of the example's WSDL, made inside the text that starts with `within`. */
export interface Change {
  readonly within: string;
  readonly from: string | RegExp;
  readonly to: string;
}

/** The example's WSDL with changes, as text. Each change must find its place. */
export function echoText(...changes: readonly Change[]): string {
  return changes.reduce(
    (text, { within, from, to }) => {
      const start = text.indexOf(within);
      if (start < 0) throw new Error(`no ${within}`);
      const rest = text.slice(start).replace(from, () => to);
      if (rest === text.slice(start)) throw new Error(`no ${from} after ${within}`);
      return text.slice(0, start) + rest;
    },
    readFileSync(echoFile, 'utf8'),
  );
}

export function echoVariant(...changes: readonly Change[]): Wsdl {
  return parseWsdl({ name: 'variant.wsdl', text: echoText(...changes) });
}

/** Line of the first `marker` after `within`, from 1. */
export function lineOf(text: string, within: string, marker: string | RegExp): number {
  const start = text.indexOf(within);
  const rest = text.slice(start);
  const offset = typeof marker === 'string' ? rest.indexOf(marker) : rest.search(marker);
  if (offset < 0) throw new Error(`no ${marker}`);
  return text.slice(0, start + offset).split('\n').length;
}
