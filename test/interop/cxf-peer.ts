import { classPath } from './cxf-build.ts';
import type { WsdlPort } from './farm-process.ts';
import { type Program, startProgram } from './program.ts';

/** Options of the CXF client. */
export interface CxfClientOptions {
  readonly port: WsdlPort;
  readonly addresses: readonly string[];
  readonly user: string;
  readonly password: string;
  /** PEM files. */
  readonly ca: string;
  readonly serviceCertificate: string;
  /** CXF's streaming WS-Security instead of the one that builds a DOM. */
  readonly streaming?: boolean;
  /** Default `whoami`. */
  readonly operation?: 'whoami' | 'echo' | 'add';
}

/** One call as the CXF client saw it. */
export interface CxfCall {
  readonly address: string;
  readonly ok: boolean;
  /** Identifier of the security context token that the proxy holds. */
  readonly context: string | null;
  /** Answer of WhoAmI. */
  readonly user?: string;
  readonly contextId?: string;
  readonly node?: string;
  readonly openedFrom?: string;
  /** SOAP fault: names as `{namespace}local`. */
  readonly code?: string;
  readonly subcode?: string | null;
  readonly error?: string;
}

/** A CXF proxy in a process of its own, called one call at a time. */
export interface CxfClient {
  call(address: string): Promise<CxfCall>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts a CXF client that calls when told to. */
export function openCxfClient(options: CxfClientOptions): CxfClient {
  const program = startJava('EchoClient', [...clientWords(options), '--wait-for-line']);
  return {
    async call(address) {
      program.write(address);
      return JSON.parse(await program.line());
    },
    async close() {
      program.end();
      await program.ended;
    },
  };
}

/** One proxy makes `calls` calls, each to the next of the addresses. */
export async function runCxfClient(options: CxfClientOptions, calls: number): Promise<CxfCall[]> {
  const program = startJava('EchoClient', [...clientWords(options), '--calls', `${calls}`, '--switch', 'every:1']);
  const read: CxfCall[] = [];
  for (let i = 0; i < calls; i++) read.push(JSON.parse(await program.line()));
  await program.ended;
  return read;
}

/** Options of the CXF server; files are PEM. */
export interface CxfServerOptions {
  readonly user: string;
  readonly password: string;
  readonly service: { readonly certificate: string; readonly key: string };
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly streaming?: boolean;
}

/** A CXF server in a process of its own. */
export interface CxfServer {
  readonly addresses: Readonly<Record<WsdlPort, string>>;
  close(): Promise<void>;
}

/** Publishes the three ports of wsdl/echo.wsdl with CXF, on free TCP ports. */
export async function startCxfServer({
  user,
  password,
  service,
  tls,
  streaming,
}: CxfServerOptions): Promise<CxfServer> {
  const program = startJava('EchoServer', [
    ...['--user', user, '--password', password],
    ...['--service-certificate', service.certificate, '--service-key', service.key],
    ...['--tls-certificate', tls.certificate, '--tls-key', tls.key],
    ...(streaming ? ['--streaming'] : []),
  ]);
  return {
    addresses: JSON.parse(await program.line()),
    async close() {
      program.end();
      await program.ended;
    },
  };
}

function clientWords(options: CxfClientOptions): string[] {
  return [
    ...['--port', options.port, '--addresses', options.addresses.join(',')],
    ...['--user', options.user, '--password', options.password],
    ...['--ca', options.ca, '--service-certificate', options.serviceCertificate],
    ...['--operation', options.operation ?? 'whoami'],
    ...(options.streaming ? ['--streaming'] : []),
  ];
}

/** What the CXF peers of the ping service are told; files are PEM. */
export interface PingOptions {
  readonly ports: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly ca: string;
  readonly streaming?: boolean;
  /** Whether the ports have no conversation. */
  readonly plain?: boolean;
}

/** What a CXF client came to at one port of the ping service. */
export interface PingOutcome {
  readonly port: string;
  readonly ok: boolean;
  readonly error?: string;
}

/** One CXF client process calls each of the ports, through a proxy of its own. */
export async function runPingClient(
  options: PingOptions & {
    /** Base addresses. */
    readonly http: string;
    readonly https: string;
    readonly serviceCertificate: string;
    readonly client: { readonly certificate: string; readonly key: string };
    /** Sends an empty SOAPAction. */
    readonly noSoapAction?: boolean;
    /** File of another WSDL than the one that it was built with. */
    readonly wsdl?: string;
  },
): Promise<PingOutcome[]> {
  const { http, https, serviceCertificate, client, noSoapAction, wsdl } = options;
  const program = startJava('PingClient', [
    ...pingWords(options),
    ...['--http', http, '--https', https, '--service-certificate', serviceCertificate],
    ...['--client-certificate', client.certificate, '--client-key', client.key],
    ...(noSoapAction ? ['--no-soap-action'] : []),
    ...(wsdl === undefined ? [] : ['--wsdl', wsdl]),
  ]);
  const lines: PingOutcome[] = [];
  for (const _ of options.ports) lines.push(JSON.parse(await program.line()));
  await program.ended;
  return lines;
}

/** Publishes ports of the ping service with CXF, on free TCP ports. */
export async function startPingServer(
  options: PingOptions & Pick<CxfServerOptions, 'service' | 'tls'>,
): Promise<{ readonly http: string; readonly https: string; close(): Promise<void> }> {
  const { service, tls } = options;
  const program = startJava('PingServer', [
    ...pingWords(options),
    ...['--service-certificate', service.certificate, '--service-key', service.key],
    ...['--tls-certificate', tls.certificate, '--tls-key', tls.key],
  ]);
  const { http, https } = JSON.parse(await program.line());
  return {
    http,
    https,
    async close() {
      program.end();
      await program.ended;
    },
  };
}

/** What a CXF client understood at a port of shapes.wsdl, or why it did not. */
export interface ShapesOutcome {
  readonly port: string;
  readonly said?: string;
  /** Of a fault that the WSDL declares. */
  readonly refused?: string;
  readonly error?: string;
}

/** A CXF client calls each port of shapes.wsdl, Document once more for its fault. */
export async function runShapesClient(
  options: Readonly<Record<'https' | 'user' | 'password' | 'ca', string>>,
): Promise<ShapesOutcome[]> {
  const { https, user, password, ca } = options;
  const words = ['--https', https, '--user', user, '--password', password, '--ca', ca];
  const program = startJava('ShapesClient', words);
  const lines = [await program.line(), await program.line(), await program.line()];
  await program.ended;
  return lines.map(line => JSON.parse(line));
}

/** Publishes the ports of shapes.wsdl with CXF, on a free TCP port. */
export async function startShapesServer({ user, password, tls }: Pick<CxfServerOptions, 'user' | 'password' | 'tls'>) {
  const program = startJava('ShapesServer', [
    ...['--user', user, '--password', password],
    ...['--tls-certificate', tls.certificate, '--tls-key', tls.key],
  ]);
  const { https } = JSON.parse(await program.line()) as { readonly https: string };
  return {
    https,
    async close() {
      program.end();
      await program.ended;
    },
  };
}

function pingWords({ ports, user, password, ca, streaming, plain }: PingOptions): string[] {
  const words = ['--ports', ports.join(','), '--user', user, '--password', password, '--ca', ca];
  return [...words, ...(streaming ? ['--streaming'] : []), ...(plain ? ['--plain'] : [])];
}

/** Short-lived processes: the quick compiler alone saves more time than the other one's code would. */
function startJava(main: string, words: readonly string[]): Program {
  return startProgram('java', [
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-cp',
    classPath,
    `interop.${main}`,
    ...words,
  ]);
}
