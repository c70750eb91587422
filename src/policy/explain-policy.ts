import { type Describes, list, object, text } from '../fields.ts';
import { compileAlternatives } from './compile.ts';
import { explainAlternatives } from './explain.ts';
import { type LoadedWsdl, openWsdl, wsdlSource } from './load-wsdl.ts';
import type { QName } from './plan.ts';

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
}

/** Reads what is given of {@link ExplainPolicyOptions}. */
export const explainPolicyOptions = object({
  ports: { is: list(text), without: 'all', means: 'Names of the ports wanted.' },
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
  return compileAlternatives(read, settings).map(alternatives => {
    const { service, port, address, audience, transport } = alternatives.plans[0];
    return { service, port, address, audience, transport, text: explainAlternatives(alternatives) };
  });
}
