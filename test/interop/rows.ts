import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** One case of test/interop/rows.json: a port of the ping service, and who serves and who calls it. */
export interface Row {
  readonly port: string;
  /** What this package is. */
  readonly ours: 'server' | 'client';
  readonly cxf: 'DOM' | 'streaming';
  /** Whether CXF's client sends an empty SOAPAction. */
  readonly noSoapAction?: boolean;
  /** Whether our side is told to accept names of both dialects in one message. */
  readonly mixedDialects?: boolean;
  /** Why it is expected to fail; absent: it must pass. */
  readonly fails?: string;
  /** What its error says then. */
  readonly says?: string;
}

/** All cases. */
export const allRows: readonly Row[] = JSON.parse(readFileSync(new URL('./rows.json', import.meta.url), 'utf8'));

/** Whether a port has no conversation: those of wsdl/plain-ping.wsdl. */
export function isPlain({ port }: Row): boolean {
  return port.startsWith('Plain');
}

/** The name of a case, by which it is chosen and reported. */
export function nameOf({ port, ours, cxf, noSoapAction, mixedDialects }: Row): string {
  const words = [
    ours === 'server' ? `CXF's client (${cxf}) at our` : `our client at CXF's (${cxf})`,
    port,
    noSoapAction && 'without SOAPAction',
    mixedDialects && 'with mixed dialects',
  ];
  return words.filter(Boolean).join(' ');
}

/**
 * The cases of a run: those whose name matches, else all, or a third of them that the content of src decides.
 * @param environment `INTEROP_ONLY`, `INTEROP_ALL`, and `INTEROP_SOURCE`
 */
export function chosenRows(rows: readonly Row[], environment: Readonly<Record<string, string | undefined>>): Row[] {
  const { INTEROP_ONLY: only, INTEROP_ALL: all, INTEROP_SOURCE: source = '' } = environment;
  if (only !== undefined) return rows.filter(row => new RegExp(only).test(nameOf(row)));
  if (all !== undefined) return [...rows];
  return rows.filter(
    row =>
      (createHash('sha256')
        .update(`${source} ${nameOf(row)}`)
        .digest()[0] ?? 0) %
        3 ===
      0,
  );
}
