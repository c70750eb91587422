/** What was seen of a server, in words, and what to do about it. */
import type { X509Certificate } from 'node:crypto';
import { NetworkError } from '../../client/network-error.ts';
import { printable } from '../../printable.ts';
import { validity } from './certificates.ts';
import { clockFinding } from './clock.ts';
import { type Finding, well, wrong } from './finding.ts';
import { lookLimits, type Seen, type ShownTls } from './look.ts';

/** A Date has whole seconds, and an answer is on its way for a while. */
const roundedMs = 2_000;

/** Nothing answered. */
export function unreachedFinding(at: URL, cause: unknown): Finding {
  const { name } = cause as Error;
  if (name === 'AbortError' || name === 'TimeoutError')
    return wrong('server', 'error', `${at.origin}: no answer within ${lookLimits.ms / 1_000} s`, hangs);
  const { message, hint = hangs } = new NetworkError(at.origin, cause as NodeJS.ErrnoException, true);
  return wrong('server', 'error', printable(message, 1_024), hint);
}

const hangs = 'see whether the service runs, and what stands between';

/** Whether a client trusts the certificates that a server shows, and for how long it will. */
export function tlsFindings(host: string, { problem, chain }: ShownTls, nowMs: number): readonly Finding[] {
  const findings = chain.map(certificate => validity(`${nameOf(certificate)}, shown by ${host},`, certificate, nowMs));
  // An authority of the host's own trust is not the server's to renew, unless it has ended.
  const own = findings.filter(({ level }, index) => index === 0 || level !== 'ok');
  if (problem === undefined) return [...own, well('certificates', `${host} is trusted: ${chainText(chain, '')}`)];
  // Where dates are what is wrong, what was said of them is enough.
  if (own.some(({ level }) => level === 'error')) return own;
  const { message, hint } = new NetworkError(host, Object.assign(new Error(problem), { code: problem }), false);
  const says = `${message}; it shows ${chainText(chain, ' (not shown)')}`;
  return [...own, wrong('certificates', 'error', says, todos[problem] ?? hint ?? hangs)];
}

const unknownIssuer =
  'give the CA with --ca; where clients have it, let the service send the certificates up to that CA with its own';

const todos: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
};

/** From its own certificate upwards. @param ofLast what is said of an issuer whose certificate is not among them */
function chainText(chain: readonly X509Certificate[], ofLast: string): string {
  const last = chain.at(-1);
  const top = last === undefined || last.issuer === last.subject ? [] : [`${oneLine(last.issuer)}${ofLast}`];
  return [...chain.map(nameOf), ...top].join(' ← ');
}

function nameOf({ subject }: X509Certificate): string {
  return subject === undefined ? 'a certificate without a name' : oneLine(subject);
}

function oneLine(name: string): string {
  return printable(name.replaceAll('\n', ', '), 256);
}

/** How far a clock is ahead of the one here. */
export function serverClock(whose: string, aheadMs: number, clockSkewMs: number): Finding {
  const apartMs = Math.abs(aheadMs);
  if (apartMs <= roundedMs) return well('clock', `${whose} agrees with the one here to ${roundedMs / 1_000} s`);
  const says = `${whose} is ${Math.round(apartMs / 1_000)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the one here`;
  return clockFinding(aheadMs, clockSkewMs, { says, saysTooMuch: `${says}: messages are refused`, todo: clockTodo });
}

const clockTodo = 'set the one that is wrong, and keep both by NTP';

/** What `/readyz` says; a service that has none, or whose balancer hides it, may be as well as any. */
export function readyFindings({ href }: URL, { status, body }: Seen): readonly Finding[] {
  const told = readinessIn(body);
  if (told === undefined) return [well('ready', `${href} says nothing (HTTP ${status})`)];
  const reasons = told.reasons.length === 0 ? '' : `: ${told.reasons.join(', ')}`;
  if (!told.ready) return [wrong('ready', 'error', `the node is not ready${reasons}`, reasonsTodo)];
  if (reasons === '') return [well('ready', `${href}: the node is ready`)];
  return [wrong('ready', 'warning', `the node is ready, but${reasons}`, reasonsTodo)];
}

const reasonsTodo = 'docs/health.md says what to do about each of these';

function readinessIn(body: string): { readonly ready: boolean; readonly reasons: readonly string[] } | undefined {
  try {
    const { ready, reasons } = JSON.parse(body);
    if (typeof ready !== 'boolean' || !Array.isArray(reasons)) return undefined;
    return { ready, reasons: reasons.slice(0, 16).map(reason => printable(String(reason), 64)) };
  } catch {
    return undefined;
  }
}

/** Whether what answers at a port's address may be the service. */
export function answerFinding(address: string, { status }: Seen): Finding {
  const says = `${address} answers with HTTP ${status}`;
  if (status >= 500) return wrong('ports', 'error', says, 'see whether the service runs behind what answers');
  if (status === 404) return wrong('ports', 'error', says, 'see whether the path is the one that the service has');
  if (status >= 300 && status < 400) return wrong('ports', 'warning', says, 'publish the address where it leads to');
  return well('ports', `${address} answers`);
}
