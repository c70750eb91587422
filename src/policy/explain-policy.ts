import { type Describes, list, object, text } from '../fields.ts';
import { compileAlternatives } from './compile.ts';
import { explainAlternatives } from './explain.ts';
import { type LoadedWsdl, openWsdl, wsdlSource } from './load-wsdl.ts';
import type { QName } from './plan.ts';
import { withUnprotectedPorts } from './unprotected.ts';

/** A WSDL port that a policy says how to protect. */
export interface PolicyPort {
  readonly service: QName;
  readonly port: string;
  /** Address in the WSDL. */
  readonly address: string;
  /** `{targetNamespace}Service/Port`: the logical service that a conversation is for. */
  readonly audience: string;
  /** `https` where the port may be reached over TLS only. */
  readonly transport: 'https' | 'http';
  /** Whether nothing protects it: it is one of `unprotectedPorts`. Absent: no. */
  readonly isUnprotected?: boolean;
}

/** A port with what its policy means, in words. */
export interface ExplainedPort extends PolicyPort {
  /** What `wssc policy explain` prints: each message, its tokens, and what is signed and encrypted. */
  readonly text: string;
}

/** Options of {@link explainPolicy}. */
export interface ExplainPolicyOptions {
  /** Names of the ports wanted. Default: all. A port that is not asked for may be one that is not implemented. */
  readonly ports?: readonly string[];
  /** Names of ports that may be without any security. Default: none. Others are refused without one. */
  readonly unprotectedPorts?: readonly string[];
}

/** Reads what is given of {@link ExplainPolicyOptions}. */
export const explainPolicyOptions = object({
  ports: { is: list(text), without: 'all', means: 'Names of the ports wanted.' },
  unprotectedPorts: { is: list(text), default: [], means: 'Names of ports that may be without any security.' },
} satisfies Describes<ExplainPolicyOptions>);

/**
 * Reads what the policies of a WSDL's ports mean, in the order of the WSDL.
 * @param wsdl a WSDL file, or what `loadWsdl` gave
 * @throws {SecureConversationError} `WSDL_INVALID`, `POLICY_INVALID` or `POLICY_UNSUPPORTED`: the message holds file,
 * line, name and port; `CONFIG_INVALID` for an option that can't be
 */
export function explainPolicy(wsdl: string | LoadedWsdl, options: ExplainPolicyOptions = {}): ExplainedPort[] {
  const settings = explainPolicyOptions.read(options, { of: 'explainPolicy', path: '' });
  const read = openWsdl(wsdlSource.read(wsdl, { of: 'explainPolicy', path: 'wsdl' }));
  return compileAlternatives(withUnprotectedPorts(read, settings.unprotectedPorts), settings).map(alternatives => {
    const { service, port, address, audience, transport, isUnprotected = false } = alternatives.plans[0];
    return { service, port, address, audience, transport, isUnprotected, text: explainAlternatives(alternatives) };
  });
}
