/** What a server that runs shows to a client who has sent no credentials yet. */
import { type CheckedPort, checkPorts } from '../../policy/check.ts';
import { whyNotFetched } from '../../policy/fetch-document.ts';
import { loadWsdl, openWsdl } from '../../policy/load-wsdl.ts';
import type { Wsdl } from '../../policy/wsdl.ts';
import { printable } from '../../printable.ts';
import { type Finding, findingsOf, well, wrong } from './finding.ts';
import { lookAt, type Seen } from './look.ts';
import { type LocalPorts, policyFindings } from './published-policy.ts';
import { answerFinding, readyFindings, serverClock, tlsFindings, unreachedFinding } from './seen.ts';

/** Addresses of one WSDL that are looked at. */
const maxAddresses = 32;

/** Which server is looked at, and what it is compared with. */
export interface ServerLook {
  /** Base address, or that of the WSDL. */
  readonly server: string;
  /** Trusted CA certificates (PEM); undefined: Node's own. */
  readonly ca: string | undefined;
  /** Whether a WSDL is taken over plain HTTP from another machine. */
  readonly allowHttp: boolean;
  readonly clockSkewMs: number;
  /** Undefined: there is nothing to compare its policies with. */
  readonly local: LocalPorts | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Whether clients reach a server and will trust it: its certificates, its clock, `/readyz`, its WSDL, each port that
 * the WSDL names, and whether the policies are those here. What is sent are GETs without credentials: of the WSDL and
 * what it imports within the limits of `loadWsdl`, of `/readyz` and at most 32 ports for 5 s each.
 */
export async function serverFindings(look: ServerLook): Promise<readonly Finding[]> {
  const { base, wsdl } = addressesOf(look.server);
  const ready = new URL(`${base}/readyz`);
  const seen = await lookAt(ready, { ...look, wantsBody: true }).catch((error: unknown) =>
    unreachedFinding(ready, error),
  );
  if ('level' in seen) return [seen];
  const own = [...shownFindings(ready, seen, look), ...readyFindings(ready, seen)];
  let published: Wsdl | undefined;
  const read = await findingsOf('wsdl', wsdlTodo, async () => {
    published = openWsdl(await loadWsdl(wsdl, { allowHttp: look.allowHttp, ...(look.ca ? { ca: look.ca } : {}) }));
    return [well('wsdl', `${wsdl} names ${portsText(published)}`)];
  });
  if (published === undefined) return [...own, ...read];
  const ports = await portFindings(checkPorts(published), new URL(wsdl), look);
  return [...own, ...read, ...ports, ...policyFindings(published, look.local)];
}

const wsdlTodo = 'see whether the WSDL is there; plain http from another machine needs --allow-http-wsdl';

/** `base` has no slash at its end. */
function addressesOf(server: string): { readonly base: string; readonly wsdl: string } {
  const { origin, pathname, search } = new URL(server);
  const base = `${origin}${pathname.replace(/\/$/, '')}`;
  return { base, wsdl: search === '' ? `${base}/?wsdl` : `${origin}${pathname}${search}` };
}

function portsText({ ports }: Wsdl): string {
  return printable(ports.map(({ name }) => name).join(', '), 512);
}

/** Certificates and clock of whatever answered. */
function shownFindings({ host }: URL, { tls, aheadMs }: Seen, { clockSkewMs, clock }: ServerLook): readonly Finding[] {
  return [
    ...(tls === undefined ? [] : tlsFindings(host, tls, clock())),
    ...(aheadMs === undefined ? [] : [serverClock(`the clock of ${host}`, aheadMs, clockSkewMs)]),
  ];
}

/** Each address is asked once, and each host and TCP port tells of its certificates and clock once. */
export async function portFindings(
  ports: readonly CheckedPort[],
  wsdl: URL,
  look: ServerLook,
): Promise<readonly Finding[]> {
  const addresses = [...new Set(ports.flatMap(({ usable }) => usable?.plans[0].address ?? []))];
  const told = new Set([wsdl.origin]);
  const found = await Promise.all(
    addresses.slice(0, maxAddresses).map(address => {
      const origin = URL.canParse(address) ? new URL(address).origin : address;
      const isNew = !told.has(origin);
      told.add(origin);
      return addressFindings(address, { wsdl, isNew }, look);
    }),
  );
  const left = addresses.length - maxAddresses;
  const rest = `${left} more addresses of ports were not looked at`;
  return [
    ...ports.flatMap(unusableFindings),
    ...found.flat(),
    ...(left > 0 ? [wrong('ports', 'warning', rest, `look at their own WSDLs, such as ${wsdl.origin}/PORT?wsdl`)] : []),
  ];
}

function unusableFindings({ port, usable, problems: [first] }: CheckedPort): readonly Finding[] {
  if (usable !== undefined || first === undefined) return [];
  return [wrong('ports', 'warning', printable(`port ${port}: ${first.says}`, 1_024), first.todo)];
}

/** A WSDL of somebody else's must not send who looks to machines that are hidden from others. */
async function addressFindings(
  address: string,
  { wsdl, isNew }: { readonly wsdl: URL; readonly isNew: boolean },
  look: ServerLook,
): Promise<readonly Finding[]> {
  const named = printable(address, 256);
  const reason = URL.canParse(address)
    ? whyNotFetched(new URL(address), wsdl, { allowHttp: true })
    : 'it is no address';
  if (reason !== undefined) return [wrong('ports', 'error', `${named} is not looked at: ${reason}`, addressTodo)];
  const at = new URL(address);
  if (at.search === '') at.search = '?wsdl';
  const seen = await lookAt(at, look).catch((error: unknown) => unreachedFinding(at, error));
  if ('level' in seen) return [seen];
  return [...(isNew ? shownFindings(at, seen, look) : []), answerFinding(named, seen)];
}

const addressTodo = 'have the server publish the address that clients reach it at (publicAddress)';
